import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Archives } from '../audit/archives';
import { type AuditEvent, auditEvent } from '../audit/event';
import { evidenceOf } from '../audit/evidence';
import { indexKeys } from '../audit/index-entry';
import { IndexReader } from '../audit/index-reader';
import { leafHash } from '../audit/lane';
import { OutboxReader, type StoredEvent } from '../audit/outbox-reader';
import { matches, type ScopeEvent, type ScopeQuery } from './scope';

/** Evidence is not where the index says: a scope with a hole in it is none. */
export class ScopeIncomplete extends Error {
  constructor(readonly missing: number) {
    super('the audit log lacks events that its index names');
    this.name = 'ScopeIncomplete';
  }
}

export interface Gathered {
  readonly events: readonly ScopeEvent[];
  readonly indexed: number;
  /** found in the outbox and not in the index yet */
  readonly unsealed: number;
}

const pageSize = 200;
const stretch = 200;
const hourMilliseconds = 60 * 60 * 1000;
/** The sealer's stream keeps a day; the reconciler closes what it left out. Twice that is looked at in the outbox itself. */
const unsealedHours = 48;
/** an instance of a function, and with it its lane, lives for hours */
const laneLifeHours = 24;
const inParallel = 8;

/**
 * Answers a scope's query from the audit log: the index over sealed events, each held against its line, and the outbox for
 * what is newer than the index.
 */
export class ScopeSource {
  readonly #index: IndexReader;
  readonly #outbox: OutboxReader;

  constructor(
    private readonly options: {
      readonly documents: DynamoDBDocumentClient;
      readonly indexTable: string;
      readonly auditTable: string;
      readonly archive: Pick<Archives, 'get'>;
      /** archive of the stage that this one succeeds, which the index must have */
      readonly before?: string | undefined;
      readonly clock: () => Date;
    },
  ) {
    this.#index = new IndexReader(options.documents, options.indexTable, options.before);
    this.#outbox = new OutboxReader(options.documents, options.auditTable);
  }

  /** @throws ScopeIncomplete */
  gather(query: ScopeQuery): Promise<Gathered> {
    return this.#all(query, (event) => matches(event, query));
  }

  /** @returns events that name the incident, by those who worked on it. @throws ScopeIncomplete */
  async about(incident: string, actors: readonly string[], from: string): Promise<readonly ScopeEvent[]> {
    const to = new Date(this.options.clock().getTime() + hourMilliseconds).toISOString();
    const named = (event: AuditEvent): boolean => event.resources.some(({ id }) => id === incident);
    return (await this.#all({ actors: [...actors], from, to }, named)).events;
  }

  async #all(query: ScopeQuery, wanted: (event: AuditEvent) => boolean): Promise<Gathered> {
    // The outbox first: what is sealed in between is then in both, and in neither never.
    const recent = await this.#recent(query, wanted);
    const sealed = (await Promise.all(query.actors.map((actor) => this.#sealed(actor, query, wanted)))).flat();
    const found = new Map(sealed.map((each) => [each.event.id, each]));
    const unsealed = recent.filter(({ event }) => !found.has(event.id));
    for (const each of unsealed) found.set(each.event.id, each);
    const events = [...found.values()].sort((a, b) => (a.event.at + a.event.id < b.event.at + b.event.id ? -1 : 1));
    return { events, indexed: sealed.length, unsealed: unsealed.length };
  }

  async #sealed(actor: string, query: ScopeQuery, wanted: (event: AuditEvent) => boolean): Promise<ScopeEvent[]> {
    const events: ScopeEvent[] = [];
    let after: string | undefined;
    do {
      const page = await this.#index.page(
        { partition: indexKeys.actor(actor), from: query.from, to: query.to, ...(after && { after }) },
        pageSize,
      );
      const found = await evidenceOf(page.entries, {
        segment: (key) => this.options.archive.get(key),
        outbox: async (lane, seq) => (await this.#outbox.events(lane, seq, seq))[0]?.line,
      });
      const missing = found.filter(({ evidence }) => evidence === 'missing').length;
      if (missing > 0) throw new ScopeIncomplete(missing);
      for (const each of found) {
        if (each.evidence === 'missing' || !wanted(each.event)) continue;
        const segment = each.evidence === 'sealed' ? { segment: each.entry.segment } : {};
        events.push({ event: each.event, hash: each.entry.hash, ...segment });
      }
      after = page.next;
    } while (after !== undefined);
    return events;
  }

  async #recent(query: ScopeQuery, wanted: (event: AuditEvent) => boolean): Promise<ScopeEvent[]> {
    const since = new Date(
      Math.max(Date.parse(query.from), this.options.clock().getTime() - unsealedHours * hourMilliseconds),
    );
    if (query.to <= since.toISOString()) return [];
    const opened = new Date(since.getTime() - laneLifeHours * hourMilliseconds);
    const heads = await this.#outbox.heads(await this.#outbox.registeredSince(opened));
    const found: ScopeEvent[] = [];
    for (let first = 0; first < heads.length; first += inParallel) {
      const lanes = heads.slice(first, first + inParallel).map(({ lane, seq }) => this.#lane(lane, seq, since, wanted));
      found.push(...(await Promise.all(lanes)).flat());
    }
    return found;
  }

  /** Reads a lane backwards until before `since`. */
  async #lane(lane: string, head: number, since: Date, wanted: (event: AuditEvent) => boolean): Promise<ScopeEvent[]> {
    const found: ScopeEvent[] = [];
    for (let to = head; to > 0; to -= stretch) {
      const events = (await this.#outbox.events(lane, Math.max(1, to - stretch + 1), to)).map(parsed);
      found.push(...events.filter(({ event }) => wanted(event)));
      const oldest = events[0]?.event.at;
      if (oldest === undefined || oldest < since.toISOString()) break;
    }
    return found;
  }
}

function parsed({ line }: StoredEvent): ScopeEvent {
  return { event: auditEvent.parse(JSON.parse(line)), hash: leafHash(line) };
}
