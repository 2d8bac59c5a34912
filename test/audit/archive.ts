import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { FolderArchive } from '../../bin/audit/folder-archive';
import { applyEpoch, type EpochState, nextEpoch, noEpoch, type OutboxLane } from '../../lambda/audit/epoch';
import type { EventDraft } from '../../lambda/audit/event';
import { appendEvent, type LaneEvent, type LaneHead, laneStart } from '../../lambda/audit/lane';
import { decodeLeaf, encodeLeaf, type Leaf } from '../../lambda/audit/leaf';
import { checkpointKey, leavesKey } from '../../lambda/audit/log-keys';
import { LogTree } from '../../lambda/audit/log-tree';
import { emptyRoot, hashLeaf } from '../../lambda/audit/merkle';
import { formatNote, noteKeyId, type SigningKey, signedText, signingKey } from '../../lambda/audit/note';
import { buildSegment, type Segment } from '../../lambda/audit/segment';
import { type Verification, type VerifyOptions, verifyArchive } from '../../lambda/audit/verify';

export const origin = 'ward/clinic/local';
export const started = new Date('2026-11-23T12:00:00.000Z');

/** ids that differ and are the same in every run */
export const uuidOf = (n: number): string => `01890000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;

export function draftOf(n: number): EventDraft {
  return {
    action: 'record.read',
    actor: { mfa: true, role: 'clinician', session: uuidOf(0xa00000 + (n % 7)), sub: uuidOf(0xb00000 + (n % 5)) },
    basis: 'care-team',
    categories: ['diagnoses'],
    outcome: 'permit',
    patient: uuidOf(0xc00000 + (n % 11)),
    purpose: 'TREAT',
    reason: null,
    request: {
      id: uuidOf(0xd0000000 + n),
      ip: '192.0.2.1',
      method: 'GET',
      route: '/v1/patients/{id}/records/{category}',
      status: 200,
    },
    resources: [{ id: uuidOf(0xe0000000 + n), type: 'diagnoses', version: 1 }],
  };
}

export interface Signer extends SigningKey {
  readonly sign: (text: string) => Buffer;
}
export function newSigner(): Signer {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return signerOf(publicKey, privateKey);
}
function signerOf(publicKey: KeyObject, privateKey: KeyObject): Signer {
  return {
    ...signingKey(publicKey.export({ format: 'der', type: 'spki' })),
    sign: (text) => sign(null, Buffer.from(text), privateKey),
  };
}
export function note(signer: Signer, size: number, root: Buffer, of = origin): string {
  const text = signedText({ origin: of, size, root });
  return formatNote(text, [{ name: of, keyId: noteKeyId(of, signer), signature: signer.sign(text) }]);
}

/**
 * What outbox, sealer and checkpointer of a whole stack make, in a folder: lanes that events are written to, segments that
 * are sealed when told, epochs that promise every lane's head. Each step can be made to lie, as whoever holds that role could.
 */
export class ArchiveBuilder {
  readonly folder = mkdtempSync(join(tmpdir(), 'ward-archive-'));
  readonly heads = new Map<string, LaneHead & { openedAt: string }>();
  /** written to the outbox, not sealed yet */
  unsealed: LaneEvent[] = [];
  now = started;
  key: Signer;
  state: EpochState = noEpoch;
  readonly #tree = new LogTree();
  #queue: Leaf[] = [];
  #prev = { root: emptyRoot().toString('hex'), size: 0 };
  #events = 0;
  #archived = new Map<string, number>();

  constructor(
    readonly signer: Signer = newSigner(),
    readonly of = origin,
  ) {
    this.key = signer;
    mkdirSync(join(this.folder, 'v1'), { mode: 0o700 });
  }

  write(lane: number, count = 1): LaneEvent[] {
    const id = uuidOf(0xf0000 + lane);
    return Array.from({ length: count }, () => {
      const head = this.heads.get(id) ?? { ...laneStart(this.of, id), openedAt: this.now.toISOString() };
      const n = ++this.#events;
      const event = appendEvent(head, this.of, draftOf(n), { id: uuidOf(n), at: this.now });
      this.heads.set(id, { ...event, openedAt: head.openedAt });
      this.unsealed.push(event);
      return event;
    });
  }

  /** Seals lines, those of the outbox when none are given, and queues their leaf. */
  seal(lines = this.unsealed.map(({ line }) => line), change: (segment: Segment) => Segment = (s) => s): Segment {
    const segment = change(buildSegment(lines));
    this.put(segment.key, segment.bytes);
    this.queue(segment.leaf);
    this.unsealed = this.unsealed.filter(({ line }) => !lines.includes(line));
    for (const [lane, , to] of segment.leaf.lanes)
      this.#archived.set(lane, Math.max(to, this.#archived.get(lane) ?? 0));
    return segment;
  }

  queue(leaf: Leaf): void {
    this.#queue.push(leaf);
  }

  /** Appends what is queued and an epoch, and signs: a minute of the checkpointer. */
  checkpoint(change: (leaf: Extract<Leaf, { type: 'epoch' }>) => Leaf = (leaf) => leaf): void {
    this.now = new Date(this.now.getTime() + 60_000);
    const lanes: OutboxLane[] = [...this.heads.values()].map(({ lane, seq, hash, openedAt }) => ({
      lane,
      seq,
      hash,
      openedAt,
      function: 'records',
    }));
    const { leaf } = nextEpoch(this.state, {
      now: this.now,
      lanes,
      archivedTo: (lane) => this.#archived.get(lane) ?? 0,
      prev: this.#prev,
    });
    const epoch = change(leaf);
    if (epoch.type === 'epoch') this.state = applyEpoch(this.state, epoch);
    const { fingerprint, spki } = this.signer;
    const genesis: Leaf = {
      at: this.now.toISOString(),
      format: createHash('sha256').update('the page').digest('hex'),
      keys: [{ fingerprint, public: spki.toString('base64') }],
      origin: this.of,
      type: 'genesis',
      v: 1,
    };
    const first = this.#tree.size;
    const leaves = [...(first === 0 ? [genesis] : []), ...this.#queue, epoch];
    this.#queue = [];
    const lines = leaves.map(encodeLeaf);
    for (const line of lines) for (const { key, bytes } of this.#tree.append(hashLeaf(line))) this.put(key, bytes);
    this.put(leavesKey(first, this.#tree.size - 1), `${lines.join('\n')}\n`);
    this.put(checkpointKey(this.#tree.size), note(this.key, this.#tree.size, this.#tree.root(), this.of));
    this.#prev = { root: this.#tree.root().toString('hex'), size: this.#tree.size };
  }

  /** A minute of the whole: some events, sealed and signed over. */
  minute(lanes: readonly number[], events = 3): void {
    for (const lane of lanes) this.write(lane, events);
    this.seal();
    this.checkpoint();
  }

  get size(): number {
    return this.#tree.size;
  }
  get root(): Buffer {
    return this.#tree.root();
  }

  path(key: string): string {
    return join(this.folder, key);
  }
  put(key: string, bytes: string | Uint8Array): void {
    mkdirSync(dirname(this.path(key)), { recursive: true });
    writeFileSync(this.path(key), bytes);
  }
  read(key: string): Buffer {
    return readFileSync(this.path(key));
  }
  remove(key: string): void {
    rmSync(this.path(key));
  }
  keys(prefix = 'v1'): string[] {
    return readdirSync(this.path(prefix), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.folder.length + 1))
      .sort();
  }
  segments(): string[] {
    return this.keys('v1/segments');
  }
  leaves(): Leaf[] {
    return this.keys('v1/log/leaves').flatMap((key) => this.read(key).toString().trimEnd().split('\n').map(decodeLeaf));
  }

  verify(options: Partial<VerifyOptions> = {}): Promise<Verification> {
    return verifyArchive(new FolderArchive(this.folder), {
      fingerprint: this.signer.fingerprint,
      reference: new Date(this.now.getTime() + 30_000),
      ...options,
    });
  }

  discard(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** @returns the codes that a verification found, each once */
export const codes = ({ counts }: Verification): string[] => Object.keys(counts);
