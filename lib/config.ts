import type { Node } from 'constructs';
import * as z from 'zod';
import { detectionSettings } from '../lambda/breach/detect/settings';

const stageName = /^[a-z][a-z0-9-]{0,19}$/;
const host = '[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*';
const text = (pattern: RegExp, error: string) => z.string({ error }).regex(pattern, { error });

const whole = (least: number, most: number, unit: string) => {
  const error = `a whole number of ${unit}, ${least} to ${most}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
};

/** 45 CFR 164.312(a)(2)(iii): when a sign-in counts no more. A longer idle time than an hour is no automatic logoff. */
const sessions = z.strictObject(
  {
    workforceIdleMinutes: whole(1, 60, 'minutes').default(15),
    patientIdleMinutes: whole(1, 60, 'minutes').default(30),
    absoluteHours: whole(1, 12, 'hours').default(12),
  },
  { error: 'an object with workforceIdleMinutes, patientIdleMinutes and absoluteHours' },
);

const retention = z.strictObject(
  {
    years: whole(5, 100, 'years').default(10),
    ageOfMajority: whole(18, 21, 'years').default(18),
  },
  { error: 'an object with years and ageOfMajority' },
);

const prefixList = text(/^pl-[0-9a-f]{8,17}$/, 'the id of a prefix list: aws ec2 describe-managed-prefix-lists');
/** What functions reach without a network address of their own: AWS gives these lists other ids in each Region. */
const prefixLists = z.strictObject(
  { dynamodb: prefixList, s3: prefixList },
  { error: 'an object with dynamodb and s3, the ids of the prefix lists of the Region' },
);

const domain = z.strictObject(
  {
    name: text(new RegExp(`^${host}$`), 'the name of the API, such as api.example.org'),
    certificateArn: text(
      /^arn:aws:acm:[a-z0-9-]+:\d{12}:certificate\/[0-9a-f-]{36}$/,
      'the ARN of a certificate in AWS Certificate Manager, of the Region of the stage',
    ),
  },
  { error: 'an object with name and certificateArn' },
);

const mutualTls = z.strictObject(
  {
    truststore: text(/^s3:\/\/[a-z0-9.-]{3,63}\/.+$/, 'the place of a PEM file: s3://<bucket>/<object>'),
    version: text(/^\S{1,1024}$/, 'the version of the object').optional(),
  },
  { error: 'an object with truststore and version' },
);

const multiRegionKey = text(/^mrk-[0-9a-f]{32}$/, 'the id of a multi-Region key: mrk- and 32 hexadecimal digits');
const recovery = z.strictObject(
  {
    region: text(/^[a-z]{2}(-[a-z]+)+-\d$/, 'an AWS Region such as us-west-2'),
    account: text(/^\d{12}$/, 'an AWS account: 12 digits, in quotes').optional(),
    /** of the stage's own keys, once they are there; a replica is in the account of its key */
    keys: z
      .strictObject(
        {
          /** absent where the stage's own is the replica of another stage's */
          patient: multiRegionKey.optional(),
          signing: z.array(multiRegionKey, { error: 'a list of ids of keys, each such as mrk-…' }).min(1).max(9),
        },
        { error: 'an object with patient and signing' },
      )
      .optional(),
    /** the stage in that Region that takes over when this one is lost: the replica of the patient key opens for it */
    standby: text(stageName, 'the name of the stage that stands by in that Region').optional(),
  },
  { error: 'an object with region, account, keys and standby' },
);

const succeeds = z.strictObject(
  {
    stage: text(stageName, 'the name of the stage whose tables this one takes over when it is lost'),
    fingerprint: text(/^[0-9a-f]{64}$/, 'the fingerprint of the first key of its audit log: 64 hexadecimal digits'),
  },
  { error: 'an object with stage and fingerprint' },
);

const waf = z.strictObject(
  {
    /** ISO 3166-1; none: requests may come from anywhere */
    countries: z
      .array(text(/^[A-Z]{2}$/, 'a country: two capital letters'), { error: 'a list of countries, such as US' })
      .min(1, { error: 'a list of countries, such as US' })
      .optional(),
    /** in five minutes */
    requestsPerAddress: whole(100, 1_000_000, 'requests in five minutes').default(6000),
    requestsPerToken: whole(100, 1_000_000, 'requests in five minutes').default(3000),
  },
  { error: 'an object with countries, requestsPerAddress and requestsPerToken' },
);

const yesOrNo = z.boolean({ error: 'true or false' });

/** What one stage is deployed with. Every message completes the sentence "<setting> must be …". */
const settings = z.strictObject({
  kind: z.enum(['development', 'production'], { error: 'development or production' }),
  organization: text(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    '1 to 63 lower-case letters, digits and inner hyphens; it is bound into every key and cannot change later',
  ),
  account: text(/^\d{12}$/, 'an AWS account: 12 digits, in quotes'),
  region: text(/^[a-z]{2}(-[a-z]+)+-\d$/, 'an AWS Region such as us-east-1'),
  relyingParty: text(new RegExp(`^${host}$`), 'the domain that passkeys belong to, such as app.example.org'),
  webOrigins: z
    .array(
      text(
        new RegExp(`^(https://${host}|http://(localhost|127\\.0\\.0\\.1))(:\\d{1,5})?$`),
        'an origin such as https://app.example.org: scheme and host, no path, https but for this machine',
      ),
      { error: 'a list of origins, each such as https://app.example.org' },
    )
    .default([]),
  sessions: sessions.prefault({}),
  signingKeys: z
    .int({ error: 'how many keys have signed the audit log: 1, and one more for each rotation' })
    .min(1)
    .max(9)
    .default(1),
  retention: retention.prefault({}),
  detection: detectionSettings.prefault({}),
  mailFrom: z.email({ error: 'the e-mail address that invitations come from' }).optional(),
  network: z.enum(['isolated', 'none'], { error: 'isolated or none' }).default('isolated'),
  availabilityZones: z
    .array(text(/^[a-z]$/, 'the letter of an availability zone'), { error: 'two or three letters of zones' })
    .min(2, { error: 'two or three letters of zones' })
    .max(3, { error: 'two or three letters of zones' })
    .default(['a', 'b']),
  prefixLists: prefixLists.optional(),
  domain: domain.optional(),
  mutualTls: mutualTls.optional(),
  waf: waf.prefault({}),
  guardDuty: yesOrNo.default(false),
  securityHub: yesOrNo.default(false),
  archiveAccount: text(/^\d{12}$/, 'an AWS account of other people: 12 digits, in quotes').optional(),
  /** where a second archive and copies of the backups are */
  recovery: recovery.optional(),
  /** the stage of another Region that this one stands by for */
  succeeds: succeeds.optional(),
  multiRegionKeys: yesOrNo.default(true),
  /** a registered patient who is nobody: the record that a restore test opens */
  canary: z.uuid({ error: 'the id of a patient who is nobody, registered for restore tests' }).optional(),
  keyAdministrators: z
    .array(
      text(/^arn:aws:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/, 'the ARN of a role that ends a key when it must be'),
      {
        error: 'a list of ARNs of roles',
      },
    )
    .default([]),
  /** who may assume the role that runs dead letters again; none: there is no such role */
  redriveOperators: z
    .array(
      text(
        /^arn:aws:iam::\d{12}:(user|role)\/[\w+=,.@/-]{1,512}$/,
        'the ARN of a user or role that runs dead letters again',
      ),
      { error: 'a list of ARNs of users and roles' },
    )
    .default([]),
});

