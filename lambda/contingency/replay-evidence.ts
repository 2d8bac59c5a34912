import type { Archive } from '../audit/archive';
import { type AuditEvent, auditEvent } from '../audit/event';
import { type Finding, type FindingCode, isWarning, type LaneRange } from '../audit/finding';
import { leafHash } from '../audit/lane';
import type { OutboxReader } from '../audit/outbox-reader';
import { readSegment } from '../audit/segment';
import { scanSegment } from '../audit/segment-scan';
import { verifyArchive } from '../audit/verify';
import { isReplayed } from './replay-rules';

export interface ReplayEvidence {
  /** of the log */
  readonly origin: string;
  /** what the planner looks at, of the segments that hold what their leaves say */
  readonly events: readonly AuditEvent[];
  /** that the log is not what was written: nothing is concluded from it */
  readonly forged: readonly FindingCode[];
  /** events that the log promised and nobody has any more */
  readonly lost: number;
  /** of the newest checkpoint that is signed and true */
  readonly until: string | undefined;
}

/** What can be missing after a disaster without anybody having touched the log. */
const losses: readonly FindingCode[] = ['HEAD_UNFULFILLED', 'EVENT_GAP', 'LANE_MISSING'];
/** A log that stood still while the tables were gone is late, and nothing else. */
const expected: readonly FindingCode[] = ['CHECKPOINT_STALE'];
/** Everything promised must be there now: what would be on its way in quiet times may have gone with the tables. */
const graceMilliseconds = 60 * 60 * 1000;
/** events that a finding leaves open are looked up one lane at a time; a wreck of more is not searched */
const searchedEvents = 100_000;

/**
 * Verifies the whole log and reads what a replay needs from the very bytes that were verified.
 * @param options.since contents of segments that are older are not read
 * @param options.outbox absent: it is lost
 */
export async function gatherEvidence(
  archive: Archive,
  options: {
    readonly fingerprint: string;
    readonly origin: string;
    readonly since: Date | undefined;
    readonly now: Date;
    readonly outbox?: OutboxReader;
    /** a segment may never have arrived, and nobody has it any more: it is lost, as what the log promised and did not keep */
    readonly replica?: true;
  },
): Promise<ReplayEvidence> {
  const events: AuditEvent[] = [];
  const verification = await verifyArchive(archive, {
    fingerprint: options.fingerprint,
    reference: new Date(options.now.getTime() + graceMilliseconds),
    ...(options.since && { since: options.since }),
    check: async (bytes, job) => {
      const report = scanSegment(bytes, job);
      if (report.findings.length === 0) events.push(...readSegment(bytes).lines.flatMap(eventOf));
      return report;
    },
  });
  const findings = verification.findings.filter((each) => !isWarning(each) && each.acknowledged !== true);
  const isLoss = ({ code }: Finding): boolean =>
    losses.includes(code) || (code === 'SEGMENT_MISSING' && options.replica === true);
  const forged = findings.filter((each) => !isLoss(each) && !expected.includes(each.code));
  const open = findings.filter(isLoss);
  const found = await inOutbox(options.outbox, rangesOf(open));
  return {
    origin: options.origin,
    events: [...events, ...found.events],
    forged: [
      ...new Set(forged.map(({ code }) => code)),
      ...(verification.origin === options.origin ? [] : (['LOG_INCONSISTENT'] as const)),
    ],
    lost: found.missing + open.filter((finding) => !finding.events?.length).length,
    until: verification.checkpoint?.at,
  };
}

/** @returns ranges without what is in them twice: a lane may be missing for more than one reason */
function rangesOf(findings: readonly Finding[]): LaneRange[] {
  const ranges = findings.flatMap(({ events = [] }) => events);
  return [...new Map(ranges.map((range) => [range.join(), range])).values()];
}

async function inOutbox(
  outbox: OutboxReader | undefined,
  ranges: readonly LaneRange[],
): Promise<{ readonly events: readonly AuditEvent[]; readonly missing: number }> {
  const events: AuditEvent[] = [];
  let missing = 0;
  let searched = 0;
  for (const [lane, from, to] of ranges) {
    const wanted = to - from + 1;
    searched += wanted;
    const stored = searched > searchedEvents ? [] : ((await outbox?.events(lane, from, to)) ?? []);
    const sound = stored.filter(({ line, hash }) => leafHash(line) === hash);
    events.push(...sound.flatMap(({ line }) => eventOf(line)));
    missing += wanted - sound.length;
  }
  return { events, missing };
}

/** Most of a log are reads of records: they are told apart by a glance, and are never parsed. */
function eventOf(line: string): AuditEvent[] {
  const [, action] = /^\{"action":"([a-z0-9.:-]+)"/.exec(line) ?? [];
  return action !== undefined && isReplayed(action) ? [auditEvent.parse(JSON.parse(line))] : [];
}
