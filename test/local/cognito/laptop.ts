import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AdminCreateUserCommand,
  CognitoIdentityProviderClient,
  InitiateAuthCommand,
  type InitiateAuthCommandOutput,
  RespondToAuthChallengeCommand,
  type RespondToAuthChallengeCommandOutput,
} from '@aws-sdk/client-cognito-identity-provider';
import type { Jwks } from 'aws-jwt-verify/jwk';
import { createSrpSession, signSrpSession, wrapAuthChallenge, wrapInitiateAuth } from 'cognito-srp-helper';
import { Secret, TOTP } from 'otpauth';
import { signIn, type Tokens } from '../../../bin/cognito-sign-in';
import { Cognito, type CognitoOptions } from '../../../local/cognito/cognito';
import { writeDurably } from '../../../local/durable';

export const poolId = 'us-east-1_wardTest';
export const clientId = 'wardApp';
export const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:PreToken';
export const email = 'ada@example.org';
export const temporaryPassword = 'Temporary-Pass-1815!';
export const password = 'Analytical-Engine-1843!';

export const poolProperties = {
  UserPoolName: 'ward',
  UserPoolTier: 'PLUS',
  UserPoolAddOns: { AdvancedSecurityMode: 'ENFORCED' },
  MfaConfiguration: 'ON',
  EnabledMfas: ['SOFTWARE_TOKEN_MFA'],
  UsernameAttributes: ['email'],
  UsernameConfiguration: { CaseSensitive: false },
  AutoVerifiedAttributes: ['email'],
  AdminCreateUserConfig: { AllowAdminCreateUserOnly: true },
  AccountRecoverySetting: { RecoveryMechanisms: [{ Name: 'verified_email', Priority: 1 }] },
  Policies: {
    PasswordPolicy: {
      MinimumLength: 14,
      RequireUppercase: true,
      RequireLowercase: true,
      RequireNumbers: true,
      RequireSymbols: true,
      TemporaryPasswordValidityDays: 1,
    },
  },
};

