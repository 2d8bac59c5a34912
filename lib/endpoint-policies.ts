import type { Stack } from 'aws-cdk-lib';
import { AnyPrincipal, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { testPrefix } from '../lambda/environment';
import type { Config } from './config';
import { declarations, type FunctionDeclaration } from './functions';
import { restoredBuckets, restoredTableReads, restoreJobCalls } from './restore-validation';

/** ARNs of what functions may reach through the endpoints of their network. */
export interface Reachable {
  readonly tables: readonly string[];
  readonly buckets: readonly string[];
  /** buckets that are read and never written: the archive of the stage that this one succeeds */
  readonly read: readonly string[];
  /** the keys that functions call KMS with; those of the stores are used by the stores */
  readonly keys: readonly string[];
}

/** What functions call, by the SDK client that calls it. A client that is not here reaches nothing. */
export const calledServices = {
  'client-backup': 'backup',
  'client-dynamodb': 'dynamodb',
  'client-s3': 's3',
  'client-kms': 'kms',
  'client-cloudwatch-logs': 'logs',
  'client-cognito-identity-provider': 'cognito-idp',
  'client-sesv2': 'ses',
  'client-sns': 'sns',
} as const;
export type CalledService = (typeof calledServices)[keyof typeof calledServices];

const declared: readonly FunctionDeclaration[] = declarations.map(([, declaration]) => declaration);
const union = (prefix: string, actions: readonly string[]): string[] =>
  [...new Set(actions)].sort().map((action) => `${prefix}:${action}`);

/** What anybody may call on a user pool without a signature; a function of Ward calls none. A test holds it to the SDK. */
const publicCalls = [
  'AssociateSoftwareToken',
  'ChangePassword',
  'CompleteWebAuthnRegistration',
  'ConfirmDevice',
  'ConfirmForgotPassword',
  'ConfirmSignUp',
  'DeleteUser',
  'DeleteUserAttributes',
  'DeleteWebAuthnCredential',
  'ForgetDevice',
  'ForgotPassword',
  'GetDevice',
  'GetTokensFromRefreshToken',
  'GetUser',
  'GetUserAttributeVerificationCode',
  'GetUserAuthFactors',
  'GlobalSignOut',
  'InitiateAuth',
  'ListDevices',
  'ListUserSessions',
  'ListWebAuthnCredentials',
  'ResendConfirmationCode',
  'RespondToAuthChallenge',
  'RevokeToken',
  'RevokeUserSession',
  'SetUserMFAPreference',
  'SetUserSettings',
  'SignUp',
  'StartWebAuthnRegistration',
  'UpdateAuthEventFeedback',
  'UpdateDeviceStatus',
  'UpdateUserAttributes',
  'VerifySoftwareToken',
  'VerifyUserAttribute',
];

/**
 * The keys that tokens are verified with are read without a signature, under a name that AWS does not tell. So what has none is
 * let through, but for the calls by which it could hand something to a pool.
 */
function unsigned(pools: string): PolicyStatement {
  return new PolicyStatement({
    principals: [new AnyPrincipal()],
    notActions: publicCalls.map((call) => `cognito-idp:${call}`),
    resources: [pools],
    conditions: { Null: { 'aws:PrincipalArn': 'true' } },
  });
}

/**
 * The policies of the endpoints: what functions are granted, on Ward's own resources, under Ward's own roles. Credentials of
 * another account, by which code in a function could carry PHI away through AWS itself, open nothing here.
 * @returns the services that have an endpoint, each with the statements of its policy
 */
export function callsOf(
  stack: Stack,
  config: Config,
  { tables, buckets, read, keys }: Reachable,
): ReadonlyMap<CalledService, readonly PolicyStatement[]> {
  const own = {
    ArnLike: { 'aws:PrincipalArn': `arn:aws:iam::${config.account}:role/ward-${config.stage}-*` },
    StringEquals: { 'aws:PrincipalAccount': config.account },
  };
  // Anybody may have a bucket whose name begins like that of a test.
  const ownBuckets = { ...own, StringEquals: { ...own.StringEquals, 'aws:ResourceAccount': config.account } };
  const allow = (actions: string[], resources: readonly string[], conditions: object = own) =>
    new PolicyStatement({
      principals: [new AnyPrincipal()],
      actions,
      resources: [...resources],
      conditions: { ...conditions },
    });
  const arn = (service: string, resource: string) =>
    `arn:aws:${service}:${config.region}:${config.account}:${resource}`;
  const items = declared.flatMap(({ tables: granted }) => granted.flatMap(({ actions }) => actions));
  const cryptography = declared.flatMap(({ patientKey, signingKey }) => [
    ...Object.keys(patientKey ?? {}),
    ...(signingKey ?? []),
  ]);
  const userPoolCalls = declared.flatMap(({ userPool = [] }) => userPool);
  // The pool is made after its triggers, and those after the network: its id is not known here.
  const pools = arn('cognito-idp', 'userpool/*');
  const services = new Map<CalledService, readonly PolicyStatement[]>([
    [
      'dynamodb',
      [
        allow(union('dynamodb', ['BatchGetItem', 'GetItem', ...items]), tables),
        allow([...restoredTableReads], [arn('dynamodb', `table/${testPrefix}*`)]),
      ],
    ],
    [
      's3',
      [
        allow(
          union('s3', ['GetObject', 'GetObjectVersion', 'PutObject', 'PutObjectRetention']),
          buckets.map((bucket) => `${bucket}/*`),
        ),
        allow(union('s3', ['ListBucket', 'ListBucketVersions']), [...buckets, ...read]),
        ...(read.length > 0
          ? [
              allow(
                union('s3', ['GetObject', 'GetObjectVersion']),
                read.map((bucket) => `${bucket}/*`),
              ),
            ]
          : []),
        allow(['s3:GetObject'], [`${restoredBuckets}*/*`], ownBuckets),
        allow(['s3:ListBucket'], [`${restoredBuckets}*`], ownBuckets),
      ],
    ],
    ['kms', [allow(union('kms', cryptography), keys)]],
    [
      'logs',
      [
        allow(['logs:StartQuery'], [arn('logs', `log-group:ward-${config.stage}-*`)]),
        allow(['logs:GetQueryResults'], ['*']),
      ],
    ],
    // IAM knows no resource for these.
    ['backup', [allow([...restoreJobCalls], ['*'])]],
    ['sns', [allow(['sns:Publish'], [arn('sns', `ward-${config.stage}-*`)])]],
    ['cognito-idp', [allow(union('cognito-idp', userPoolCalls), [pools]), unsigned(pools)]],
  ]);
  if (config.mailFrom) {
    const [, domain = ''] = config.mailFrom.split('@');
    const identities = [config.mailFrom, domain].map((name) =>
      stack.formatArn({ service: 'ses', resource: 'identity', resourceName: name }),
    );
    services.set('ses', [allow(['ses:SendEmail'], identities)]);
  }
  return services;
}
