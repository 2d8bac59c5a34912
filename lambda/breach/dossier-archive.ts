import type { DocumentsStore, Stored } from './documents-store';
import { dossierBlocks, dossierOf, encodeDossier } from './dossier';
import type { DossierFacts } from './dossier-facts';
import type { IncidentStore } from './incident-store';
import { renderPdf } from './pdf';

/** Archived dossiers of incidents, under Object Lock. 45 CFR 164.316(b)(2)(i), 164.414(b). */
export class DossierArchive {
  constructor(
    private readonly files: DocumentsStore,
    private readonly store: IncidentStore,
  ) {}

  /** Keeps a version of the dossier six years from now on, and with it as long whatever was kept of the incident before. */
  async keep(facts: DossierFacts, version: number): Promise<Stored> {
    const { incident, madeAt: now } = facts;
    const name = `incidents/${incident.id}/dossier/${version}`;
    const stored = await this.files.put(`${name}.json`, encodeDossier(dossierOf(facts)), 'application/json', now);
    await this.files.put(`${name}.pdf`, renderDossier(facts), 'application/pdf', now);
    for (const { key, objectVersion } of incident.dossiers) {
      await this.files.extend(key, objectVersion, now);
      await this.files.extend(key.replace(/\.json$/, '.pdf'), undefined, now);
    }
    const [kept, runs, people] = await Promise.all([
      this.store.files(incident.id),
      this.store.runs(incident.id),
      this.store.people(incident.id),
    ]);
    const letters = people.flatMap(({ document }) => (document ? [document] : []));
    await this.#extendAll([...kept, ...runs, ...letters], now);
    return stored;
  }

  async #extendAll(objects: readonly { readonly key: string }[], now: Date): Promise<void> {
    for (let first = 0; first < objects.length; first += inParallel)
      await Promise.all(
        objects.slice(first, first + inParallel).map(({ key }) => this.files.extend(key, undefined, now)),
      );
  }
}

const inParallel = 16;

export const renderDossier = (facts: DossierFacts): Buffer =>
  renderPdf([dossierBlocks(facts)], {
    title: `Dossier of incident ${facts.incident.id}`,
    at: facts.madeAt,
    footer: `${facts.incident.id}, made ${facts.madeAt.toISOString()}`,
  });
