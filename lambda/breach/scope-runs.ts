import { v7 } from 'uuid';
import type { Permit } from '../access/guard';
import type { Runtime } from '../http/runtime';
import { Writes } from '../records/transaction';
import type { DocumentsStore } from './documents-store';
import { resourceOf } from './incident-desk';
import type { Incident } from './incident-model';
import type { IncidentStore, Run } from './incident-store';
import { digestOf, evidenceList, type ScopeQuery } from './scope';
import type { Gathered } from './scope-source';

/** Keeps what was asked of the audit log and what it answered, so that a scope can be computed again and compared. */
export class ScopeRuns {
  constructor(
    private readonly runtime: Runtime,
    private readonly store: IncidentStore,
    private readonly files: DocumentsStore,
  ) {}

  /** The events that the scope stands on, kept as they were found. */
  async keep(permit: Permit, incident: Incident, query: ScopeQuery, gathered: Gathered): Promise<Run> {
    const { now } = permit.access;
    const { events, indexed, unsealed } = gathered;
    const id = v7();
    const list = Buffer.from(JSON.stringify({ query, events: evidenceList(events) }, null, 1));
    const { key } = await this.files.put(`incidents/${incident.id}/scope/${id}.json`, list, 'application/json', now);
    const run: Run = {
      id,
      query,
      by: permit.actor.sub,
      at: now.toISOString(),
      events: events.length,
      people: new Set(events.map(({ event }) => event.patient)).size,
      digest: digestOf(events),
      indexed,
      unsealed,
      key,
    };
    const writes = new Writes<'run'>().add('run', this.store.addRun(incident.id, run));
    const event = permit.event({ status: 200, reason: 'run', resources: [resourceOf(incident)] });
    await this.runtime.store(permit, event, writes, () => 'conflict');
    return run;
  }
}
