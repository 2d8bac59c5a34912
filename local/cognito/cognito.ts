import { z } from 'zod';
import { type Authorize, awsJson, type Call, type Caller, type Operations, type Reply, type Service } from '../service';
import * as credentials from './admin-credentials';
import * as administration from './administration';
import { MailLimit, UnknownNames } from './attempts';
import { respond } from './challenges';
import { type ClientSettings, readClient } from './client-settings';
import type { Context } from './context';
import * as directory from './directory';
import { readLogDelivery } from './log-delivery';
import { Pool } from './pool';
import { unsupported } from './pool-settings';
import * as recovery from './recovery';
import * as self from './self-service';
import { Sessions } from './sessions';
import { initiate, tokensFromRefreshToken } from './sign-in';

export interface CognitoOptions {
  /** keys and users are kept here, a folder for each pool */
  readonly directory: string;
  readonly authorize: Authorize;
  /** milliseconds since 1970 */
  readonly clock?: () => number;
  readonly region: string;
  readonly account: string;
  /** of the web pages that may call; none by default */
  readonly origins?: readonly string[];
  /** runs one of a pool's Lambda triggers and returns what it returned */
  readonly trigger: (functionArn: string, event: unknown) => Promise<unknown>;
  /** writes a line of user activity to the log group that the template names */
  readonly deliverLog?: (logGroupArn: string, line: string) => void;
  /** delivers an invitation or code as the user pool would mail it */
  readonly mail: (message: { to: string; subject: string; text: string }) => Promise<void>;
}

/** A user as the laptop's own tools see it. */
export interface UserSummary {
  readonly sub: string;
  readonly username: string;
  readonly email: string | undefined;
  readonly enabled: boolean;
  readonly status: 'FORCE_CHANGE_PASSWORD' | 'CONFIRMED' | 'RESET_REQUIRED';
  readonly hasSecondFactor: boolean;
}

const resourceServer = z.strictObject({
  UserPoolId: z.string(),
  Identifier: z.string().min(1).max(256),
  Name: z.string(),
  Scopes: z
    .array(z.strictObject({ ScopeName: z.string(), ScopeDescription: z.string() }))
    .max(100)
    .optional(),
});

type Properties = Readonly<Record<string, unknown>>;

/** The operations that whoever signs in calls, without IAM. */
const unsigned = {
  InitiateAuth: initiate,
  RespondToAuthChallenge: respond,
  GetTokensFromRefreshToken: tokensFromRefreshToken,
  AssociateSoftwareToken: self.associateSoftwareToken,
  VerifySoftwareToken: self.verifySoftwareToken,
  SetUserMFAPreference: self.setUserMfaPreference,
  GetUser: self.getUser,
  ChangePassword: self.changePassword,
  GlobalSignOut: self.globalSignOut,
  RevokeToken: self.revokeToken,
  ForgotPassword: recovery.forgotPassword,
  ConfirmForgotPassword: recovery.confirmForgotPassword,
};

/** The operations that IAM authorizes on the pool's ARN. */
const authorized = {
  AdminCreateUser: administration.adminCreateUser,
  AdminGetUser: administration.adminGetUser,
  AdminDisableUser: administration.adminDisableUser,
  AdminEnableUser: administration.adminEnableUser,
  AdminDeleteUser: administration.adminDeleteUser,
  AdminUserGlobalSignOut: administration.adminUserGlobalSignOut,
  AdminUpdateUserAttributes: administration.adminUpdateUserAttributes,
  AdminListUserAuthEvents: administration.adminListUserAuthEvents,
  AdminResetUserPassword: credentials.adminResetUserPassword,
  AdminSetUserPassword: credentials.adminSetUserPassword,
  AdminSetUserMFAPreference: credentials.adminSetUserMfaPreference,
  ListUsers: directory.listUsers,
  DescribeUserPool: directory.describeUserPool,
  DescribeUserPoolClient: directory.describeUserPoolClient,
};

/** Whether a call may come without a signature: preflights, the published keys, and what whoever signs in calls. */
export function takesUnsigned(call: Pick<Call, 'method' | 'headers'>): boolean {
  const operation = String(call.headers['x-amz-target'] ?? '').split('.')[1] ?? '';
  return call.method === 'GET' || call.method === 'OPTIONS' || Object.hasOwn(unsigned, operation);
}

/**
 * Cognito user pools on the laptop: SRP and password sign-in, authenticator codes, tokens and administration, held to the
 * same rules as in AWS, so that an attack that fails there fails here. Passkeys (WebAuthn), SMS and mailed second factors,
 * the hosted UI, federation, groups and self sign-up are not emulated: each such call is refused by name, each such setting
 * fails the start. Threat protection keeps its list of events and takes no decisions.
 */
export class Cognito implements Service {
  readonly name = 'COGNITO_IDENTITY_PROVIDER';
  private readonly pools = new Map<string, Pool>();
  private readonly clients = new Map<string, ClientSettings>();
  private readonly context: Context;
  private readonly json: (call: Call) => Promise<Reply>;

  constructor(private readonly options: CognitoOptions) {
    const clock = options.clock ?? Date.now;
    this.context = {
      region: options.region,
      clock,
      authorize: options.authorize,
      arnOf: (poolId) => `arn:aws:cognito-idp:${options.region}:${options.account}:userpool/${poolId}`,
      trigger: options.trigger,
      mail: options.mail,
      pools: this.pools,
      clients: this.clients,
      sessions: new Sessions(clock),
      unknownNames: new UnknownNames(),
      mailLimit: new MailLimit(),
    };
    this.json = awsJson('Cognito', '1.1', this.operations());
  }

