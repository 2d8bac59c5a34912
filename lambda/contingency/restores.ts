import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { v7 } from 'uuid';
import { restoring, setControl } from '../access/controls';
import { readControl } from '../access/controls-store';
import type { ArchiveMarks, Mark } from '../audit/archive-mark';
import type { EventResource } from '../audit/event';
import type { Outbox } from '../audit/outbox';
import { ownEvent } from '../audit/own-event';
import type { TransactItem } from '../records/transaction';
import { planReplay, type ReplayAction } from './replay';
import type { ReplayEvidence } from './replay-evidence';
import type { ReplayTables, ReplayWriter } from './replay-writes';
import { type Restore, readRestore, setRestore } from './restore';
import { readRestoredState } from './restored-state';

export interface RestoresOptions {
  readonly tables: ReplayTables;
  readonly marks: ArchiveMarks;
  readonly outbox: Pick<Outbox, 'record' | 'recordWith'>;
  readonly writer: ReplayWriter;
  /** @returns leaves under the newest checkpoint that has more than that; undefined where there is none */
  readonly newest: (after: number) => Promise<number | undefined>;
  /**
   * @param since contents of segments that are older are not needed
   * @returns of the stage's own log, and of the log of the stage that it succeeds
   */
  readonly evidence: (since: Date | undefined) => Promise<readonly ReplayEvidence[]>;
  readonly clock: () => Date;
}
export interface RestoreReport {
  /** undefined: nothing was ever restored, or nothing since two people released it */
  readonly waiting: Restore['state'] | undefined;
  /** why a replay that was tried is not done */
  readonly failure?: 'forged' | 'unresolved' | 'unknown-log';
  /** what was done again in this run */
  readonly replayed: number;
}

/** The log over a table that was restored is verified whole, which may take long: not every minute. */
const againMilliseconds = 15 * 60 * 1000;
/** A table knows of what happened for a while after its mark; who asks for an approval has a week until it is used. */
const knownMilliseconds = 2 * 60 * 1000;
const approvalMilliseconds = 8 * 24 * 60 * 60 * 1000;

/**
 * Finds that tables were restored, locks Ward down, and does again what they must not undo. Every step may be made again by
 * the next run. 45 CFR 164.308(a)(7)(ii)(B), 164.310(d)(2)(i), 164.308(a)(3)(ii)(C).
 */
export class Restores {
  constructor(private readonly options: RestoresOptions) {}

  /** @param announced id of a restore that whoever made it says there was, whatever the marks say */
  async run(announced?: string): Promise<RestoreReport> {
    const { clock, tables, marks } = this.options;
    const known = await readRestore(tables.documents, tables.governance);
    const behind = await this.#behind();
    const open = known?.state === 'released' ? undefined : known;
    let restore = open;
    if (announced !== undefined && known?.id !== announced) restore = await this.#lock(known, announced, 'operator');
    else if (behind && !open) restore = await this.#lock(known, v7(), 'marks');
    if (!restore) return { waiting: undefined, replayed: 0 };
    if (restore.state === 'replayed') {
      if (behind) await marks.settle(behind.newest);
      return { waiting: restore.state, replayed: 0 };
    }
    const attempted = restore.attemptedAt === undefined ? 0 : Date.parse(restore.attemptedAt);
    if (announced === undefined && clock().getTime() - attempted < againMilliseconds)
      return { waiting: restore.state, replayed: 0 };
    return this.#replay(restore);
  }

  /** @returns where the log is, when a table is behind it */
  async #behind(): Promise<{ readonly newest: number } | undefined> {
    const { marks, newest: newestOf } = this.options;
    const known = await marks.read();
    // How far another log is says nothing of the stage's own.
    const newest = await newestOf(this.#foreign(known).length > 0 ? 0 : smallest(known));
    // The marks are read again: one that is written between the two looks is ahead of what was seen.
    const found = await marks.read();
    if (this.#foreign(found).length > 0) return { newest: newest ?? 0 };
    return newest !== undefined && smallest(found) < newest ? { newest } : undefined;
  }

  /** @returns the other stages' logs that tables were written under: they were taken over from there */
  #foreign(found: readonly (Mark | undefined)[]): readonly string[] {
    return found.flatMap((mark) => (mark && !this.options.marks.isOwn(mark) ? [mark.origin] : []));
  }

