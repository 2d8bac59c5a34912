import type { Archive } from './archive';
import type { Finding, LaneRange } from './finding';
import type { Recheck } from './lane-ledger';
import { decodeLeaf, type SegmentLeaf } from './leaf';
import { LogError } from './log-error';
import { leavesPrefix, readLeavesKey } from './log-keys';
import type { SegmentJob, SegmentReport } from './segment-scan';

/**
 * Compares events that more than one leaf speaks of, which is rare: a batch that was delivered again and cut elsewhere, or
 * a fork. The log is read once more for the segments that hold them.
 */
export async function recheck(
  { ranges, promised }: Recheck,
  context: {
    readonly archive: Archive;
    readonly origin: string;
    /** leaves of the log that count */
    readonly end: number;
    readonly version: (key: string) => string | undefined;
    readonly check: (bytes: Buffer, job: SegmentJob) => Promise<SegmentReport>;
    readonly report: (finding: Finding) => void;
  },
): Promise<void> {
  const wanted = new Map<string, LaneRange[]>();
  const want = (range: LaneRange): void => void wanted.set(range[0], [...(wanted.get(range[0]) ?? []), range]);
  ranges.forEach(want);
  for (const [lane, seq] of promised) want([lane, seq, seq]);
  if (wanted.size === 0) return;
  const hashes = new Map(promised.map(([lane, seq, hash]) => [`${lane} ${seq}`, hash]));
  for await (const leaf of segmentLeaves(context)) {
    const here = leaf.lanes.flatMap(([lane, from, to]) =>
      (wanted.get(lane) ?? []).filter(([, first, last]) => first <= to && from <= last),
    );
    const bytes = here.length > 0 ? await context.archive.read(leaf.key, context.version(leaf.key)) : undefined;
    if (!bytes) continue;
    const report = await context.check(bytes, { leaf, origin: context.origin, promised: [], wanted: here });
    for (const [lane, seq, hash] of report.hashes) {
      const place = `${lane} ${seq}`;
      if ((hashes.get(place) ?? hash) !== hash)
        context.report({
          code: 'EVENT_FORK',
          message: 'two different events at one place of a lane',
          object: leaf.key,
          events: [[lane, seq, seq]],
        });
      hashes.set(place, hashes.get(place) ?? hash);
    }
  }
}

async function* segmentLeaves({
  archive,
  end,
  version,
}: {
  readonly archive: Archive;
  readonly end: number;
  readonly version: (key: string) => string | undefined;
}): AsyncGenerator<SegmentLeaf> {
  for await (const { key } of archive.list(leavesPrefix)) {
    const range = readLeavesKey(key);
    if (!range || range.first >= end) continue;
    const bytes = await archive.read(key, version(key));
    for (const line of bytes?.toString('utf8').split('\n') ?? []) {
      if (!line.includes('"type":"segment"')) continue;
      try {
        const leaf = decodeLeaf(line);
        if (leaf.type === 'segment') yield leaf;
      } catch (error) {
        if (!(error instanceof LogError)) throw error; // told already
      }
    }
  }
}
