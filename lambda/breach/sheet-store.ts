import type { Permit } from '../access/guard';
import type { Runtime } from '../http/runtime';
import { Writes } from '../records/transaction';
import type { DocumentsStore } from './documents-store';
import { resourceOf } from './incident-desk';
import type { Incident } from './incident-model';
import type { IncidentStore } from './incident-store';
import type { Sheet } from './notice-sheets';

/** Keeps the documents of an incident that are not one person's letter, and counts their versions. */
export class SheetStore {
  constructor(
    private readonly runtime: Runtime,
    private readonly store: IncidentStore,
    private readonly files: DocumentsStore,
  ) {}

  async keep(permit: Permit, incident: Incident, sheets: readonly Sheet[]): Promise<void> {
    if (sheets.length === 0) return;
    const { now } = permit.access;
    const before = new Map((await this.store.files(incident.id)).map((file) => [file.name, file]));
    const writes = new Writes<'document'>();
    for (const { name, media, bytes } of sheets) {
      const { key, sha256 } = await this.files.put(`incidents/${incident.id}/notices/${name}`, bytes, media, now);
      const version = (before.get(name)?.version ?? 0) + 1;
      const item = { name, media, key, sha256, at: now.toISOString(), version };
      writes.add('document', this.store.putFile(incident.id, item));
    }
    const event = permit.event({ status: 200, reason: 'documents', resources: [resourceOf(incident)] });
    await this.runtime.store(permit, event, writes, () => 'conflict');
  }
}
