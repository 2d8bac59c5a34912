import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { governanceKeys } from '../access/governance';
import type { Role } from '../authentication/actor';
import { consistentQuery } from '../records/consistent-queries';
import { ConsistentReads } from '../records/consistent-reads';
import { putVersion, type TransactItem } from '../records/transaction';
import type { ActorState, RoleBaseline } from './detect/model';

/** `state` is JSON: what it holds is the engine's affair, and it is replaced whole. */
const stored = z.object({ state: z.string(), version: z.int().positive() });
const storedState = z.custom<ActorState>(
  (value) => typeof value === 'object' && value !== null && 'v' in value && value.v === 1,
);
const storedBaseline = z.custom<RoleBaseline>(
  (value) => typeof value === 'object' && value !== null && 'v' in value && value.v === 1,
);
const baselineSeconds = 14 * 24 * 60 * 60;

export interface Remembered {
  readonly state: ActorState | undefined;
  /** 0: nothing is stored */
  readonly version: number;
}

/** What detection remembers of subjects and roles. A write holds only where nobody else wrote since the read. */
export class DetectionStates {
  constructor(
    private readonly documents: DynamoDBDocumentClient,
    private readonly table: string,
  ) {}

  async read(subject: string): Promise<Remembered> {
    const item = await ConsistentReads.of(this.documents).get(this.table, governanceKeys.detection(subject));
    if (!item) return { state: undefined, version: 0 };
    const { state, version } = stored.parse(item);
    // A state of another form is none: averages are learned anew.
    return { state: storedState.safeParse(JSON.parse(state)).data, version };
  }

  /**
   * @param dueAt when something of it has waited long enough for an explanation, UTC
   * @returns false when somebody else wrote meanwhile: read and decide again
   */
  async write(before: Remembered, state: ActorState, dueAt: string | undefined): Promise<boolean> {
    const { subject, role } = state;
    const ttl = Math.floor(Date.parse(state.expiresAt) / 1000);
    const due = governanceKeys.detectionDue(subject);
    const items: TransactItem[] = [
      putVersion(
        this.table,
        { ...governanceKeys.detection(subject), state: JSON.stringify(state), version: before.version + 1, ttl },
        before.version,
      ),
      dueAt === undefined
        ? { Delete: { TableName: this.table, Key: due } }
        : { Put: { TableName: this.table, Item: { ...due, dueAt, ttl } } },
      { Put: { TableName: this.table, Item: { ...governanceKeys.detectionSubject(subject), role, ttl } } },
    ];
    try {
      await this.documents.send(new TransactWriteCommand({ TransactItems: items }));
      return true;
    } catch (error) {
      if (error instanceof TransactionCanceledException && isContention(error)) return false;
      throw error;
    }
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

/** Somebody else was faster, or is at it in this moment. */
const isContention = ({ CancellationReasons = [] }: TransactionCanceledException): boolean =>
  CancellationReasons.some(({ Code }) => Code === 'ConditionalCheckFailed' || Code === 'TransactionConflict');
