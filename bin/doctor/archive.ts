import {
  GetBucketReplicationCommand,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { type Check, type Finding, green, notOnTheLaptop, red, unseen } from './finding';
import { output, type Place } from './place';

export interface LockFacts {
  readonly enabled: boolean;
  /** of the bucket's default retention; absent where it has none */
  readonly mode?: string;
  readonly days?: number;
  readonly versioned: boolean;
}

/** Where S3 copies a bucket to. */
export interface CopyFacts {
  /** one rule that is on copies every object */
  readonly all: boolean;
  /** name of the bucket that it copies to; absent where none does */
  readonly to?: string;
}

/** six years, leap days included: 45 CFR 164.316(b)(2)(i) */
const sixYearsDays = 2192;

/** 45 CFR 164.312(c)(1): what is sealed can be neither changed nor removed before six years are over. */
export const archive: Check<Place> = {
  name: 'Archive',
  rule: '45 CFR 164.312(c)(1), 164.316(b)(2)(i)',
  look: async (place) => [
    ...judgeArchive(await lockOf(place.objects, output(place, 'ArchiveBucket')), place.kind),
    ...(place.deployed
      ? [
          judgeCopy('archive', await copyOf(place.objects, output(place, 'ArchiveBucket')), place.kind),
          judgeCopy('trail', await copyOf(place.objects, output(place, 'TrailBucket')), place.kind),
        ]
      : [notOnTheLaptop('second copies')]),
    ...judgeDocuments(await lockOf(place.objects, output(place, 'DocumentsBucket'))),
  ],
};

export function judgeArchive(facts: LockFacts, kind: Place['kind']): readonly Finding[] {
  const subject = 'archive';
  const noWay =
    'a lock cannot be given back to what was written without it: open an incident, then deploy the stage again';
  if (!facts.enabled) return [red(subject, 'Object Lock is off', noWay)];
  if (facts.mode === undefined || facts.days === undefined)
    return [red(subject, 'new objects are not locked: the bucket has no default retention', noWay)];
  const lock = `${facts.mode}, ${facts.days} days`;
  const findings: Finding[] = [];
  if (kind === 'development') findings.push(green(subject, `locked: ${lock}; a development stage may end`));
  else if (facts.mode !== 'COMPLIANCE')
    findings.push(red(subject, `locked: ${lock}, which an administrator can lift`, noWay));
  else if (facts.days < sixYearsDays)
    findings.push(red(subject, `locked: ${lock}, which is less than the ${sixYearsDays} of six years`, noWay));
  else findings.push(green(subject, `locked: ${lock}`));
  if (!facts.versioned) findings.push(red(subject, 'versions are not kept', 'turn versioning on'));
  return findings;
}

/** 45 CFR 164.308(a)(7)(ii)(A): one Region that is lost must not take the only evidence with it. */
export function judgeCopy(store: 'archive' | 'trail', { all, to }: CopyFacts, kind: Place['kind']): Finding {
  const subject = `second ${store}`;
  if (to === undefined && kind === 'development') return unseen(subject, 'this development stage has none');
  if (to === undefined)
    return red(
      subject,
      `the ${store} is in one Region alone`,
      'name another Region in the setting `recovery`, deploy, and run S3 Batch Replication once for what is there already',
    );
  return all
    ? green(subject, `every object is copied to ${to}`)
    : red(subject, 'not every object is copied', 'deploy the stage again, and find in CloudTrail who changed the rule');
}

/** Terms differ by document, and each is locked when it is put: the bucket has no default. */
export function judgeDocuments({ enabled, versioned }: LockFacts): readonly Finding[] {
  return enabled && versioned
    ? [green('documents', 'can be locked, every version is kept')]
    : [red('documents', 'what must be kept can be removed', 'deploy the stage again; dossiers must be written anew')];
}

async function lockOf(client: S3Client, Bucket: string): Promise<LockFacts> {
  const { Status } = await client.send(new GetBucketVersioningCommand({ Bucket }));
  const versioned = Status === 'Enabled';
  try {
    const { ObjectLockConfiguration: lock } = await client.send(new GetObjectLockConfigurationCommand({ Bucket }));
    const { Mode: mode, Days, Years } = lock?.Rule?.DefaultRetention ?? {};
    // A calendar year has 365 days at least: what is measured in years is not rounded up.
    const days = Days ?? (Years === undefined ? undefined : Years * 365);
    return {
      enabled: lock?.ObjectLockEnabled === 'Enabled',
      versioned,
      ...(mode !== undefined && { mode }),
      ...(days !== undefined && { days }),
    };
  } catch (error) {
    if (error instanceof S3ServiceException && error.name === 'ObjectLockConfigurationNotFoundError')
      return { enabled: false, versioned };
    throw error;
  }
}

async function copyOf(client: S3Client, Bucket: string): Promise<CopyFacts> {
  try {
    const { ReplicationConfiguration: copies } = await client.send(new GetBucketReplicationCommand({ Bucket }));
    const rules = copies?.Rules?.filter(({ Status }) => Status === 'Enabled') ?? [];
    const whole = rules.find(({ Filter, Prefix }) => !Prefix && !Filter?.Prefix && !Filter?.Tag && !Filter?.And);
    const to = (whole ?? rules[0])?.Destination?.Bucket?.split(':').at(-1);
    return { all: whole !== undefined, ...(to !== undefined && { to }) };
  } catch (error) {
    if (error instanceof S3ServiceException && error.name === 'ReplicationConfigurationNotFoundError')
      return { all: false };
    throw error;
  }
}
