import { HeadObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { checkpointKey, leavesPrefix } from '../../lambda/audit/log-keys';
import { oldestPromise } from '../../lambda/audit/log-state';
import { LogStore } from '../../lambda/audit/log-store';
import { OutboxReader } from '../../lambda/audit/outbox-reader';
import { type Check, type Finding, green, red, unseen } from './finding';
import { logGroupsOf, type MetricLine, newestMetric } from './metric-lines';
import { eachLane, openLanes, timeOf } from './open-lanes';
import { output, type Place } from './place';

export interface LogFacts {
  readonly now: Date;
  /** of the oldest object of the log; absent before the first */
  readonly began?: Date;
  /** when the archive got the newest checkpoint */
  readonly checkpoint?: Date;
  /** the oldest event of the outbox that is not in the archive */
  readonly unsealedSince?: Date;
  /** since when the archive has lacked what an epoch promised */
  readonly missingSince?: Date;
  /** what the newest run of the last 26 hours found */
  readonly verification?: MetricLine;
}

const minute = 60_000;
const hour = 60 * minute;
/** the thresholds of the alarms: docs/runbook.md */
const limits = { sealing: 10 * minute, checkpoint: 5 * minute, missing: 15 * minute, verification: 26 * hour };

/** 45 CFR 164.312(b), (c)(2): events move into the archive, somebody vouches for them, and somebody has looked since. */
export const auditLog: Check<Place> = {
  name: 'Audit log',
  rule: '45 CFR 164.312(b), (c)(2)',
  look: async (place) => judgeLog(await factsOf(place)),
};

export function judgeLog(facts: LogFacts): readonly Finding[] {
  const { now, began, checkpoint, unsealedSince, missingSince, verification } = facts;
  const age = (at: Date) => now.getTime() - at.getTime();
  const late = (at: Date | undefined, limit: number) => at !== undefined && age(at) > limit;
  const lag =
    unsealedSince && late(unsealedSince, limits.sealing)
      ? red('sealing lag', `an event has waited ${inWords(age(unsealedSince))}`, 'docs/runbook.md, "Sealing lag"')
      : green('sealing lag', unsealedSince ? `${inWords(age(unsealedSince))} at most` : 'nothing waits');
  const stale = 'docs/runbook.md, "Checkpoint staleness"';
  const signed = checkpoint
    ? late(checkpoint, limits.checkpoint)
      ? red('checkpoint', `the newest is ${inWords(age(checkpoint))} old`, stale)
      : green('checkpoint', `the newest is ${inWords(age(checkpoint))} old`)
    : late(unsealedSince, limits.checkpoint) || began
      ? red('checkpoint', 'none is in the archive', stale)
      : unseen('checkpoint', 'not yet: the first is signed a minute after the first event');
  const promised =
    missingSince && late(missingSince, limits.missing)
      ? red(
          'outbox age',
          `the archive has lacked a promised event for ${inWords(age(missingSince))}`,
          'docs/runbook.md, "Outbox age"',
        )
      : green('outbox age', 'the archive has what the log promised');
  return [lag, signed, promised, judgeVerification(facts.now, began, verification)];
}

function judgeVerification(now: Date, began: Date | undefined, verification: MetricLine | undefined): Finding {
  const subject = 'verification';
  const page = 'docs/runbook.md, "Verification failure"';
  if (verification) {
    const when = inWords(now.getTime() - verification.at.getTime());
    return verification.value === 0
      ? green(subject, `nothing was found ${when} ago`)
      : red(subject, `${verification.value} findings ${when} ago`, page);
  }
  if (began && now.getTime() - began.getTime() > limits.verification)
    return red(subject, 'no run in the last 26 hours', page);
  return unseen(subject, 'not yet: the first runs a day after the deployment; "ward audit verify" looks now');
}

async function factsOf(place: Place): Promise<LogFacts> {
  const { now, documents, objects } = place;
  const Bucket = output(place, 'ArchiveBucket');
  const { state } = await new LogStore(documents, output(place, 'AuditLogTable'), () => now).read();
  const outbox = new OutboxReader(documents, output(place, 'AuditTable'));
  // Of the archive, since the table is a cache: what it says of a checkpoint that is not there counts for nothing.
  const newest =
    state.tree.size === 0
      ? undefined
      : await objects.send(new HeadObjectCommand({ Bucket, Key: checkpointKey(state.tree.size) }));
  const first = await objects.send(new ListObjectsV2Command({ Bucket, Prefix: leavesPrefix, MaxKeys: 1 }));
  const waiting = await eachLane(await openLanes(state, outbox), ({ lane, archivedTo }) =>
    outbox.events(lane, archivedTo + 1, archivedTo + 1),
  );
  const unsealed = waiting.flat().map(timeOf);
  const promise = oldestPromise(state);
  const verification = await newestVerification(place);
  return {
    now,
    ...(first.Contents?.[0]?.LastModified && { began: first.Contents[0].LastModified }),
    ...(newest?.LastModified && { checkpoint: newest.LastModified }),
    ...(unsealed.length > 0 && { unsealedSince: new Date(Math.min(...unsealed.map((at) => at.getTime()))) }),
    ...(promise !== undefined && { missingSince: new Date(promise) }),
    ...(verification && { verification }),
  };
}

async function newestVerification({ logs, stage, now }: Place): Promise<MetricLine | undefined> {
  const since = new Date(now.getTime() - limits.verification);
  for (const group of await logGroupsOf(logs, `ward-${stage}-operations-VerificationLogs`)) {
    const found = await newestMetric(logs, group, 'VerificationFindings', since);
    if (found) return found;
  }
  return undefined;
}

/** @returns such as `40 s`, `12 min`, `3 h` or `2 days` */
export function inWords(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} days`;
}
