import type { ArchiveStore } from './archive-store';
import { AuditError } from './audit-error';
import type { CheckpointSigner } from './checkpoint-signer';
import { beginsDay, nextEpoch, type OutboxLane } from './epoch';
import { decodeLeaf, encodeLeaf, type Leaf } from './leaf';
import { queueName } from './leaf-queue';
import { checkpointKey, leavesKey, leavesPrefix, readLeavesKey } from './log-keys';
import { appendLeaves, archivedTo, type LogState, oldestPromise } from './log-state';
import type { LogPosition, LogStore } from './log-store';
import { parseNote, verifyNote } from './note';
import type { OutboxReader, Registration } from './outbox-reader';

export interface CheckpointsOptions {
  readonly archive: ArchiveStore;
  readonly store: LogStore;
  readonly outbox: OutboxReader;
  readonly signer: CheckpointSigner;
  /** told before anything of a checkpoint is written: how many leaves the archive has, and how many it will have */
  readonly announce?: (before: number, next: number) => Promise<void>;
  /** `ward/<organization>/<stage>` */
  readonly origin: string;
  /** SHA-256 of the format page, hex */
  readonly formatPage: string;
  readonly clock: () => Date;
}
export interface CheckpointReport {
  /** leaves under the newest checkpoint */
  readonly size: number;
  /** since when the archive lacks an event that an epoch promised; 0 when it lacks none */
  readonly unsealedAgeSeconds: number;
  /** lanes whose outbox shows another event than an epoch promised */
  readonly contradicted: readonly string[];
}

/** Leaves of one checkpoint: what is more waits a minute. A segment's leaf has at most some hundred kilobytes. */
const segmentsPerCheckpoint = 1000;
const leavesBytesLimit = 4 * 1024 * 1024;
/** A lane is named when its first event is written; longer than this no first write takes. */
const registrationMarginMilliseconds = 60 * 60 * 1000;
const turns = 5;

/**
 * Appends to the log what was sealed and where the lanes stand, and signs it. What a run will append is written down first,
 * and every step after that can be done again by anybody: so a run that is killed is finished by the next one, and two at
 * once do the same.
 */
export class Checkpoints {
  constructor(private readonly options: CheckpointsOptions) {}

  /** @throws AuditError `archive-contradicted` or `log-contradicted`; anything else may be tried again */
  async run(): Promise<CheckpointReport> {
    for (let turn = 0; turn < turns; turn++) {
      const position = await this.#finishOthers();
      const { lines, contradicted } = await this.#gather(position);
      const { size: before } = position.state.tree;
      await this.options.announce?.(before, before + lines.length);
      if (!(await this.options.store.begin(position, lines))) continue;
      const begun = await this.options.store.read();
      const state = begun.intent ? await this.#finish(begun, begun.intent) : begun.state;
      if (!state) continue;
      const since = oldestPromise(state);
      const age = since === undefined ? 0 : (this.options.clock().getTime() - Date.parse(since)) / 1000;
      return { size: state.tree.size, unsealedAgeSeconds: Math.max(0, age), contradicted };
    }
    throw new AuditError('not-durable');
  }