export const clientProperties = {
  UserPoolId: poolId,
  ExplicitAuthFlows: ['ALLOW_USER_SRP_AUTH', 'ALLOW_USER_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
  PreventUserExistenceErrors: 'ENABLED',
  EnableTokenRevocation: true,
  AccessTokenValidity: 15,
  IdTokenValidity: 20,
  RefreshTokenValidity: 8,
  TokenValidityUnits: { AccessToken: 'minutes', IdToken: 'minutes', RefreshToken: 'hours' },
};

type Properties = Record<string, unknown>;

export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** An authenticator app; it waits for the next step of the laptop's clock rather than show a code twice. */
export interface Authenticator {
  secret: string;
  code(): string;
}

let publicValue: ReturnType<typeof createSrpSession> | undefined;
let keys: string | undefined;

/** A Cognito on a server of its own, with the real SDK pointed at it, a clock that can be moved and a mailbox. */
export class Laptop {
  readonly mails: Mail[] = [];
  readonly events: { arn: string; event: Properties }[] = [];
  readonly directory = mkdtempSync(join(tmpdir(), 'cognito-'));
  trigger: (arn: string, event: Properties) => unknown = (_arn, event) => event;
  mail: (message: Mail) => Promise<void> = async (message) => void this.mails.push(message);
  authorize: CognitoOptions['authorize'] = () => undefined;
  offset = 0;
  /** set: the clock goes on by `offset` alone, so that a busy machine does not wait a lock-out away */
  still: number | undefined;
  cognito: Cognito;
  admin!: CognitoIdentityProviderClient;
  anyone!: CognitoIdentityProviderClient;
  url = '';
  private readonly server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const signed = request.headers.authorization !== undefined;
    const reply = await this.cognito.handle({
      caller: signed ? { kind: 'role', arn: 'arn:aws:iam::000000000000:role/Admin' } : { kind: 'anonymous', arn: '' },
      method: request.method ?? '',
      target: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks),
    });
    response.writeHead(reply.status, reply.headers).end(reply.body);
  });

  constructor(
    readonly pool: Properties = poolProperties,
    readonly app: Properties = clientProperties,
  ) {
    this.cognito = this.open();
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const { port } = this.server.address() as AddressInfo;
    this.url = `http://127.0.0.1:${port}`;
    const credentials = { accessKeyId: 'AKIALAPTOP', secretAccessKey: 'laptop' };
    const shared = { region: 'us-east-1', endpoint: this.url, maxAttempts: 1 };
    this.admin = new CognitoIdentityProviderClient({ ...shared, credentials });
    this.anyone = new CognitoIdentityProviderClient({ ...shared, credentials: neverAsked });
    return this;
  }

  now(): number {
    return (this.still ?? Date.now()) + this.offset;
  }

  /** What happens after a crash: nothing is closed or flushed, the next process has the files alone. */
  restart(): void {
    this.cognito = this.open();
  }

  async close(): Promise<void> {
    this.admin.destroy();
    this.anyone.destroy();
    await this.cognito.close();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    rmSync(this.directory, { recursive: true });
  }

  async keys(): Promise<Jwks> {
    const response = await fetch(`${this.url}/${poolId}/.well-known/jwks.json`);
    return JSON.parse(await response.text());
  }

  async createUser(username = email, attributes: Properties = { email_verified: 'true' }): Promise<string> {
    const created = await this.admin.send(
      new AdminCreateUserCommand({
        UserPoolId: poolId,
        Username: username,
        TemporaryPassword: temporaryPassword,
        MessageAction: 'SUPPRESS',
        UserAttributes: Object.entries(attributes).map(([Name, Value]) => ({ Name, Value: String(Value) })),
      }),
    );
    return created.User?.Username ?? '';
  }

  authenticator(): Authenticator {
    let last = -1;
    const app: Authenticator = {
      secret: '',
      code: () => {
        if (TOTP.counter({ timestamp: this.now() }) <= last) this.offset += 30_000;
        last = TOTP.counter({ timestamp: this.now() });
        return TOTP.generate({ secret: Secret.fromBase32(app.secret), timestamp: this.now() });
      },
    };
    return app;
  }

  /** Signs in through whatever challenges come. */
  async signIn(
    app: Authenticator,
    changes: { username?: string; password?: string; clientId?: string } = {},
  ): Promise<Tokens> {
    return signIn({
      client: this.anyone,
      poolId,
      clientId,
      username: email,
      password,
      newPassword: async () => password,
      totp: async (enrolment) => {
        if (enrolment) app.secret = enrolment.secret;
        return app.code();
      },
      ...changes,
    });
  }

  /** A user with a password and an authenticator, and the tokens of the first sign-in. */
  async enrolled(): Promise<{ app: Authenticator; tokens: Tokens }> {
    await this.createUser();
    const app = this.authenticator();
    return { app, tokens: await this.signIn(app, { password: temporaryPassword }) };
  }

  /** The first half of SRP: the challenge, and how to answer it, so that a test can do so wrongly. */
  async offer(typed = email, secret = password, atClient = clientId) {
    // One public value for all: the client's arithmetic takes most of these tests' time.
    publicValue ??= createSrpSession(typed, secret, poolId, false);
    const srp = { ...publicValue, username: typed, password: secret };
    const challenge: InitiateAuthCommandOutput = await this.anyone.send(
      new InitiateAuthCommand(
        wrapInitiateAuth(srp, {
          ClientId: atClient,
          AuthFlow: 'USER_SRP_AUTH' as const,
          AuthParameters: { USERNAME: typed },
        }),
      ),
    );
    const signed = signSrpSession(srp, challenge);
    const answer = (changes: { ClientId?: string; USERNAME?: string } = {}) =>
      this.anyone.send(
        new RespondToAuthChallengeCommand(
          wrapAuthChallenge(signed, {
            ClientId: changes.ClientId ?? atClient,
            ChallengeName: 'PASSWORD_VERIFIER' as const,
            ChallengeResponses: { USERNAME: changes.USERNAME ?? typed },
          }),
        ),
      );
    return { challenge, answer };
  }

  async prove(typed = email, secret = password, atClient = clientId): Promise<RespondToAuthChallengeCommandOutput> {
    return (await this.offer(typed, secret, atClient)).answer();
  }

  respond(
    ChallengeName: 'SOFTWARE_TOKEN_MFA' | 'MFA_SETUP' | 'NEW_PASSWORD_REQUIRED' | 'SELECT_CHALLENGE',
    Session: string | undefined,
    answers: Record<string, string>,
    atClient = clientId,
  ): Promise<RespondToAuthChallengeCommandOutput> {
    const ChallengeResponses = { USERNAME: email, ...answers };
    return this.anyone.send(
      new RespondToAuthChallengeCommand({ ClientId: atClient, ChallengeName, Session, ChallengeResponses }),
    );
  }

  /** A request as a hand-written client would send it. */
  async raw(operation: string, body: unknown, headers: Record<string, string> = {}) {
    const response = await fetch(this.url, {
      method: 'POST',
      headers: { 'x-amz-target': `AWSCognitoIdentityProviderService.${operation}`, ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await response.text();
    const json: Record<string, unknown> = text ? JSON.parse(text) : {};
    return { status: response.status, type: json['__type'], text, headers: response.headers };
  }

  private open(): Cognito {
    // RSA keys take their time too: all laptops of a test file have the first one's.
    const file = join(this.directory, poolId, 'pool.json');
    if (keys) writeDurably(file, keys);
    const cognito = new Cognito({
      directory: this.directory,
      region: 'us-east-1',
      account: '000000000000',
      origins: ['http://localhost:5173'],
      clock: () => this.now(),
      authorize: (caller, access) => this.authorize(caller, access),
      mail: (message) => this.mail(message),
      trigger: async (arn, event) => {
        this.events.push({ arn, event: structuredClone(event) as Properties });
        return this.trigger(arn, event as Properties);
      },
    });
    cognito.ensurePool(poolId, this.pool);
    cognito.ensureClient(poolId, clientId, this.app);
    keys ??= readFileSync(file, 'utf8');
    return cognito;
  }
}

const neverAsked = async (): Promise<never> => {
  throw new Error('an unsigned operation asked for credentials');
};

/** @returns the name of the error that the service answered with */
export async function refusal(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
    return 'no refusal';
  } catch (error) {
    return error instanceof Error ? error.name : 'not an error';
  }
}

export function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
}
