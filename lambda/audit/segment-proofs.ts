import { LogError } from './log-error';
import { LogFiles, type LogObjects, segmentsOf } from './log-files';
import { checkpointKey } from './log-keys';
import { hashLeaf, verifyInclusion } from './merkle';
import { parseNote, type SigningKey, verifyNote } from './note';
import { TiledTree } from './tiled-tree';

/** That a segment is in the log: what leads from its leaf to the root that the checkpoint signs. Hashes are lower-case hex. */
export interface SegmentProof {
  readonly segment: string;
  /** the line of the log */
  readonly leaf: string;
  readonly index: number;
  readonly hashes: readonly string[];
}

/** Segments under one signed checkpoint. */
export interface LogProof {
  /** signed note and its key (SubjectPublicKeyInfo, base64); absent when no segment is covered */
  readonly checkpoint?: string;
  readonly key?: string;
  readonly segments: readonly SegmentProof[];
  /** names of segments that no checkpoint covers yet */
  readonly uncovered: readonly string[];
}

interface Found {
  readonly index: number;
  readonly line: string;
  /** leaves under the checkpoint that added it */
  readonly size: number;
}

/** clocks of two functions differ by less */
const clockMarginMilliseconds = 5 * 60 * 1000;
/** What was not streamed is sealed by the reconciler, at the latest after a day; a leaf is looked for three. */
const lookAheadMilliseconds = 3 * 24 * 60 * 60 * 1000;
/** closer than this, walking on is less work than searching anew */
const walkOnMilliseconds = 60 * 60 * 1000;

/** Whose checkpoints a log's proofs stand under. */
export interface Trust {
  /** that may sign */
  readonly keys: readonly SigningKey[];
  /** leaves under the checkpoint to prove under; absent: the newest that any segment needs */
  readonly size?: number;
}

/**
 * Proves segments under one checkpoint. Reads what the proofs need and not the log, so that a request can wait for it; every
 * proof is checked before it is given.
 * @param wanted names of segments, each with the instant of an event in it
 * @throws LogError `proof-invalid`, `note-invalid`, `note-signature-invalid` when the archive does not hold together
 */
export async function proveSegments(
  objects: LogObjects,
  wanted: ReadonlyMap<string, string>,
  { origin, keys, size }: Trust & { readonly origin: string },
): Promise<LogProof> {
  const files = new LogFiles(objects);
  const found = await locate(files, wanted);
  const sizes = size === undefined ? [...found.values()].map((each) => each.size) : [size];
  const signed = await newestNote(objects, sizes);
  const covered = [...found].filter(([, each]) => signed && each.size <= signed.size);
  const uncovered = [...wanted.keys()].filter((segment) => !covered.some(([name]) => name === segment)).sort();
  if (!signed || covered.length === 0) return { segments: [], uncovered };
  const note = parseNote(signed.note);
  const [signer] = verifyNote(note, keys);
  if (note.origin !== origin || note.size !== signed.size || !signer) throw new LogError('note-invalid');
  const tree = new TiledTree(objects, files, note.size);
  const segments: SegmentProof[] = [];
  for (const [segment, { index, line }] of covered.sort(([, a], [, b]) => a.index - b.index)) {
    const hashes = await pathOf(tree, index);
    if (!verifyInclusion(index, note.size, hashLeaf(line), hashes, note.root)) throw new LogError('proof-invalid');
    segments.push({ segment, leaf: line, index, hashes: hashes.map((hash) => hash.toString('hex')) });
  }
  return {
    checkpoint: signed.note.toString('utf8'),
    key: signer.spki.toString('base64'),
    segments,
    uncovered,
  };
}

async function locate(files: LogFiles, wanted: ReadonlyMap<string, string>): Promise<Map<string, Found>> {
  const found = new Map<string, Found>();
  let walked: { readonly next: number; readonly at: string } | undefined;
  for (const [segment, at] of [...wanted].sort(([, a], [, b]) => (a < b ? -1 : 1))) {
    if (found.has(segment)) continue;
    const near = walked && Date.parse(at) - Date.parse(walked.at) < walkOnMilliseconds;
    const start: number =
      walked && near ? walked.next : await files.indexAt(instant(Date.parse(at) - clockMarginMilliseconds));
    const limit = instant(Date.parse(at) + lookAheadMilliseconds);
    for await (const file of files.walk(start)) {
      for (const { index, line, leaf } of segmentsOf(file))
        if (wanted.has(leaf.key) && !found.has(leaf.key)) found.set(leaf.key, { index, line, size: file.last + 1 });
      walked = { next: file.last + 1, at: file.at };
      if (found.has(segment) || file.at > limit) break;
    }
  }
  return found;
}

/** A checkpointer that was cut off has put leaves whose note comes with the next run. */
async function newestNote(
  objects: LogObjects,
  sizes: readonly number[],
): Promise<{ readonly size: number; readonly note: Buffer } | undefined> {
  for (const size of [...new Set(sizes)].sort((a, b) => b - a)) {
    const note = await objects.get(checkpointKey(size));
    if (note) return { size, note };
  }
  return undefined;
}

/** @throws LogError `proof-invalid` when the archive lacks a part of the tree */
export async function pathOf(tree: TiledTree, index: number): Promise<Buffer[]> {
  try {
    return await tree.path(index);
  } catch (error) {
    if (error instanceof RangeError) throw new LogError('proof-invalid', { cause: error });
    throw error;
  }
}

const instant = (milliseconds: number): string => new Date(milliseconds).toISOString();