  async #lock(known: Restore | undefined, id: string, foundBy: Restore['foundBy']): Promise<Restore> {
    const now = this.options.clock();
    const restore: Restore = {
      id,
      state: 'locked',
      foundBy,
      foundAt: now.toISOString(),
      version: (known?.version ?? 0) + 1,
    };
    await this.options.outbox.recordWith(
      [
        ownEvent('restore.lock', {
          outcome: 'permit',
          reason: `found-by-${foundBy}`,
          resources: [restoreResource(id)],
        }),
      ],
      [setRestore(this.options.tables.governance, restore), ...(await this.#lockdown('restore', id, now))],
    );
    return restore;
  }

  async #replay(restore: Restore): Promise<RestoreReport> {
    const { marks, tables, clock, outbox } = this.options;
    const [governance, ...others] = (await marks.read()).map((mark) => ofThePast(mark, clock()));
    const foreign = this.#foreign([governance, ...others]);
    const logs = await this.options.evidence(since([governance, ...others]));
    const attempt: Restore = { ...restore, attemptedAt: clock().toISOString(), version: restore.version + 1 };
    const resources = [restoreResource(restore.id)];
    const fail = async (failure: NonNullable<RestoreReport['failure']>, reasons: readonly string[], replayed = 0) => {
      const events = reasons.map((reason) => ownEvent('restore.replayed', { outcome: 'error', reason, resources }));
      await outbox.recordWith(events, [setRestore(tables.governance, attempt)]);
      return { waiting: 'locked', failure, replayed } as const;
    };
    if (foreign.some((origin) => !logs.some((log) => log.origin === origin)))
      return fail('unknown-log', ['unknown-log']);
    const forged = new Set(logs.flatMap((log) => log.forged));
    if (forged.size > 0)
      return fail(
        'forged',
        [...forged].map((code) => code.toLowerCase().replaceAll('_', '-')),
      );
    const events = logs.flatMap((log) => log.events);
    const plan = async (): Promise<ReplayAction[]> => {
      const time = { knownUntil: knownUntil(governance), restoredAt: new Date(restore.foundAt), now: clock() };
      return planReplay(events, await readRestoredState(tables, events), time);
    };
    const actions = await plan();
    let replayed = 0;
    for (const action of actions) replayed += await this.#do(action, restore.id);
    // Planned anew from what is there now: what was refused shows, whatever refused it.
    const left = (await plan()).length;
    if (left > 0) return fail('unresolved', ['unresolved'], replayed);
    const now = clock();
    // The tables know of one log. What another stage did in its last minutes may have been lost with its Region, promised or not.
    const [origin = ''] = foreign;
    const known = logs.find((log) => (foreign.length > 0 ? log.origin === origin : marks.isOwn(log)));
    const whole = foreign.length === 0 && known?.lost === 0;
    const done: Restore = {
      ...attempt,
      state: 'replayed',
      replayedAt: now.toISOString(),
      whole,
      ...(known?.until === undefined ? {} : { evidenceUntil: known.until }),
      ...(known && { lost: known.lost }),
      ...(foreign.length > 0 && { from: origin }),
    };
    await outbox.recordWith(
      [ownEvent('restore.replayed', { outcome: 'permit', reason: outcomeOf(whole, foreign), resources })],
      [setRestore(tables.governance, done), ...(await this.#lockdown('restored', restore.id, now))],
    );
    const behind = await this.#behind();
    if (behind) await marks.settle(behind.newest);
    return { waiting: 'replayed', replayed };
  }

  /** @returns 1 when the action is done, 0 when the tables refused it: the next plan says so */
  async #do(action: ReplayAction, id: string): Promise<number> {
    const { outbox, writer, clock } = this.options;
    try {
      for (const { writes, patient, resources } of await writer.writes(action, clock())) {
        if (writes.length === 0) continue;
        const told = { reason: action.kind, patient, resources: [...resources, restoreResource(id)] };
        await outbox.recordWith([ownEvent('restore.replay', { outcome: 'permit', ...told })], writes);
      }
      return 1;
    } catch (error) {
      if (error instanceof TransactionCanceledException) return 0;
      throw error;
    }
  }

  async #lockdown(reason: 'restore' | 'restored', restore: string, now: Date): Promise<TransactItem[]> {
    const { documents, governance } = this.options.tables;
    const current = await readControl(documents, governance, { kind: 'lockdown' });
    return setControl(governance, restoring(current, { reason, restore, now }));
  }
}

const restoreResource = (id: string): EventResource => ({ id, type: 'restore', version: null });

const outcomeOf = (whole: boolean, foreign: readonly string[]): string =>
  foreign.length > 0 ? 'taken-over' : whole ? 'whole' : 'events-lost';

const smallest = (marks: readonly (Mark | undefined)[]): number => Math.min(...marks.map((mark) => mark?.size ?? 0));

/** @returns a mark of a time that has not come, which nobody of Ward writes, as one that knows of nothing */
const ofThePast = (mark: Mark | undefined, now: Date): Mark | undefined =>
  mark && Date.parse(mark.at) > now.getTime() + knownMilliseconds ? { ...mark, at: new Date(0).toISOString() } : mark;

const knownUntil = (mark: Mark | undefined): Date => new Date(mark ? Date.parse(mark.at) + knownMilliseconds : 0);

/** @returns from when on events are needed; undefined where a table does not say how old it is */
function since(marks: readonly (Mark | undefined)[]): Date | undefined {
  const times = marks.map((mark) => (mark ? Date.parse(mark.at) : 0));
  const oldest = Math.min(...times);
  return oldest === 0 ? undefined : new Date(oldest - approvalMilliseconds);
}
