import { setTimeout as pause } from 'node:timers/promises';
import {
  ConditionalCheckFailedException,
  TransactionCanceledException,
  TransactionConflictException,
} from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, PutCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { governanceKeys } from '../access/governance';
import type { Role } from '../authentication/actor';
import { consistentQuery } from '../records/consistent-queries';
import { ConsistentReads } from '../records/consistent-reads';
import { putVersion, type TransactItem } from '../records/transaction';
import type { ActorState, RoleBaseline } from './detect/model';
import { apart, pack, together, unpack } from './stored-state';

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array);
/** `state` is packed, or JSON where an older version wrote it: what it holds is the engine's affair. */
const stored = z.object({
  state: z.union([bytes, z.string()]),
  version: z.int().positive(),
  /** version of the item with its earlier days that belongs to it; absent: it has none, whatever lies there */
  earlier: z.int().positive().optional(),
  /** as the list of what waits has it; absent: nothing waits */
  dueAt: z.string().optional(),
  /** the day until which the list of subjects has it; absent: an older version wrote it, and nobody knows */
  listedUntil: z.iso.date().optional(),
});
const storedDays = z.object({ days: bytes, version: z.int().positive() });
const storedState = z.custom<ActorState>(
  (value) => typeof value === 'object' && value !== null && 'v' in value && value.v === 1,
);
const storedBaseline = z.custom<RoleBaseline>(
  (value) => typeof value === 'object' && value !== null && 'v' in value && value.v === 1,
);
const daySeconds = 24 * 60 * 60;
const baselineSeconds = 14 * daySeconds;
const listedSeconds = 2 * daySeconds;
/** Earlier days go after the state that names them: DynamoDB deletes within days, in any order. */
const outlivingSeconds = 30 * daySeconds;
const attempts = 4;
const pauseMilliseconds = 50;
const noDays = '{}';

export interface Remembered {
  readonly state: ActorState | undefined;
  /** 0: nothing is stored */
  readonly version: number;
  /** what the lists say of it; absent: not known */
  readonly listed?: { readonly dueAt: string | undefined; readonly role: Role | null; readonly until: string };
  /** its earlier days, as JSON, and the version that they were stored with; absent: none are stored */
  readonly earlier?: { readonly days: string; readonly version: number };
}

/** What detection remembers of subjects and roles. A write holds only where nobody else wrote since the read. */
export class DetectionStates {
  constructor(
    private readonly documents: DynamoDBDocumentClient,
    private readonly table: string,
  ) {}

  /**
   * A state and its earlier days are read again where a write came between. Those that never belong together, as a table that
   * was put back in parts may have them, are lost, and the next write says so: a person who is never looked at again is worse.
   */
  async read(subject: string): Promise<Remembered> {
    const reads = ConsistentReads.of(this.documents);
    for (let attempt = 1; ; attempt++) {
      const [item, found] = await Promise.all([
        reads.get(this.table, governanceKeys.detection(subject)),
        reads.get(this.table, governanceKeys.detectionEarlier(subject)),
      ]);
      if (!item) return { state: undefined, version: 0 };
      const head = stored.parse(item);
      const earlier = found && storedDays.parse(found);
      if (head.earlier !== undefined && earlier?.version === head.earlier) return remembered(head, earlier);
      if (head.earlier === undefined || attempt === attempts) return remembered(head, undefined);
      await pause(pauseMilliseconds);
    }
  }

