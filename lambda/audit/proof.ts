import * as z from 'zod';
import { type Archive, ahead, originalVersion } from './archive';
import { hash } from './event';
import { type EventLine, readEventLine } from './event-line';
import { decodeLeaf, type SegmentLeaf } from './leaf';
import { LogError } from './log-error';
import { checkpointPrefix, leavesPrefix, readCheckpointKey, readLeavesKey } from './log-keys';
import { type Hash, hashLeaf, inclusionProof, verifyInclusion } from './merkle';
import { type Checkpoint, parseNote, signingKey, verifyNote } from './note';
import { readSegment } from './segment';

const place = z.int().nonnegative();
const path = z.array(hash).max(64);

/** That one event is in the log under a checkpoint: O(log n) hashes, checkable without the archive. */
const eventProof = z.strictObject({
  checkpoint: z.string(),
  /** SubjectPublicKeyInfo of the key that signed the checkpoint, base64; it is believed for its fingerprint alone */
  key: z.string(),
  /** the event */
  line: z.string(),
  /** from the segment's leaf to the checkpoint's root */
  log: z.strictObject({ hashes: path, index: place }),
  /** from the event to the root that the segment's leaf names */
  segment: z.strictObject({ hashes: path, index: place, leaf: z.string() }),
  type: z.literal('ward-audit-proof'),
  v: z.literal(1),
});
export type EventProof = z.infer<typeof eventProof>;

/**
 * @returns what the proof shows: the event in its line, and the checkpoint that covers it
 * @throws LogError `proof-invalid`, `note-invalid`, `note-signature-invalid`, or as `readEventLine`
 */
export function checkProof(
  value: unknown,
  fingerprint: string,
): { readonly event: EventLine; readonly leaf: SegmentLeaf; readonly checkpoint: Checkpoint } {
  const parsed = eventProof.safeParse(value);
  if (!parsed.success) throw new LogError('proof-invalid');
  const { line, segment, log } = parsed.data;
  const key = signingKey(Buffer.from(parsed.data.key, 'base64'));
  if (key.fingerprint !== fingerprint) throw new LogError('note-signature-invalid');
  const note = parseNote(parsed.data.checkpoint);
  verifyNote(note, [key]);
  const event = readEventLine(line);
  const leaf = decodeLeaf(segment.leaf);
  if (leaf.type !== 'segment' || event.origin !== note.origin) throw new LogError('proof-invalid');
  const inSegment = verifyInclusion(
    segment.index,
    leaf.events,
    hashLeaf(line),
    segment.hashes.map(fromHex),
    fromHex(leaf.root),
  );
  const inLog = verifyInclusion(log.index, note.size, hashLeaf(segment.leaf), log.hashes.map(fromHex), note.root);
  if (!inSegment || !inLog) throw new LogError('proof-invalid');
  return { event, leaf, checkpoint: { origin: note.origin, size: note.size, root: note.root } };
}

interface Candidate {
  readonly index: number;
  readonly line: string;
  readonly leaf: SegmentLeaf;
}

/**
 * Proves an event under the newest checkpoint. Whoever must be convinced checks the proof; this trusts the archive.
 * @returns undefined when no segment of the log holds an event with that id
 */
export async function proveEvent(archive: Archive, id: string): Promise<EventProof | undefined> {
  const newest = await newestCheckpoint(archive);
  if (!newest) return undefined;
  const { note, size } = newest;
  const hashes: Hash[] = [];
  const candidates: Candidate[] = [];
  let key = '';
  for await (const line of logLines(archive, size)) {
    const index = hashes.push(hashLeaf(line)) - 1;
    if (line.includes('"type":"epoch"')) continue;
    const leaf = decodeLeaf(line);
    if (leaf.type === 'segment') candidates.push({ index, line, leaf });
    const named = leaf.type === 'genesis' ? leaf.keys : leaf.type === 'key' ? [leaf] : [];
    for (const { public: spki } of named) if (signs(spki, note)) key = spki;
  }
  for (const { index, line, leaf } of inOrder(candidates, id)) {
    const bytes = await readOriginal(archive, leaf.key);
    const { lines } = bytes ? readSegment(bytes) : { lines: [] };
    const at = lines.findIndex((event) => event.includes(id) && readEventLine(event).id === id);
    if (at < 0) continue;
    return {
      checkpoint: note.toString('utf8'),
      key,
      line: lines[at] ?? '',
      log: { hashes: inclusionProof(index, hashes).map(toHex), index },
      segment: { hashes: inclusionProof(at, lines.map(hashLeaf)).map(toHex), index: at, leaf: line },
      type: 'ward-audit-proof',
      v: 1,
    };
  }
  return undefined;
}

/** An event's id is a UUIDv7 and tells when it was made (RFC 9562 section 5.7): segments of that time are opened first. */
function inOrder(candidates: readonly Candidate[], id: string): Candidate[] {
  const made = Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);
  const distance = ({ leaf }: Candidate): number =>
    Math.max(0, Date.parse(leaf.first) - made, made - Date.parse(leaf.last));
  return candidates
    .map((candidate) => ({ candidate, apart: distance(candidate) }))
    .sort((a, b) => a.apart - b.apart)
    .map(({ candidate }) => candidate);
}

async function readOriginal(archive: Archive, key: string): Promise<Buffer | undefined> {
  for await (const object of archive.list(key)) {
    const version = object.key === key ? originalVersion(object) : undefined;
    if (version !== undefined) return archive.read(key, version);
  }
  return undefined;
}

async function newestCheckpoint(
  archive: Archive,
): Promise<{ readonly size: number; readonly note: Buffer } | undefined> {
  let found: { readonly size: number; readonly key: string; readonly version: string } | undefined;
  for await (const object of archive.list(checkpointPrefix)) {
    const size = readCheckpointKey(object.key);
    const version = originalVersion(object);
    if (size !== undefined && version !== undefined) found = { size, key: object.key, version };
  }
  const note = found && (await archive.read(found.key, found.version));
  return found && note ? { size: found.size, note } : undefined;
}

async function* logLines(archive: Archive, size: number): AsyncGenerator<string> {
  const files = ahead(archive.list(leavesPrefix), 16, async (object) => {
    const range = readLeavesKey(object.key);
    if (!range || range.first >= size) return undefined;
    return archive.read(object.key, originalVersion(object));
  });
  for await (const bytes of files) yield* bytes?.toString('utf8').trimEnd().split('\n') ?? [];
}

function signs(spki: string, note: Buffer): boolean {
  try {
    return verifyNote(parseNote(note), [signingKey(Buffer.from(spki, 'base64'))]).length > 0;
  } catch {
    return false;
  }
}

const toHex = (bytes: Hash): string => bytes.toString('hex');
const fromHex = (hex: string): Buffer => Buffer.from(hex, 'hex');