  /** Makes the pool of that id exist as declared; its keys and users are those of earlier starts. @throws Error by property */
  ensurePool(id: string, properties: Properties): void {
    const pool = this.pools.get(id);
    if (pool) pool.configure(properties);
    else this.pools.set(id, new Pool(id, this.options, properties));
  }

  /** @throws Error when the pool is unknown or has no user activity to deliver, or a property is not emulated */
  ensureLogDelivery(poolId: string, properties: Properties): void {
    const pool = this.poolOf(poolId);
    if (!pool.settings.keepsAuthEvents) throw new Error('User activity is delivered with threat protection alone');
    pool.activityLog = readLogDelivery(properties);
  }

  /** @throws Error when the pool is unknown, the id is another pool's client, or a property is not emulated */
  ensureClient(poolId: string, clientId: string, properties: Properties): void {
    this.poolOf(poolId);
    if (!/^[\w+]{1,128}$/.test(clientId)) throw new Error('A user pool client id has letters, digits, _ and + only');
    const holder = this.clients.get(clientId)?.poolId ?? poolId;
    if (holder !== poolId) throw new Error(`AWS::Cognito::UserPoolClient ${clientId} belongs to another user pool`);
    this.clients.set(clientId, readClient(poolId, clientId, properties));
  }

  /**
   * Checks the declaration of a resource server. It changes nothing else: SRP sign-in gives no scope of it, only the
   * pre-token-generation function adds one, and AWS lets that function add any.
   * @throws Error when the pool is unknown or the declaration is not one
   */
  ensureResourceServer(poolId: string, identifier: string, properties: Properties): void {
    this.poolOf(poolId);
    const declared = resourceServer.safeParse(properties);
    if (!declared.success) throw new Error(unsupported('AWS::Cognito::UserPoolResourceServer', declared.error));
    if (declared.data.UserPoolId !== poolId || declared.data.Identifier !== identifier)
      throw new Error('AWS::Cognito::UserPoolResourceServer: UserPoolId or Identifier is another one');
  }

  users(poolId: string): UserSummary[] {
    return this.poolOf(poolId)
      .users.all()
      .map(({ sub, username, attributes, enabled, status, totp }) => ({
        sub,
        username,
        email: attributes['email'],
        enabled,
        status,
        hasSecondFactor: totp?.enabled ?? false,
      }));
  }

  async handle(call: Call): Promise<Reply> {
    const origin = call.headers.origin;
    const allowed = origin === undefined || (this.options.origins ?? []).includes(origin);
    if (!allowed) return { status: 403, body: '' };
    const reply = await this.answer(call);
    if (origin === undefined) return reply;
    return { ...reply, headers: { ...reply.headers, 'access-control-allow-origin': origin, vary: 'origin' } };
  }

  async close(): Promise<void> {
    this.context.sessions.clear();
  }

  private async answer(call: Call): Promise<Reply> {
    if (call.method === 'POST') return isObject(call.body) ? this.json(call) : malformed();
    if (call.method === 'OPTIONS' && call.headers.origin !== undefined) return preflight;
    const [, poolId = '', document = ''] = /^\/([^/?]+)\/\.well-known\/([^/?]+)$/.exec(call.target) ?? [];
    const pool = this.pools.get(poolId);
    if (call.method !== 'GET' || !pool) return { status: 404, body: '' };
    if (document === 'jwks.json') return publicJson({ keys: [pool.idKey.jwk(), pool.accessKey.jwk()] });
    if (document !== 'openid-configuration') return { status: 404, body: '' };
    return publicJson({
      issuer: pool.issuer,
      jwks_uri: `${pool.issuer}/.well-known/jwks.json`,
      id_token_signing_alg_values_supported: ['RS256'],
      subject_types_supported: ['public'],
    });
  }

  private poolOf(id: string): Pool {
    const pool = this.pools.get(id);
    if (!pool) throw new Error('No such user pool');
    return pool;
  }

  private operations(): Operations {
    const { context } = this;
    return Object.fromEntries([
      ...Object.entries(unsigned).map(([name, act]) => [name, (input: unknown) => act(context, input)]),
      ...Object.entries(authorized).map(([name, act]) => [
        name,
        (input: unknown, caller: Caller) => act(context, input, caller),
      ]),
    ]);
  }
}

const preflight: Reply = {
  status: 204,
  headers: {
    'access-control-allow-methods': 'POST, GET',
    'access-control-allow-headers':
      'content-type, x-amz-target, x-amz-user-agent, amz-sdk-invocation-id, amz-sdk-request, cache-control, authorization, x-amz-date, x-amz-content-sha256, x-amz-security-token',
    'access-control-max-age': 600,
  },
};

const publicJson = (value: unknown): Reply => ({
  status: 200,
  headers: { 'content-type': 'application/json', 'cache-control': 'public, max-age=300' },
  body: JSON.stringify(value),
});

const malformed = (): Reply => ({
  status: 400,
  headers: { 'content-type': 'application/x-amz-json-1.1' },
  body: JSON.stringify({ __type: 'SerializationException', message: 'The body is not a JSON object' }),
});

function isObject(body: Buffer): boolean {
  try {
    const value: unknown = JSON.parse(body.toString('utf8') || '{}');
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