  /**
   * The earlier days and the lists are written where they change alone, with the state in one transaction. Most events
   * change none of them, and a transaction costs twice what a single write does.
   * @param dueAt when something of it has waited long enough for an explanation, UTC
   * @returns false when somebody else wrote meanwhile: read and decide again
   */
  async write(before: Remembered, state: ActorState, dueAt: string | undefined): Promise<boolean> {
    const { subject, role } = state;
    const ttl = Math.floor(Date.parse(state.expiresAt) / 1000);
    const { listed } = before;
    const until = state.expiresAt.slice(0, 10);
    const version = before.version + 1;
    const { current, earlier } = apart(state);
    const days = JSON.stringify(earlier);
    const same = days === (before.earlier?.days ?? noDays);
    const named = days === noDays ? undefined : same ? before.earlier?.version : version;
    const item = { state: pack(JSON.stringify(current)), version, earlier: named, dueAt, listedUntil: until, ttl };
    const items = [putVersion(this.table, { ...governanceKeys.detection(subject), ...item }, before.version)];
    if (named === version) items.push(this.#keeps(subject, { days: pack(days), version, ttl }));
    if (!listed || listed.dueAt !== dueAt) items.push(this.#waits(subject, dueAt, ttl));
    if (!listed || listed.role !== role || listed.until !== until) items.push(this.#lists(subject, role, until));
    try {
      const [only] = items.length === 1 ? items : [];
      if (only?.Put) await this.documents.send(new PutCommand(only.Put));
      else await this.documents.send(new TransactWriteCommand({ TransactItems: items }));
      return true;
    } catch (error) {
      if (isContention(error)) return false;
      throw error;
    }
  }

  /** The state's own condition holds for both. */
  #keeps(subject: string, { days, version, ttl }: { days: Uint8Array; version: number; ttl: number }): TransactItem {
    const Item = { ...governanceKeys.detectionEarlier(subject), days, version, ttl: ttl + outlivingSeconds };
    return { Put: { TableName: this.table, Item } };
  }

  #waits(subject: string, dueAt: string | undefined, ttl: number): TransactItem {
    const key = governanceKeys.detectionDue(subject);
    return dueAt === undefined
      ? { Delete: { TableName: this.table, Key: key } }
      : { Put: { TableName: this.table, Item: { ...key, dueAt, ttl } } };
  }

  /** It outlives the state by a day or two. */
  #lists(subject: string, role: Role | null, until: string): TransactItem {
    const ttl = Math.floor(Date.parse(until) / 1000) + listedSeconds;
    return { Put: { TableName: this.table, Item: { ...governanceKeys.detectionSubject(subject), role, ttl } } };
  }

  /** @returns subjects of whom something has waited long enough at that time, UTC */
  async dueSubjects(now: string): Promise<string[]> {
    const items = await this.#all(governanceKeys.detectionDue('').PK);
    return items.flatMap((item) => {
      const { SK, dueAt } = z.object({ SK: z.string(), dueAt: z.string() }).parse(item);
      return dueAt <= now ? [SK] : [];
    });
  }

  /** @returns everybody who is remembered */
  async subjects(): Promise<string[]> {
    return (await this.#all(governanceKeys.detectionSubject('').PK)).map(({ SK }) => String(SK));
  }

  async baseline(role: Role): Promise<(RoleBaseline & { readonly madeAt: string }) | undefined> {
    const item = await ConsistentReads.of(this.documents).get(this.table, governanceKeys.detectionBaseline(role));
    if (!item) return undefined;
    const { state, madeAt } = z.object({ state: z.string(), madeAt: z.string() }).parse(item);
    const parsed = storedBaseline.safeParse(JSON.parse(state)).data;
    return parsed && { ...parsed, madeAt };
  }

  /** @returns the write of a role's averages */
  putBaseline(baseline: RoleBaseline, now: Date): TransactItem {
    const ttl = Math.floor(now.getTime() / 1000) + baselineSeconds;
    const key = governanceKeys.detectionBaseline(baseline.role);
    return {
      Put: { TableName: this.table, Item: { ...key, state: JSON.stringify(baseline), madeAt: now.toISOString(), ttl } },
    };
  }

  #all(PK: string): Promise<Record<string, unknown>[]> {
    return consistentQuery(this.documents, { table: this.table, PK });
  }
}

function remembered(head: z.infer<typeof stored>, earlier: z.infer<typeof storedDays> | undefined): Remembered {
  const { version, dueAt, listedUntil: until } = head;
  const json = typeof head.state === 'string' ? head.state : unpack(head.state);
  // A state of another form is none: averages are learned anew.
  const current = storedState.safeParse(JSON.parse(json)).data;
  if (!current) return { state: undefined, version };
  const listed = until === undefined ? {} : { listed: { dueAt, role: current.role, until } };
  if (!earlier) return { state: current, version, ...listed };
  const days = unpack(earlier.days);
  return {
    state: together(current, JSON.parse(days)),
    version,
    ...listed,
    earlier: { days, version: earlier.version },
  };
}

/** Somebody else was faster, or is at it in this moment. */
function isContention(error: unknown): boolean {
  if (error instanceof ConditionalCheckFailedException || error instanceof TransactionConflictException) return true;
  if (!(error instanceof TransactionCanceledException)) return false;
  const codes = (error.CancellationReasons ?? []).map(({ Code }) => Code);
  return codes.includes('ConditionalCheckFailed') || codes.includes('TransactionConflict');
}
