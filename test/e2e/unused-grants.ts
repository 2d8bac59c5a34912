import type { Granted } from '../../local/iam/granted';

/** A grant that was not used, and the statement that it is part of. */
export interface Unused {
  /** name of the role, without the stage */
  readonly role: string;
  readonly grant: Pick<Granted, 'action' | 'of' | 'value'>;
  readonly statement: readonly Pick<Granted, 'action' | 'of' | 'value'>[];
}
/** Grants that the end-to-end suite does not use, and why they stay. */
export interface Exception {
  readonly what: string;
  readonly covers: (unused: Unused) => boolean;
  readonly reason: string;
  /** what a run uses of it depends on when it asks, so that a run may leave none unused */
  readonly sometimes?: true;
}

const has = ({ statement }: Unused, of: string, value: RegExp): boolean =>
  statement.some((each) => each.of === of && value.test(each.value));
const via = (service: string) => (unused: Unused) =>
  has(unused, 'kms:viaservice', new RegExp(`^${service}\\.`)) && /^kms:/.test(unused.grant.action);

/** @param key of the partition that the statement names; any where it is left out */
const path = (role: string, action: string, key: RegExp | undefined, reason: string): Exception => ({
  what: `${role}: ${action}${key ? ` on ${key.source}` : ''}`,
  covers: (unused) =>
    unused.role === role &&
    unused.grant.action === action &&
    (!key || has(unused, 'dynamodb:leadingkeys', key)) &&
    (unused.grant.of !== 'dynamodb:leadingkeys' || key?.test(unused.grant.value) === true),
  reason,
});

/** @param partitions by action: those that the statement of a grant names, each of which must be among them; `[]` for none */
const among =
  (name: string, partitions: Readonly<Record<string, readonly string[]>>) =>
  ({ role, grant, statement }: Unused): boolean => {
    const allowed = partitions[grant.action];
    if (role !== name || !allowed) return false;
    if (grant.of === 'dynamodb:leadingkeys') return allowed.includes(grant.value);
    const named = statement.filter(({ of }) => of === 'dynamodb:leadingkeys');
    return named.every(({ value }) => allowed.includes(value));
  };

/** What no end-to-end test does. Each is shown by a test of its own area; a test that takes the path makes the entry fail. */
const paths: readonly Exception[] = [
  path(
    'users',
    'cognito-idp:AdminDeleteUser',
    undefined,
    'Takes back an account whose record could not be written, after a fault in between',
  ),
  path(
    'people-sweep',
    'dynamodb:UpdateItem',
    /^HOLDERS$/,
    'The count of holders changes when the suspension of an administrator ends by itself',
  ),
  path(
    'incident-containment',
    'dynamodb:UpdateItem',
    /^HOLDERS$/,
    'The count of holders changes when an incident suspends an administrator',
  ),
  path(
    'incident-containment',
    'dynamodb:PutItem',
    /^CONTROL/,
    'An incident may freeze a role or a patient; drills suspend the person instead',
  ),
  path(
    'reconciler',
    'dynamodb:PutItem',
    /^LANE/,
    'Records what it found that contradicts itself; in the suite nothing does where a function runs',
  ),
  path(
    'reconciler',
    'dynamodb:Query',
    /^LANES$/,
    'Lists lanes that no segment names yet; in the suite every lane has been sealed before it runs',
  ),
  path(
    'tasks',
    'dynamodb:PutItem',
    /^IDEMPOTENCY/,
    'A task may be recorded under an idempotency key, as everything else that is created',
  ),
  path(
    'workforce-relations',
    'dynamodb:PutItem',
    /^O#$/,
    'Makes the key of the blind index where nobody was registered before',
  ),
  path(
    'workforce-relations',
    'kms:GenerateDataKey',
    undefined,
    'Makes the key of the blind index where nobody was registered before',
  ),
  path(
    'workforce-relations',
    'dynamodb:DeleteItem',
    /^PATIENT/,
    'Takes a relation away when the person moved, or was married',
  ),
];

