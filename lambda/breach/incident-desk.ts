import type { KMSClient } from '@aws-sdk/client-kms';
import { v7 } from 'uuid';
import * as z from 'zod';
import type { Permit } from '../access/guard';
import type { EventResource } from '../audit/event';
import type { Receipt } from '../audit/outbox';
import { Released } from '../audit/release';
import { Narratives } from '../encryption/narratives';
import type { Sealed } from '../encryption/sealed';
import type { NarrativesEnvironment } from '../environment';
import { type Answer, check, type Exchange } from '../http/chain';
import { documents } from '../http/clients';
import { entityTag } from '../http/conditions';
import { problemOf } from '../http/problem-of';
import type { Runtime } from '../http/runtime';
import { Writes } from '../records/transaction';
import { BreachError } from './breach-error';
import { type Author, advance, type Step } from './incident';
import type { Incident } from './incident-model';
import { IncidentStore, type NarrativeItem } from './incident-store';

export const ofIncident = z.object({ incidentId: z.uuid() });
type Names = 'incident' | 'narrative' | 'other';

/** What every function around an incident does in the same way: read it, take a step, keep the words about it. */
export class IncidentDesk {
  readonly store: IncidentStore;
  readonly narratives: Narratives;

  constructor(
    private readonly runtime: Runtime,
    environment: Pick<NarrativesEnvironment, 'GOVERNANCE_TABLE' | 'PATIENT_KEY' | 'ORGANIZATION'>,
    kms: KMSClient,
  ) {
    this.store = new IncidentStore(documents, environment.GOVERNANCE_TABLE);
    this.narratives = new Narratives({
      kms,
      keyId: environment.PATIENT_KEY,
      organization: environment.ORGANIZATION,
      clock: runtime.clock,
    });
  }

  /** @returns the permit and the incident. @throws Problem not-found, recorded */
  async at(
    exchange: Exchange,
    subject: Parameters<Runtime['guard']['permit']>[1] = {},
  ): Promise<{ permit: Permit; incident: Incident }> {
    const { incidentId } = check(ofIncident, exchange.parameters);
    const [permit, incident] = await Promise.all([
      this.runtime.guard.permit(exchange.access, subject),
      this.store.read(incidentId),
    ]);
    if (!incident) return this.runtime.refuse(permit, 'not-found');
    return { permit, incident };
  }

  /** @returns the incident after the step. @throws Problem incident-state or invalid-input, recorded */
  async take(permit: Permit, incident: Incident, step: Step): Promise<Incident> {
    return this.judged(permit, incident, () => advance(incident, step, authorOf(permit)));
  }

  /** Runs what may find that something is wrong with the incident or the request, and records when it does. */
  async judged<Made>(permit: Permit, incident: Incident | undefined, make: () => Made): Promise<Made> {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof BreachError)) throw error;
      const resources = incident ? [resourceOf(incident)] : [];
      const problem = problemOf(error);
      const { status } = problem;
      await this.runtime.outbox.record(permit.event({ status, outcome: 'error', reason: error.code, resources }));
      throw this.runtime.told(problem);
    }
  }

  /** @returns words sealed under a key of their own */
  async seal(permit: Permit, kind: NarrativeItem['kind'], text: string): Promise<NarrativeItem> {
    const id = v7();
    const sealed = await this.narratives.seal({ patient: '', type: 'incident', id }, text);
    return { id, kind, author: permit.actor.sub, at: permit.access.now.toISOString(), sealed };
  }

  /** Stores the next version of an incident with its words and its event, or nothing. */
  async keep(
    permit: Permit,
    before: Incident,
    after: Incident,
    more: {
      readonly reason?: string;
      readonly narratives?: readonly NarrativeItem[];
      readonly writes?: Writes<Names | string>;
      readonly resources?: readonly EventResource[];
      readonly status?: number;
    } = {},
  ): Promise<Receipt> {
    const writes = new Writes<Names>()
      .add('incident', this.store.replace(before, after))
      .add('narrative', ...(more.narratives ?? []).map((item) => this.store.addNarrative(after.id, item)))
      .add('other', ...(more.writes?.items ?? []));
    const event = permit.event({
      status: more.status ?? 200,
      ...(more.reason && { reason: more.reason }),
      resources: [resourceOf(after), ...(more.narratives ?? []).map(narrativeResource), ...(more.resources ?? [])],
    });
    return this.runtime.store(permit, event, writes, () => 'conflict');
  }

  /** @returns the newest words of a kind, unread; the receipt of their event opens them */
  async newest(narratives: readonly NarrativeItem[], kind: NarrativeItem['kind']): Promise<Sealed<string> | undefined> {
    const found = narratives.findLast((item) => item.kind === kind);
    return found && this.open(found);
  }

  open({ id, sealed }: NarrativeItem): Promise<Sealed<string>> {
    return this.narratives.open({ patient: '', type: 'incident', id }, sealed);
  }

  /** @returns every word about the incident beside its facts, once that they were read is on record */
  async answer(permit: Permit, incident: Incident, facts: Parameters<typeof Released.object>[0]): Promise<Answer> {
    const narratives = await this.store.narratives(incident.id);
    const opened = await Promise.all(narratives.map((item) => this.open(item)));
    const receipt = await this.runtime.outbox.record(
      ...permit.events({ status: 200, resources: [resourceOf(incident), ...narratives.map(narrativeResource)] }),
    );
    const texts = opened.map((sealed, index) => {
      const { id, kind, author, at } = narratives[index] as NarrativeItem;
      const text = Released.release(sealed, receipt, permit.access.request.id);
      return Released.object({ id, kind, author, at }, { text }, receipt);
    });
    const body = Released.object(facts, { narratives: Released.list(texts, receipt) }, receipt);
    return { status: 200, headers: entityTag(incident.version), body };
  }
}

export const authorOf = ({ actor, access }: Permit): Author => ({ by: actor.sub, at: access.now });

export const resourceOf = ({ id, version }: Pick<Incident, 'id' | 'version'>): EventResource => ({
  id,
  type: 'incident',
  version,
});
export const narrativeResource = ({ id }: Pick<NarrativeItem, 'id'>): EventResource => ({
  id,
  type: 'incident',
  version: 1,
});