const coherent = settings
  .refine(({ network, prefixLists }) => network === 'none' || prefixLists !== undefined, {
    path: ['prefixLists'],
    error: 'the prefix lists of the Region, for an isolated network: aws ec2 describe-managed-prefix-lists',
  })
  .refine(({ mutualTls, domain }) => mutualTls === undefined || domain !== undefined, {
    path: ['domain'],
    error: 'given for mutual TLS, which API Gateway has for domains of yours alone',
  })
  .refine(({ account, archiveAccount }) => account !== archiveAccount, {
    path: ['archiveAccount'],
    error: 'another account than that of the stage',
  })
  .refine(({ region, recovery: copies }) => copies?.region !== region, {
    path: ['recovery', 'region'],
    error: 'another Region than that of the stage',
  })
  .refine(({ recovery: copies, multiRegionKeys }) => !copies?.keys || multiRegionKeys, {
    path: ['recovery', 'keys'],
    error: 'absent where multiRegionKeys is false: such keys have no replicas',
  })
  .refine(({ account, recovery: copies }) => !copies?.standby || (copies.account ?? account) === account, {
    path: ['recovery', 'account'],
    error: 'that of the stage where another one stands by: AWS Backup restores a copy in the account that has it',
  });

const production = coherent
  .refine((stage) => stage.network === 'isolated', {
    path: ['network'],
    error: 'isolated in production',
  })
  .refine((stage) => stage.mailFrom !== undefined, {
    path: ['mailFrom'],
    error: 'an e-mail address verified in SES, for Cognito by itself sends 50 messages a day',
  })
  .refine((stage) => stage.relyingParty.includes('.'), {
    path: ['relyingParty'],
    error: 'a domain of yours, such as app.example.org',
  })
  .refine((stage) => stage.webOrigins.every((origin) => origin.startsWith('https://')), {
    path: ['webOrigins'],
    error: 'https origins alone',
  })
  .refine((stage) => !/^0+$/.test(stage.account), { path: ['account'], error: 'an AWS account that exists' });

