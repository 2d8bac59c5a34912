import { type Archive, type ArchiveObject, ahead, isShadowed, originalVersion } from './archive';
import { beginsDay } from './epoch';
import type { Finding, FindingCode } from './finding';
import { type AcknowledgeLeaf, decodeLeaf, type EpochLeaf, type Leaf, type SegmentLeaf } from './leaf';
import { LogError } from './log-error';
import { checkpointKey, readLeavesKey } from './log-keys';
import { LogTree, type Tile } from './log-tree';
import { emptyRoot, hashLeaf } from './merkle';
import { Signers } from './signers';

export interface LogReader {
  readonly origin: (origin: string) => void;
  readonly segment: (index: number, leaf: SegmentLeaf) => Promise<void>;
  readonly epoch: (index: number, leaf: EpochLeaf, firstOfDay: boolean) => void;
  readonly acknowledge: (leaf: AcknowledgeLeaf) => void;
  readonly tile: (tile: Tile) => Promise<void>;
}
interface Batch {
  readonly key: string;
  readonly first: number;
  readonly last: number;
  readonly bytes: Buffer | undefined;
  readonly note: Buffer | undefined;
}

/**
 * Reads the log from its first leaf to its newest checkpoint: leaves in one piece, epochs in one chain, and every
 * checkpoint signed over exactly the tree that its leaves make.
 */
