import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { CognitoIdentityProviderClient, InitiateAuthCommand } from '@aws-sdk/client-cognito-identity-provider';
import * as z from 'zod';
import type { Tokens } from './cognito-sign-in';
import type { Target } from './target';

const stored = z.object({
  accessToken: z.string(),
  idToken: z.string(),
  refreshToken: z.string(),
  expiresAt: z.number(),
});

/** the sign-in of a machine that has one alone */
export const defaultProfile = 'default';

/** The tokens of one person at one Ward, in a file that nobody else may read. */
export class Session {
  readonly #file: string;

  /** @param profile tells several sign-ins of one machine apart */
  constructor(
    private readonly target: Target,
    private readonly profile: string,
  ) {
    if (!/^[\w-]{1,40}$/.test(profile)) throw new Error('--as must be a name of letters, digits, - and _');
    const folder = process.env['WARD_HOME'] ?? join(homedir(), '.config', 'ward');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
    const place = createHash('sha256').update(`${target.api}\n${target.userPoolId}`).digest('hex').slice(0, 12);
    this.#file = join(folder, `session-${place}-${profile}.json`);
  }

  save(tokens: Tokens): void {
    const temporary = `${this.#file}.${process.pid}`;
    writeFileSync(temporary, JSON.stringify(tokens), { mode: 0o600 });
    renameSync(temporary, this.#file);
  }

  forget(): void {
    rmSync(this.#file, { force: true });
  }

  /** @returns an access token that is good for a while. @throws Error asking to sign in */
  async accessToken(): Promise<string> {
    const tokens = this.#read();
    if (tokens.expiresAt - Date.now() > 30_000) return tokens.accessToken;
    try {
      const { AuthenticationResult: fresh } = await cognitoClient(this.target).send(
        new InitiateAuthCommand({
          AuthFlow: 'REFRESH_TOKEN_AUTH',
          ClientId: this.target.clientId,
          AuthParameters: { REFRESH_TOKEN: tokens.refreshToken },
        }),
      );
      if (!fresh?.AccessToken || !fresh.IdToken || !fresh.ExpiresIn) throw new Error('no tokens');
      this.save({
        accessToken: fresh.AccessToken,
        idToken: fresh.IdToken,
        refreshToken: fresh.RefreshToken ?? tokens.refreshToken,
        expiresAt: Date.now() + fresh.ExpiresIn * 1000,
      });
      return fresh.AccessToken;
    } catch {
      throw new Error(`the session has ended: ${this.#advice()}`);
    }
  }

  /** @returns the ID token of the newest sign-in, which no API may take; it may have ended. @throws Error asking to sign in */
  idToken(): string {
    return this.#read().idToken;
  }

  #read(): z.infer<typeof stored> {
    try {
      return stored.parse(JSON.parse(readFileSync(this.#file, 'utf8')));
    } catch {
      throw new Error(`nobody is signed in here: ${this.#advice()}`);
    }
  }

  /** The whole command, because another profile or place would sign in somebody else. */
  #advice(): string {
    const as = this.profile === defaultProfile ? [] : ['--as', this.profile];
    const words = ['npx', 'ward', ...this.target.words, ...as, 'login'];
    return `sign in with "${words.map((word) => (/\s/.test(word) ? `'${word}'` : word)).join(' ')}"`;
  }
}

/** A client for the calls that carry no signature. */
export function cognitoClient({ region, cognito }: Target): CognitoIdentityProviderClient {
  return new CognitoIdentityProviderClient({
    region,
    ...(cognito ? { endpoint: cognito } : {}),
    credentials: { accessKeyId: 'unsigned', secretAccessKey: 'unsigned' }, // these operations take no signature
  });
}
