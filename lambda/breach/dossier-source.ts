import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import type { Permit } from '../access/guard';
import type { AuditEvent } from '../audit/event';
import type { Outbox } from '../audit/outbox';
import { Released } from '../audit/release';
import type { DossierFacts } from './dossier-facts';
import { type IncidentDesk, narrativeResource, resourceOf } from './incident-desk';
import type { Incident } from './incident-model';
import type { NarrativeItem } from './incident-store';
import { operationalLogs } from './operational-logs';
import { type ProvableLog, type Proven, proofsOf } from './proofs';
import { scopeQuery } from './scope';
import type { ScopeSource } from './scope-source';

export interface DossierSourceOptions {
  readonly desk: IncidentDesk;
  readonly outbox: Outbox;
  readonly scope: ScopeSource;
  readonly log: ProvableLog;
  /** the log of the stage that this one succeeds */
  readonly before?: ProvableLog;
  readonly logs: CloudWatchLogsClient;
  readonly logGroups: readonly string[];
}

const hourMilliseconds = 60 * 60 * 1000;

/** Gathers what a dossier is made of, from every store that has a part of it. */
export class DossierSource {
  constructor(private readonly options: DossierSourceOptions) {}

  /** @throws LogError when what the archive has does not hold together; ScopeIncomplete when it lacks an event */
  async gather(permit: Permit, incident: Incident): Promise<DossierFacts> {
    const { desk, logs, logGroups } = this.options;
    const [people, runs, documents, narratives] = await Promise.all([
      desk.store.people(incident.id),
      desk.store.runs(incident.id),
      desk.store.files(incident.id),
      desk.store.narratives(incident.id),
    ]);
    const [{ events, ...proofs }, said] = await Promise.all([
      this.#proven(incident, narratives, runs.at(-1)?.query),
      this.#said(permit, incident, narratives),
    ]);
    const [timeline = [], scope = []] = events;
    const { from, to } = around(incident, permit.access.now);
    return {
      incident,
      people,
      runs,
      documents,
      narratives: said,
      timeline,
      scope,
      ...proofs,
      logs: (await operationalLogs(logs, logGroups, from, to)) ?? [],
      madeAt: permit.access.now,
      madeBy: permit.actor.sub,
    };
  }

  async #proven(incident: Incident, narratives: readonly NarrativeItem[], query: unknown): Promise<Proven> {
    const { scope, log, before } = this.options;
    const [timeline, accesses] = await Promise.all([
      scope.about(incident.id, authorsOf(incident, narratives), incident.openedAt),
      query === undefined ? [] : scope.gather(scopeQuery.parse(query)).then(({ events }) => events),
    ]);
    return proofsOf([timeline, accesses], log, before);
  }

  async #said(
    permit: Permit,
    incident: Incident,
    narratives: readonly NarrativeItem[],
  ): Promise<DossierFacts['narratives']> {
    const { desk, outbox } = this.options;
    const opened = await Promise.all(narratives.map(async (item) => ({ item, sealed: await desk.open(item) })));
    const receipt = await outbox.record(
      ...permit.events({ status: 200, resources: [resourceOf(incident), ...narratives.map(narrativeResource)] }),
    );
    return opened.map(({ item: { id, kind, author, at }, sealed }) => ({
      id,
      kind,
      author,
      at,
      text: Released.release(sealed, receipt, permit.access.request.id).toJSON(),
    }));
  }
}

/** everybody who took a step: their part of the log has the incident's events */
function authorsOf(incident: Incident, narratives: readonly { readonly author: string }[]): string[] {
  const all = [
    incident.openedBy,
    incident.assessment?.by,
    incident.determination?.by,
    incident.releasedBy,
    incident.closedBy,
    ...incident.measures.map(({ by }) => by),
    ...incident.holds.map(({ by }) => by),
    ...Object.values(incident.proofs).map(({ by }) => by),
    ...narratives.map(({ author }) => author),
  ];
  return [...new Set(all.filter((sub): sub is NonNullable<AuditEvent['actor']>['sub'] => sub !== undefined))];
}

/** an hour before the breach began until it ended, or until now; 31 days at most */
function around(incident: Incident, now: Date): { readonly from: Date; readonly to: Date } {
  const from = new Date(`${incident.began ?? incident.discovered}T00:00:00.000Z`).getTime() - hourMilliseconds;
  const end = incident.ended ? Date.parse(`${incident.ended}T00:00:00.000Z`) + 25 * hourMilliseconds : now.getTime();
  return {
    from: new Date(Math.max(from, end - 31 * 24 * hourMilliseconds)),
    to: new Date(Math.min(end, now.getTime())),
  };
}