export interface Config extends z.infer<typeof settings> {
  readonly stage: string;
  /** the settings of the stage that this one succeeds */
  readonly predecessor?: Omit<Config, 'predecessor'>;
}

/**
 * Reads the settings of the stage that `-c stage=…` names from the `ward` context of cdk.json.
 * @throws Error with a line for every setting that is wrong: its name and what it may be, never its value
 */
export function readConfig(node: Node): Config {
  return parseConfig(node.tryGetContext('ward'), node.tryGetContext('stage'));
}

/** @throws Error as readConfig does */
export function parseConfig(ward: unknown, stage: unknown = 'local'): Config {
  const outer = z.strictObject({ stages: z.record(z.string(), z.unknown()) }).safeParse(ward);
  if (!outer.success) throw new Error('cdk.json context ward must be an object with one member: stages');
  const { stages } = outer.data;
  const misnamed = Object.keys(stages).filter((name) => !stageName.test(name));
  if (misnamed.length > 0)
    throw new Error(
      'cdk.json ward.stages: the name of a stage must be a letter and at most 19 letters, digits and hyphens, lower-case',
    );
  if (typeof stage !== 'string' || !Object.hasOwn(stages, stage))
    throw new Error(`stage must be one that cdk.json has under ward.stages: ${Object.keys(stages).join(', ')}`);

  const own = parseStage(stages, stage);
  if (!own.succeeds) return own;
  const faults: string[] = [];
  const fault = (setting: string, must: string) => faults.push(`cdk.json ward.stages.${setting} must be ${must}`);
  const { stage: other } = own.succeeds;
  if (other === stage || !Object.hasOwn(stages, other)) {
    fault(`${stage}.succeeds.stage`, 'another stage of this cdk.json');
    throw new Error(faults.join('\n'));
  }
  const predecessor = parseStage(stages, other);
  for (const setting of ['kind', 'organization', 'account'] as const)
    if (own[setting] !== predecessor[setting])
      fault(`${stage}.${setting}`, `that of the stage it succeeds: keys and replicas are bound to it`);
  if (predecessor.recovery?.region !== own.region)
    fault(`${other}.recovery.region`, `that of ${stage}, which succeeds it`);
  if (predecessor.recovery?.standby !== stage) fault(`${other}.recovery.standby`, `${stage}, which succeeds it`);
  const takesKey = predecessor.recovery?.keys?.patient !== undefined;
  if (takesKey && own.recovery?.keys?.patient !== undefined)
    fault(`${stage}.recovery.keys.patient`, 'absent: its patient key is a replica itself');
  if (!takesKey && predecessor.succeeds?.stage !== stage)
    fault(`${other}.recovery.keys`, `given with patient: ${stage} opens records with the replica of that key`);
  if (faults.length > 0) throw new Error(faults.join('\n'));
  return { ...own, predecessor };
}

function parseStage(stages: Readonly<Record<string, unknown>>, stage: string): Config {
  const chosen = stages[stage];
  const parsed = settings.safeParse(chosen);
  // Refinements are not run on an object that is malformed, so each kind of fault is reported whole.
  const checked = !parsed.success
    ? parsed
    : (parsed.data.kind === 'production' ? production : coherent).safeParse(chosen);
  if (checked.success) return { ...checked.data, stage };
  throw new Error(checked.error.issues.map((issue) => complaint(`ward.stages.${stage}`, issue)).join('\n'));
}

function complaint(prefix: string, issue: z.core.$ZodIssue): string {
  const name = [prefix, ...issue.path].join('.');
  if (issue.code === 'unrecognized_keys')
    return `cdk.json ${name} has no setting ${issue.keys.join(', ')}; it has ${Object.keys(settings.shape).join(', ')}`;
  if (issue.code === 'invalid_type' && issue.expected === 'object') return `cdk.json ${name} must be an object`;
  return `cdk.json ${name} must be ${issue.message}`;
}
