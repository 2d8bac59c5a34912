import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CognitoIdentityProviderClient, ExpiredCodeException } from '@aws-sdk/client-cognito-identity-provider';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, QueryCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { Secret, TOTP } from 'otpauth';
import { signIn, type Tokens } from '../../bin/cognito-sign-in';
import { markKey } from '../../lambda/audit/archive-mark';
import { type AuditEvent, auditEvent } from '../../lambda/audit/event';
import type { CloudDescription } from '../../local/cloud';
import type { DemoUser } from '../../local/demo';

/** half of the shortest time after which a person has to sign in again */
const renewalMilliseconds = 7 * 60 * 1000;

/** The laptop cloud under test, from outside: HTTP as its people, and as the account's root for a look behind. */
export class Ward {
  readonly cloud: CloudDescription;
  readonly users: readonly DemoUser[];
  readonly directory: string;
  readonly #tokens = new Map<string, { readonly tokens: Promise<Tokens>; readonly until: number }>();

  /** @param file cloud.json */
  constructor(file: string) {
    this.directory = dirname(file);
    this.cloud = JSON.parse(readFileSync(file, 'utf8'));
    const demo = join(this.directory, 'demo.json');
    this.users = existsSync(demo) ? JSON.parse(readFileSync(demo, 'utf8')) : [];
  }

  user(name: string): DemoUser {
    const user = this.users.find((each) => each.name === name);
    if (!user) throw new Error(`no demo user ${name}`);
    return user;
  }

  output(name: string): string {
    const outputs: Record<string, string> = Object.assign({}, ...Object.values(this.cloud.outputs));
    const value = outputs[name];
    if (!value) throw new Error(`no output ${name}`);
    return value;
  }

  /**
   * Tokens of a demo user, kept in a file for every test file of a run: an authenticator's code is good for one sign-in.
   * They are renewed by another sign-in long before the token or the session of somebody who did nothing ends.
   */
  tokens(name: string): Promise<Tokens> {
    const known = this.#tokens.get(name);
    if (known && Date.now() < known.until) return known.tokens;
    const tokens = this.#sharedTokens(name);
    this.#tokens.set(name, { tokens, until: Date.now() + renewalMilliseconds / 2 });
    tokens.catch(() => this.#tokens.delete(name));
    return tokens;
  }

  async #sharedTokens(name: string): Promise<Tokens> {
    const folder = join(dirname(this.directory), 'tokens');
    const file = join(folder, `${name}.json`);
    for (;;) {
      const age = Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0);
      if (age < renewalMilliseconds / 2) return JSON.parse(readFileSync(file, 'utf8'));
      try {
        const tokens = await this.signIn(name);
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        writeFileSync(`${file}.${process.pid}`, JSON.stringify(tokens), { mode: 0o600 });
        renameSync(`${file}.${process.pid}`, file);
        return tokens;
      } catch (error) {
        // Another worker was first with this code: its tokens are there in a moment, and another code after this one.
        if (!(error instanceof ExpiredCodeException)) throw error;
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
    }
  }

  async signIn(name: string): Promise<Tokens> {
    const { email, password, totpSecret } = this.user(name);
    const totp = new TOTP({ secret: Secret.fromBase32(totpSecret) });
    return signIn({
      client: this.cognito(),
      poolId: this.output('UserPoolId'),
      clientId: this.output('ClientId'),
      username: email,
      password,
      totp: async () => totp.generate(),
    });
  }

  /** @returns a caller of the API with the person's access token */
  as(name: string): Person {
    return new Person(this.cloud.urls.api, async () => `Bearer ${(await this.tokens(name)).accessToken}`);
  }

  /** @returns a caller with any Authorization header, or none */
  with(authorization: string | undefined): Person {
    return new Person(this.cloud.urls.api, async () => authorization);
  }

  cognito(): CognitoIdentityProviderClient {
    const { region, credentials, urls } = this.cloud;
    return new CognitoIdentityProviderClient({ region, credentials, endpoint: urls.cognito });
  }

  documents(): DynamoDBDocumentClient {
    const { region, credentials, urls } = this.cloud;
    return DynamoDBDocumentClient.from(new DynamoDBClient({ region, credentials, endpoint: urls.dynamodb }));
  }

  /** @returns every item of a table but how far the log was, by the name of its output, such as `RecordsTable` */
  async items(output: string): Promise<Record<string, unknown>[]> {
    const items: Record<string, unknown>[] = [];
    let ExclusiveStartKey: Record<string, unknown> | undefined;
    do {
      const page = await this.documents().send(
        new ScanCommand({ TableName: this.output(output), ExclusiveStartKey, ConsistentRead: true }),
      );
      items.push(...(page.Items ?? []));
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey);
    return items.filter(({ PK }) => PK !== markKey.PK);
  }

  /** @returns the events of one request, in order of their lanes */
  async eventsOf(requestId: string): Promise<AuditEvent[]> {
    return (await this.events()).filter((event) => event.request?.id === requestId);
  }

  async events(): Promise<AuditEvent[]> {
    const items = await this.items('AuditTable');
    return items
      .filter((item) => typeof item['line'] === 'string')
      .map((item) => auditEvent.parse(JSON.parse(String(item['line']))));
  }

  /** @returns the items of one partition */
  async partition(output: string, PK: string): Promise<Record<string, unknown>[]> {
    const { Items } = await this.documents().send(
      new QueryCommand({
        TableName: this.output(output),
        KeyConditionExpression: 'PK = :pk',
        ExpressionAttributeValues: { ':pk': PK },
        ConsistentRead: true,
      }),
    );
    return Items ?? [];
  }

  /** @returns every file of the state folder, as it lies on disk */
  files(): { readonly path: string; readonly bytes: Buffer }[] {
    return readdirSync(this.directory, { recursive: true, encoding: 'utf8' })
      .map((name) => join(this.directory, name))
      .filter((path) => statSync(path).isFile())
      .map((path) => ({ path, bytes: readFileSync(path) }));
  }
}

export interface Response {
  readonly status: number;
  readonly headers: Headers;
  /** of the audit events, and of the problem's `instance` */
  readonly requestId: string;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  readonly body: any;
}

/** Somebody who calls the API. */
export class Person {
  constructor(
    private readonly url: string,
    private readonly authorization: () => Promise<string | undefined>,
  ) {}

  get = (path: string) => this.call('GET', path);
  delete = (path: string) => this.call('DELETE', path);
  post = (path: string, body?: unknown, headers: Record<string, string> = {}) => this.call('POST', path, body, headers);
  put = (path: string, body?: unknown, headers: Record<string, string> = {}) => this.call('PUT', path, body, headers);
  patch = (path: string, body: unknown, version?: number) =>
    this.call('PATCH', path, body, {
      'content-type': 'application/merge-patch+json',
      ...(version === undefined ? {} : { 'if-match': `"${version}"` }),
    });

  /** @param body a string is sent as it is, anything else as JSON */
  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    const authorization = await this.authorization();
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(authorization === undefined ? {} : { authorization }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      requestId: response.headers.get('x-amzn-requestid') ?? '',
      text,
      body: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : undefined,
    };
  }
}

/** The cloud that this run started. */
export const ward = (): Ward => new Ward(process.env['WARD_CLOUD'] ?? '');
