import {
  type TransactionCanceledException as Cancelled,
  ConditionalCheckFailedException,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, PutCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { v4, v7 } from 'uuid';
import type { TransactItem } from '../records/transaction';
import { AuditError } from './audit-error';
import type { EventDraft } from './event';
import { appendEvent, type LaneEvent, type LaneHead, laneStart } from './lane';
import { Receipt } from './receipt';

export type { Receipt } from './receipt';

/** A stream keeps a day and the reconciler looks back further: the outbox keeps events this long. */
const retentionSeconds = 180 * 24 * 60 * 60;
/** DynamoDB's bound on a transaction, less the lane's own registration. */
const transactionItems = 99;
const attempts = 4;
/** The checkpointer retires a lane that was idle for a day: an instance that slept half as long opens another. */
const idleMilliseconds = 12 * 60 * 60 * 1000;

export interface OutboxOptions {
  readonly documents: DynamoDBDocumentClient;
  readonly table: string;
  /** `ward/<organization>/<stage>` */
  readonly origin: string;
  /** which function's instance writes this lane */
  readonly functionName: string;
  readonly clock: () => Date;
}

/**
 * The lane of this function instance: appends are serialized here, so that order is fixed before PHI leaves.
 * 45 CFR 164.312(b). A lane whose newest append is in doubt is never written again: the next event opens another.
 */
export class Outbox {
  #head: LaneHead | undefined;
  #registered = false;
  #appendedAt = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: OutboxOptions) {}

  /** Makes events durable by themselves: reads, denials, failures. @throws AuditError when that is not certain */
  async record(...drafts: readonly EventDraft[]): Promise<Receipt> {
    const receipts: Receipt[] = [];
    for (let first = 0; first < drafts.length || first === 0; first += transactionItems)
      receipts.push(await this.#inTurn(drafts.slice(first, first + transactionItems), [], []));
    return Receipt.merge(receipts);
  }

  /**
   * Makes events and the writes they tell of durable together or not at all.
   * @param ids of the events, where one of the writes names them
   * @throws TransactionCanceledException when a condition of `writes` failed (reasons in the order of `writes`)
   * @throws AuditError when the outcome is in doubt
   */
  recordWith(
    drafts: readonly EventDraft[],
    writes: readonly TransactItem[],
    ids: readonly string[] = [],
  ): Promise<Receipt> {
    return this.#inTurn(drafts, writes, ids);
  }

  #inTurn(drafts: readonly EventDraft[], writes: readonly TransactItem[], ids: readonly string[]): Promise<Receipt> {
    const run = this.#turn.then(() => this.#append(drafts, writes, ids));
    this.#turn = run.catch(() => undefined);
    return run;
  }

  async #append(
    drafts: readonly EventDraft[],
    writes: readonly TransactItem[],
    ids: readonly string[],
  ): Promise<Receipt> {
    if (drafts.length === 0 || drafts.length + writes.length > transactionItems)
      throw new AuditError('too-many-events');
    const { origin, clock } = this.options;
    const at = clock();
    if (at.getTime() - this.#appendedAt > idleMilliseconds) this.#leave();
    const start = this.#head ?? laneStart(origin, v7());
    const events: LaneEvent[] = [];
    for (const [index, draft] of drafts.entries())
      events.push(appendEvent(events.at(-1) ?? start, origin, draft, { id: ids[index] ?? v7(), at }));
    const last = events.at(-1) as LaneEvent;
    try {
      if (this.#registered && events.length === 1 && writes.length === 0) await this.#put(last, at);
      else await this.#transact(events, writes, at);
    } catch (error) {
      if (error instanceof TransactionCanceledException) throw error; // nothing was stored, the lane stands where it stood
      this.#leave();
      throw error instanceof AuditError ? error : new AuditError('not-durable', { cause: error });
    }
    this.#head = last;
    this.#registered = true;
    this.#appendedAt = at.getTime();
    return Receipt.of(drafts);
  }

  #leave(): void {
    this.#head = undefined;
    this.#registered = false;
  }

  async #put(event: LaneEvent, at: Date): Promise<void> {
    try {
      await this.options.documents.send(
        new PutCommand({
          TableName: this.options.table,
          Item: this.#item(event, at),
          ConditionExpression: 'attribute_not_exists(PK)',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      // A Put that timed out was tried again: the same hash means that the first one had been stored.
      if (error.Item?.['hash']?.S !== event.hash) throw new AuditError('lane-contradicted', { cause: error });
    }
  }

  async #transact(events: readonly LaneEvent[], writes: readonly TransactItem[], at: Date): Promise<void> {
    const { table, functionName } = this.options;
    const put = (Item: Record<string, unknown>): TransactItem => ({
      Put: { TableName: table, Item, ConditionExpression: 'attribute_not_exists(PK)' },
    });
    const lane = (events[0] as LaneEvent).lane;
    const registration = {
      PK: 'LANES',
      SK: lane,
      function: functionName,
      openedAt: at.toISOString(),
      ttl: this.#expiry(at),
    };
    const items = [
      ...writes,
      ...events.map((event) => put(this.#item(event, at))),
      ...(this.#registered ? [] : [put(registration)]),
    ];
    for (let attempt = 1; ; attempt++) {
      try {
        // The token makes the SDK's own retries of one attempt harmless.
        await this.options.documents.send(new TransactWriteCommand({ TransactItems: items, ClientRequestToken: v4() }));
        return;
      } catch (error) {
        if (!(error instanceof TransactionCanceledException)) throw error;
        const own = cancellations(error).slice(writes.length);
        if (own.includes('ConditionalCheckFailed')) throw new AuditError('lane-contradicted', { cause: error });
        if (attempt < attempts && onlyConflicts(error)) continue;
        throw error;
      }
    }
  }

  #item(event: LaneEvent, at: Date): Record<string, unknown> {
    return {
      PK: `LANE#${event.lane}`,
      SK: String(event.seq).padStart(12, '0'),
      line: event.line,
      hash: event.hash,
      ttl: this.#expiry(at),
    };
  }

  #expiry(at: Date): number {
    return Math.floor(at.getTime() / 1000) + retentionSeconds;
  }
}

/** @returns why each item of a transaction was refused, `None` where it was not */
export function cancellations(error: Cancelled): string[] {
  return (error.CancellationReasons ?? []).map((reason) => reason.Code ?? 'None');
}

/** Another transaction held an item for a moment: nothing was stored, trying again is safe. */
function onlyConflicts(error: Cancelled): boolean {
  const codes = cancellations(error).filter((code) => code !== 'None');
  return codes.length > 0 && codes.every((code) => code === 'TransactionConflict' || code === 'ThrottlingError');
}