  /** @returns a position with nothing left to do in it, at the end of what the archive has */
  async #finishOthers(): Promise<LogPosition> {
    for (;;) {
      const position = await this.options.store.read();
      const { size } = position.state.tree;
      if (position.intent) {
        await this.#finish(position, position.intent);
        continue;
      }
      // A table that was restored stands behind the archive, which is never behind.
      const next = await this.#leavesAfter(size);
      if (next === undefined) return position;
      await this.#finish(position, next);
    }
  }

  async #leavesAfter(size: number): Promise<readonly string[] | undefined> {
    const from = leavesKey(size, size).slice(0, -'-000000000000.ndjson'.length);
    for await (const key of this.options.archive.list(leavesPrefix, from)) {
      const range = readLeavesKey(key);
      const bytes = await this.options.archive.get(key);
      if (range?.first !== size || !bytes) throw new AuditError('log-contradicted');
      const lines = bytes.toString('utf8').split('\n');
      if (lines.pop() !== '' || lines.length !== range.last - range.first + 1) throw new AuditError('log-contradicted');
      return lines;
    }
    return undefined;
  }

  async #gather({ state }: LogPosition): Promise<{ lines: readonly string[]; contradicted: readonly string[] }> {
    const { options } = this;
    const now = options.clock();
    const lines: string[] = [];
    let bytes = 0;
    const add = (line: string) => {
      lines.push(line);
      bytes += Buffer.byteLength(line);
    };
    const announced = await this.#keyLeaf(state, now);
    if (announced) add(encodeLeaf(announced));
    for (const { leaf } of await options.store.queue(segmentsPerCheckpoint)) {
      if (bytes > leavesBytesLimit || lines.length > segmentsPerCheckpoint) break;
      add(leaf);
    }
    // What these segments hold counts as archived for the epoch that closes the same checkpoint.
    const appended = lines.length > 0 ? appendLeaves(state, lines).state : state;
    const { leaf, contradicted } = nextEpoch(state.epoch, {
      now,
      lanes: await this.#lanes(state, now),
      archivedTo: (lane) => archivedTo(appended, lane),
      prev: state.prev,
    });
    add(encodeLeaf(leaf));
    return { lines, contradicted };
  }

  /** @returns the genesis, or the announcement of the next key once a stage has it */
  async #keyLeaf(state: LogState, now: Date): Promise<Leaf | undefined> {
    const keys = await this.options.signer.keys();
    const at = now.toISOString();
    const described = keys.map(({ fingerprint, spki }) => ({ fingerprint, public: spki.toString('base64') }));
    if (state.tree.size === 0) {
      const { origin, formatPage: format } = this.options;
      const first = described.slice(0, 1);
      return { at, format, keys: first, origin, type: 'genesis', v: 1 };
    }
    const current = described.findIndex(({ fingerprint }) => fingerprint === state.signer);
    if (current < 0) throw new AuditError('signing-key-unknown');
    const next = described[current + 1];
    return next && { at, ...next, type: 'key', v: 1 };
  }

  /** @returns the heads of all lanes that can have moved since the last epoch */
  async #lanes({ epoch }: LogState, now: Date): Promise<OutboxLane[]> {
    const since = epoch.at === null ? new Date(0) : new Date(Date.parse(epoch.at) - registrationMarginMilliseconds);
    const lanes = new Map<string, Registration>();
    const known = (lane: string) => lanes.set(lane, { lane, function: 'known', openedAt: now.toISOString() });
    for (const lane of epoch.open.keys()) known(lane);
    if (beginsDay(epoch, now.toISOString())) for (const lane of epoch.retired.keys()) known(lane);
    for (const found of await this.options.outbox.registeredSince(since))
      lanes.set(found.lane, { ...found, function: functionOf(found.function) });
    return this.options.outbox.heads([...lanes.values()]);
  }

  /** @returns the state after it; undefined when another run was faster */
  async #finish(position: LogPosition, lines: readonly string[]): Promise<LogState | undefined> {
    const { archive, store, signer, origin } = this.options;
    const first = position.state.tree.size;
    const { state, tiles, size, root, signer: fingerprint } = appendLeaves(position.state, lines);
    const bytes = lines.map((line) => `${line}\n`).join('');
    await archive.put(leavesKey(first, size - 1), bytes, 'application/x-ndjson');
    for (const tile of tiles) await archive.put(tile.key, tile.bytes, 'application/octet-stream');
    await this.#note({ size, root }, () => signer.sign({ origin, size, root }, fingerprint), fingerprint);
    // Before the position moves: whoever reads it then finds a queue without what the log has.
    await store.unqueue(queueNames(lines));
    return (await store.commit(position, state)) ? state : undefined;
  }

  /** Puts the note of a checkpoint, or sees that the one that is there says the same. */
  async #note(
    checkpoint: { readonly size: number; readonly root: Buffer },
    sign: () => Promise<string>,
    fingerprint: string,
  ): Promise<void> {
    const key = checkpointKey(checkpoint.size);
    const stored = await this.options.archive.get(key);
    if (!stored) return this.options.archive.put(key, await sign(), 'text/plain; charset=utf-8');
    const note = parseNote(stored);
    const keys = (await this.options.signer.keys()).filter((each) => each.fingerprint === fingerprint);
    verifyNote(note, keys);
    const same =
      note.origin === this.options.origin && note.size === checkpoint.size && note.root.equals(checkpoint.root);
    if (!same) throw new AuditError('log-contradicted');
  }
}

const queueNames = (lines: readonly string[]): string[] =>
  lines.flatMap((line) => queueName(decodeLeaf(line), line) ?? []);

/** A leaf takes a name of this form alone, and a lane with any other must be logged all the same. */
const functionOf = (name: string): string => {
  const plain = name.toLowerCase().replaceAll(/[^a-z0-9-]/g, '-');
  return /^[a-z][a-z0-9-]{0,63}$/.test(plain) ? plain : 'unnamed';
};
