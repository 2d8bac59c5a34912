import { z } from 'zod';
import { ServiceError } from '../service';
import type { Context } from './context';
import type { Place } from './pool';
import type { Claims } from './tokens';
import type { UserRecord } from './user-record';

export type TokenSource =
  | 'TokenGeneration_Authentication'
  | 'TokenGeneration_NewPasswordChallenge'
  | 'TokenGeneration_RefreshTokens';

export type ClientMetadata = Readonly<Record<string, string>>;

/** What a pre-token-generation function changes in one kind of token. */
export interface TokenChanges {
  readonly add: Readonly<Record<string, unknown>>;
  readonly suppress: readonly string[];
}

export interface TokenOverrides {
  readonly access: TokenChanges;
  readonly id: TokenChanges;
  readonly scopes: readonly string[];
  readonly groups: readonly string[];
  readonly roles: readonly string[];
  readonly preferredRole: string | undefined;
}

/** The scope that opens the operations a signed-in user may call; SRP sign-in gives no other. */
export const selfServiceScope = 'aws.cognito.signin.user.admin';

const texts = z.array(z.string().max(2048));
const claims = z.record(z.string(), z.unknown());
const some = <T extends z.ZodType>(schema: T) => schema.nullish();
const changes = z.object({ claimsToAddOrOverride: some(claims), claimsToSuppress: some(texts) });
const groupDetails = z.object({
  groupsToOverride: some(texts),
  iamRolesToOverride: some(texts),
  preferredRole: some(z.string()),
});
const answer = z.object({
  response: z.object({
    claimsAndScopeOverrideDetails: some(
      z.object({
        idTokenGeneration: some(changes),
        accessTokenGeneration: some(changes.extend({ scopesToAdd: some(texts), scopesToSuppress: some(texts) })),
        groupOverrideDetails: some(groupDetails),
      }),
    ),
    claimsOverrideDetails: some(changes.extend({ groupOverrideDetails: some(groupDetails) })),
  }),
});

const userAttributes = (user: UserRecord) => ({ ...user.attributes, 'cognito:user_status': user.status });

async function run(
  context: Context,
  { pool, client }: Place,
  kind: string,
  functionArn: string,
  event: { version: string; triggerSource: string; userName: string; request: unknown; response: unknown },
): Promise<unknown> {
  const { version, triggerSource, ...rest } = event;
  try {
    return await context.trigger(functionArn, {
      version,
      triggerSource,
      region: context.region,
      userPoolId: pool.id,
      callerContext: { awsSdkVersion: 'aws-sdk-unknown-unknown', clientId: client.id },
      ...rest,
    });
  } catch {
    // The function's own words may hold what it was given about the user: they stay in its log.
    throw new ServiceError('UserLambdaValidationException', `${kind} failed.`);
  }
}

/** Asks the pool's PreAuthentication function, if it names one. @throws ServiceError UserLambdaValidationException */
export async function preAuthentication(
  context: Context,
  place: Place,
  user: UserRecord | undefined,
  userName: string,
  validationData: ClientMetadata,
): Promise<void> {
  const arn = place.pool.settings.triggers.preAuthentication;
  if (!arn) return;
  await run(context, place, 'PreAuthentication', arn, {
    version: '1',
    triggerSource: 'PreAuthentication_Authentication',
    userName,
    request: { userAttributes: user ? userAttributes(user) : {}, validationData, userNotFound: !user },
    response: {},
  });
}

/** Tells the pool's PostAuthentication function, if it names one. @throws ServiceError UserLambdaValidationException */
export async function postAuthentication(
  context: Context,
  place: Place,
  user: UserRecord,
  clientMetadata: ClientMetadata,
): Promise<void> {
  const arn = place.pool.settings.triggers.postAuthentication;
  if (!arn) return;
  await run(context, place, 'PostAuthentication', arn, {
    version: '1',
    triggerSource: 'PostAuthentication_Authentication',
    userName: user.username,
    request: { userAttributes: userAttributes(user), newDeviceUsed: false, clientMetadata },
    response: {},
  });
}

/**
 * Asks the pool's pre-token-generation function (event version 1 or 2) what the tokens shall say.
 * @throws ServiceError UserLambdaValidationException when it fails, InvalidLambdaResponseException when its answer has
 * another shape: no token is issued on a doubtful answer
 */
