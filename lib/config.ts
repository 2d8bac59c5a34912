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
});

const production = settings
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

  const chosen = stages[stage];
  const parsed = settings.safeParse(chosen);
  // Refinements are not run on an object that is malformed, so each kind of fault is reported whole.
  const checked = parsed.success && parsed.data.kind === 'production' ? production.safeParse(chosen) : parsed;
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