export class LogWalk {
  readonly signers = new Signers();
  readonly #tree = new LogTree();
  #origin = '';
  #next = 0;
  #hole = false;
  /** the tree is what the checkpoints say so far */
  #sound = true;
  #epoch: { n: number; at: string | null; size: number; root: string } = {
    n: 0,
    at: null,
    size: 0,
    root: emptyRoot().toString('hex'),
  };
  /** of the newest checkpoint that is signed and true */
  #trusted: { readonly size: number; readonly root: string; readonly at: string } | undefined;

  /** @param sizes of the checkpoints that there are, ascending */
  constructor(
    private readonly archive: Archive,
    private readonly sizes: readonly number[],
    private readonly shadowed: (object: ArchiveObject) => string | undefined,
    private readonly noteVersion: (key: string) => string | undefined,
    private readonly report: (finding: Finding) => void,
    private readonly reader: LogReader,
  ) {}

  get trusted() {
    return this.#trusted;
  }
  get epochs(): number {
    return this.#epoch.n;
  }
  /** whether leaves are missing, so that lanes cannot be judged */
  get broken(): boolean {
    return this.#hole;
  }

  /** @param width how many objects are read at a time */
  async run(width: number, prefix: string): Promise<void> {
    const end = this.sizes.at(-1) ?? 0;
    const sizes = new Set(this.sizes);
    const read = async (object: ArchiveObject): Promise<Batch | undefined> => {
      const version = this.shadowed(object);
      const range = readLeavesKey(object.key);
      if (!range || range.first >= end) {
        this.#add('UNLOGGED_OBJECT', 'no checkpoint covers these leaves', { object: object.key });
        return undefined;
      }
      const name = checkpointKey(range.last + 1);
      const [bytes, note] = await Promise.all([
        version === undefined ? undefined : this.archive.read(object.key, version),
        sizes.has(range.last + 1) ? this.archive.read(name, this.noteVersion(name)) : undefined,
      ]);
      return { key: object.key, ...range, bytes, note };
    };
    for await (const batch of ahead(this.archive.list(prefix), width, read)) {
      if (!batch) continue;
      if (batch.first < this.#next) {
        this.#add('LOG_INCONSISTENT', 'leaves are there twice', { object: batch.key });
        continue;
      }
      if (batch.first > this.#next) this.#missing(batch.first);
      if (batch.bytes) await this.#batch(batch, batch.bytes);
      else this.#missing(batch.last + 1);
      sizes.delete(batch.last + 1);
    }
    if (this.#next < end) this.#missing(end);
    if (!this.broken)
      for (const size of sizes)
        this.#add('LOG_INCONSISTENT', 'no epoch ends at this checkpoint', { object: checkpointKey(size) });
  }

  #missing(next: number): void {
    this.#add('LEAF_MISSING', `the leaves up to ${next - 1} are not in the archive`, { leaf: this.#next });
    this.#next = next;
    this.#hole = true;
    this.#sound = false;
  }

  async #batch({ key, first, last, note }: Batch, bytes: Buffer): Promise<void> {
    const lines = bytes.toString('utf8').split('\n');
    if (lines.pop() !== '' || lines.length !== last - first + 1) {
      this.#add('LOG_INCONSISTENT', 'the object holds another number of leaves than its name says', { object: key });
      this.#missing(last + 1);
      return;
    }
    let at: string | undefined;
    for (const [offset, line] of lines.entries()) {
      for (const tile of this.#tree.append(hashLeaf(line))) if (!this.broken) await this.reader.tile(tile);
      const leaf = await this.#leaf(first + offset, line, offset === lines.length - 1);
      if (leaf?.type === 'epoch') at = leaf.at;
    }
    this.#next = last + 1;
    this.#checkpoint(last + 1, note, at);
  }

  async #leaf(index: number, line: string, final: boolean): Promise<Leaf | undefined> {
    let leaf: Leaf;
    try {
      leaf = decodeLeaf(line);
      if (leaf.type === 'key') this.signers.announce(leaf);
      if (leaf.type === 'genesis' && index === 0) this.signers.genesis(leaf);
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      this.#add('LOG_INCONSISTENT', 'not a leaf in canonical form', { leaf: index });
      return undefined;
    }
    if ((index === 0) !== (leaf.type === 'genesis'))
      this.#add('LOG_INCONSISTENT', 'the log begins with its genesis leaf and has one', { leaf: index });
    if (final !== (leaf.type === 'epoch'))
      this.#add('LOG_INCONSISTENT', 'an epoch ends what is appended at one time', { leaf: index });
    if (leaf.type === 'genesis' && index === 0) {
      this.#origin = leaf.origin;
      this.reader.origin(leaf.origin);
    } else if (leaf.type === 'segment') await this.reader.segment(index, leaf);
    else if (leaf.type === 'acknowledge') this.reader.acknowledge(leaf);
    else if (leaf.type === 'epoch') this.#turn(index, leaf);
    return leaf;
  }

  #turn(index: number, epoch: EpochLeaf): void {
    const { n, at, size, root } = this.#epoch;
    const whole = !this.broken;
    if (whole && (epoch.n !== n + 1 || epoch.prev.size !== size || epoch.prev.root !== root))
      this.#add('LOG_INCONSISTENT', 'an epoch does not follow the one before', { leaf: index });
    if (at !== null && epoch.at < at)
      this.#add('LOG_INCONSISTENT', 'an epoch is before the one before', { leaf: index });
    this.reader.epoch(index, epoch, beginsDay({ at }, epoch.at) && whole);
    this.#epoch = { n: epoch.n, at: epoch.at, size: index + 1, root: this.#tree.root().toString('hex') };
  }

  #checkpoint(size: number, bytes: Buffer | undefined, at: string | undefined): void {
    const object = checkpointKey(size);
    if (!bytes) {
      this.#add('LOG_INCONSISTENT', 'the checkpoint of an epoch is not in the archive', { object });
      this.signers.turn(size, false);
      return;
    }
    let valid = false;
    try {
      const { root } = this.signers.check(bytes, this.#origin, size);
      valid = !this.broken && root.equals(this.#tree.root());
      if (valid && at !== undefined) this.#trusted = { size, root: root.toString('hex'), at };
      // One false leaf falsifies every checkpoint after it: the first is told.
      else if (this.#sound) {
        this.#sound = false;
        this.#add('LOG_INCONSISTENT', 'the leaves have another root than the checkpoint signs', { object });
      }
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      this.#add('CHECKPOINT_SIGNATURE_INVALID', 'not a note signed by the log’s key', { object });
    }
    this.signers.turn(size, valid);
  }

  #add(code: FindingCode, message: string, where: Pick<Finding, 'object' | 'leaf'>): void {
    this.report({ code, message, ...where });
  }
}

/** @returns the version to read; says when there is more than one */
export function original(object: ArchiveObject, report: (finding: Finding) => void): string | undefined {
  if (isShadowed(object))
    report({
      code: 'OBJECT_SHADOWED',
      message: 'something was put over the object; the version that was written first is the evidence',
      object: object.key,
    });
  return originalVersion(object);
}