export async function preTokenGeneration(
  context: Context,
  place: Place,
  user: UserRecord,
  triggerSource: TokenSource,
  clientMetadata: ClientMetadata,
): Promise<TokenOverrides> {
  const none: TokenChanges = { add: {}, suppress: [] };
  const unchanged = {
    access: none,
    id: none,
    scopes: [selfServiceScope],
    groups: [],
    roles: [],
    preferredRole: undefined,
  };
  const named = place.pool.settings.triggers.preTokenGeneration;
  if (!named) return unchanged;
  const second = named.version === 'V2_0';
  const reply = await run(context, place, 'PreTokenGeneration', named.arn, {
    version: second ? '2' : '1',
    triggerSource,
    userName: user.username,
    request: {
      userAttributes: userAttributes(user),
      groupConfiguration: { groupsToOverride: [], iamRolesToOverride: [], preferredRole: null },
      ...(second ? { scopes: [selfServiceScope] } : {}),
      clientMetadata,
    },
    response: second ? { claimsAndScopeOverrideDetails: null } : { claimsOverrideDetails: null },
  });
  const parsed = answer.safeParse(reply);
  if (!parsed.success) throw new ServiceError('InvalidLambdaResponseException', 'Unrecognizable lambda output');
  const { claimsAndScopeOverrideDetails, claimsOverrideDetails } = parsed.data.response;
  const details = second
    ? claimsAndScopeOverrideDetails
    : claimsOverrideDetails && {
        idTokenGeneration: claimsOverrideDetails,
        accessTokenGeneration: undefined,
        groupOverrideDetails: claimsOverrideDetails.groupOverrideDetails,
      };
  const access = details?.accessTokenGeneration;
  const groups = details?.groupOverrideDetails;
  return {
    access: changesOf(access),
    id: changesOf(details?.idTokenGeneration),
    scopes: scopesOf(access?.scopesToAdd ?? [], access?.scopesToSuppress ?? []),
    groups: groups?.groupsToOverride ?? [],
    roles: groups?.iamRolesToOverride ?? [],
    preferredRole: groups?.preferredRole ?? undefined,
  };
}

const changesOf = (given: z.output<typeof changes> | null | undefined): TokenChanges => ({
  add: given?.claimsToAddOrOverride ?? {},
  suppress: given?.claimsToSuppress ?? [],
});

function scopesOf(add: readonly string[], suppress: readonly string[]): string[] {
  // A scope with a space would read as two, and the service's own scopes are not a function's to give.
  if (add.some((scope) => !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope) || scope.startsWith('aws.cognito')))
    throw new ServiceError('InvalidLambdaResponseException', 'Invalid scope in lambda output');
  return [...new Set([selfServiceScope, ...add])].filter((scope) => !suppress.includes(scope));
}

const identityClaims = [
  ...[
    'acr',
    'amr',
    'at_hash',
    'auth_time',
    'azp',
    'event_id',
    'exp',
    'iat',
    'iss',
    'jti',
    'nbf',
    'nonce',
    'origin_jti',
  ],
  ...['sub', 'token_use'],
];
const fixed = {
  access: new Set([...identityClaims, 'client_id', 'device_key', 'scope', 'username', 'version']),
  id: new Set([...identityClaims, 'aud', 'cognito:username']),
};

/**
 * Applies a function's changes. Claims that say who signed in, where and until when are not its to change (they are passed
 * over, as in AWS), nor is any under Cognito's own prefix; `aud` in an access token may only be the client itself.
 */
export function applyChanges(kind: 'access' | 'id', before: Claims, changes: TokenChanges, clientId: string): Claims {
  const free = (name: string) => !fixed[kind].has(name) && !name.startsWith('cognito:') && !name.startsWith('dev:');
  const allowed = ([name, value]: [string, unknown]) =>
    free(name) && value !== undefined && (kind === 'id' || name !== 'aud' || value === clientId);
  const kept = Object.entries(before).filter(([name]) => !free(name) || !changes.suppress.includes(name));
  const added = Object.entries(changes.add).filter((entry) => allowed(entry) && !changes.suppress.includes(entry[0]));
  return Object.fromEntries([...kept, ...added]);
}