export const exceptions: readonly Exception[] = [
  {
    what: 'dead letters',
    covers: (unused) => unused.grant.action === 'sqs:SendMessage' || via('sqs')(unused),
    reason: 'Lambda puts what it gave up after its retries into the queue, as the function; no queue runs on a laptop',
  },
  {
    what: 'the keys of tables',
    covers: via('dynamodb'),
    sometimes: true,
    reason:
      'DynamoDB asks for its table’s key in the name of whoever calls, when it sees fit: reading and writing go together',
  },
  {
    what: 'the keys of buckets',
    covers: via('s3'),
    sometimes: true,
    reason: 'S3 asks for the key when an object is there to be opened: what is read back after a cut is there seldom',
  },
  {
    what: 'the time of last use of a session',
    covers: (unused) =>
      unused.grant.action === 'dynamodb:UpdateItem' && has(unused, 'dynamodb:leadingkeys', /^SESSION#\*$/),
    sometimes: true,
    reason: 'Whichever function somebody asks first after a minute writes it, so that each may and few do in one run',
  },
  {
    what: 'keys that are in memory',
    covers: (unused) => unused.grant.action === 'kms:Decrypt' && has(unused, 'kms:encryptioncontext:purpose', /./),
    sometimes: true,
    reason: 'An instance unwraps what another instance made; on a laptop the one that made a key mostly still has it',
  },
  {
    what: 'the list of a bucket',
    covers: ({ grant }) => grant.action === 's3:ListBucket',
    sometimes: true,
    reason: 'Who may not list is told of a missing object that access is denied: it is asked for missing objects alone',
  },
  {
    what: 'the domain of the sender',
    covers: ({ grant }) => grant.action === 'ses:SendEmail' && !grant.value.includes('@'),
    reason: 'Mail is sent under the identity that is verified, the address or its domain: a stage has one of the two',
  },
  {
    what: 'documents by name and by version',
    covers: ({ grant }) => /^s3:GetObject(Version)?$/.test(grant.action) && /documentsbucket/.test(grant.value),
    sometimes: true,
    reason: 'S3 has two permissions for reading one locked document, and who reads by version may read by name as well',
  },
  {
    what: 'the names of streams',
    covers: ({ grant }) => grant.action === 'dynamodb:ListStreams',
    reason: 'Lambda asks for it, as the function, when the trigger is made; the laptop starts its triggers by itself',
  },
  {
    what: 'interfaces in the network',
    covers: ({ grant }) => grant.action.startsWith('ec2:'),
    reason:
      'Lambda connects a function to its subnets with its role, before any of its code runs; a laptop has no network',
  },
  {
    what: 'restored tables and documents',
    covers: among('restore-validation', {
      'backup:DescribeRestoreJob': [],
      'backup:ListRestoreJobs': [],
      'backup:PutRestoreValidationResult': [],
      'dynamodb:GetItem': ['ACTOR#*', 'APPROVAL#*', 'CONTROL#*', 'LANE#*', 'O#', 'P#*'],
      'dynamodb:PutItem': ['LANE#*', 'LANES'],
      'dynamodb:Query': ['O#', 'P#*'],
      'dynamodb:Scan': [],
      's3:GetObject': [],
    }),
    reason: 'AWS Backup restores stores to test that it can; on a laptop nothing is restored that it could look into',
  },
  {
    what: 'what a restore might have given back',
    covers: (unused) =>
      among('restore-replay', {
        'dynamodb:GetItem': ['EMERGENCIES'],
        'dynamodb:PutItem': ['EMERGENCIES'],
        'dynamodb:Query': ['LANE#*', 'LANES'],
        'dynamodb:UpdateItem': ['HOLDERS'],
      })(unused) ||
      (unused.grant.of === 'dynamodb:attributes' &&
        /^(approvedBy|suspensionExpiresAt)$/.test(unused.grant.value) &&
        unused.role === 'restore-replay'),
    sometimes: true,
    reason:
      'No emergency access is open, no officer or administrator suspended and no suspension limited when the suite restores, and every event is sealed',
  },
  {
    what: 'alerts that wait',
    covers: (unused) =>
      (unused.role === 'alert-sweep' && via('sns')(unused)) ||
      among('alert-sweep', {
        'cognito-idp:AdminDisableUser': [],
        'cognito-idp:AdminGetUser': [],
        'cognito-idp:AdminUserGlobalSignOut': [],
        'dynamodb:DeleteItem': ['ALERT-DELIVERIES', 'ALERT-LIST#*', 'DETECT-DUE'],
        'dynamodb:GetItem': ['ACTOR#*', 'ALERT#*', 'DETECT#*', 'DETECT-BASELINES', 'HOLDERS', 'P#*', 'RELATIONS#*'],
        'dynamodb:PutItem': [
          ...['ALERT#*', 'ALERT-DELIVERIES', 'ALERT-LIST#*', 'LANE#*', 'LANES'],
          ...['DETECT#*', 'DETECT-BASELINES', 'DETECT-DUE', 'DETECT-SUBJECTS'],
        ],
        'dynamodb:Query': ['ALERT-DELIVERIES', 'ALERT-LIST#*', 'DETECT-DUE', 'DETECT-SUBJECTS', 'PATIENT#*'],
        'dynamodb:UpdateItem': ['ACTOR#*', 'ALERT-DELIVERIES', 'HOLDERS'],
        'ses:SendEmail': [],
        'sns:Publish': [],
      })(unused),
    sometimes: true,
    reason:
      'It settles what waited for its explanation and sends what could not be sent, by the code of the detector: what of it a run needs depends on what waits',
  },
  {
    what: 'an alert that is told again',
    covers: ({ role, grant, statement }) =>
      /^(detector|alert-containment)$/.test(role) &&
      (grant.value === 'ALERT-LIST#*' ||
        statement.some(({ value }) => value === 'ALERT-LIST#*' || value === 'HOLDERS')),
    sometimes: true,
    reason:
      'An alert moves from one list to another, and a count of officers goes down, only where a second finding or an officer is concerned',
  },
  {
    what: 'whom a breach concerns, whole',
    covers: ({ role, grant }) => role === 'breach-sweep' && grant.of === 'dynamodb:attributes',
    sometimes: true,
    reason: 'The sweep writes a person of an incident back whole, and some attributes only some people have',
  },
  ...paths,
];

/** Roles that no function of the laptop cloud has, by name without the stage. */
export const serviceRoles: readonly { readonly name: RegExp; readonly reason: string }[] = [
  { name: /^auditor$/, reason: 'Auditors assume it, with a second factor, for Athena, which does not run on a laptop' },
  {
    name: /^redrive$/,
    reason: 'An operator assumes it, with a second factor, for a queue that does not run on a laptop',
  },
  {
    name: /^recovery-ContingencyRole/,
    reason: 'AWS Backup takes and restores backups with it; no laptop has AWS Backup',
  },
  { name: /^restore$/, reason: 'AWS Backup restores with it what a person asks for; no laptop has AWS Backup' },
  { name: /^network-/, reason: 'The network writes its flow log with it, which no laptop has' },
  { name: /^handlers-StagedDeploymentRole/, reason: 'CodeDeploy moves traffic with it; a laptop has one version' },
  {
    name: /^api-ApiRestCloudWatchRole/,
    reason: 'API Gateway writes the access log with it, under a policy that AWS keeps',
  },
];
