import { createHmac, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeDurably } from '../durable';
import type { ClientSettings } from './client-settings';
import { activityLine, type Who } from './log-delivery';
import { type PoolSettings, readPool } from './pool-settings';
import type { PasswordVerifier, SrpIdentity } from './srp';
import { SigningKey } from './tokens';
import type { AuthEvent } from './user-record';
import { Users } from './users';

const stored = z.object({ accessKey: z.string(), idKey: z.string(), secret: z.string() });

/** Someone whom a client may ask after: a user, or a name that must look like one. */
export interface Account {
  readonly sub: string | undefined;
  /** USER_ID_FOR_SRP */
  readonly userId: string;
  readonly password: PasswordVerifier;
}

/** One user pool: its settings of this start, its keys and users of all starts. */
export class Pool {
  readonly arn: string;
  readonly issuer: string;
  readonly users: Users;
  /** ID and access tokens have keys of their own, as in AWS: neither can pass for the other. */
  readonly accessKey: SigningKey;
  readonly idKey: SigningKey;
  settings: PoolSettings;
  /** ARN of the log group that user activity goes to */
  activityLog: string | undefined;
  private readonly secret: Buffer;

  constructor(
    readonly id: string,
    private readonly place: {
      readonly directory: string;
      readonly region: string;
      readonly account: string;
      readonly deliverLog?: (logGroupArn: string, line: string) => void;
    },
    declared: Readonly<Record<string, unknown>>,
  ) {
    // The id becomes a folder's name, and clients take the region and the SRP name from it.
    if (!/^[a-z]{2}(-[a-z]+)+-\d_[0-9A-Za-z]{1,55}$/.test(id))
      throw new Error('A user pool id has the form region_name');
    this.settings = readPool(id, declared);
    this.arn = `arn:aws:cognito-idp:${place.region}:${place.account}:userpool/${id}`;
    this.issuer = `https://cognito-idp.${place.region}.amazonaws.com/${id}`;
    const file = join(place.directory, id, 'pool.json');
    if (!existsSync(file))
      writeDurably(
        file,
        JSON.stringify({
          accessKey: SigningKey.generate().pem,
          idKey: SigningKey.generate().pem,
          secret: randomBytes(32).toString('base64url'),
        }),
      );
    const keys = stored.parse(JSON.parse(readFileSync(file, 'utf8')));
    this.accessKey = new SigningKey(keys.accessKey);
    this.idKey = new SigningKey(keys.idKey);
    this.secret = Buffer.from(keys.secret, 'base64url');
    this.users = new Users(join(place.directory, id, 'users'), this.settings, (who, event) => this.report(who, event));
  }

  configure(declared: Readonly<Record<string, unknown>>): void {
    this.settings = readPool(this.id, declared);
    this.users.rename(this.settings);
  }

  /** Delivers one event of user activity where the template says. */
  report(who: Who, event: AuthEvent): void {
    if (!this.activityLog) return;
    try {
      this.place.deliverLog?.(this.activityLog, activityLine(this.id, who, event));
    } catch {
      // As in AWS, a sign-in does not wait for its log.
    }
  }

  identity(userId: string): SrpIdentity {
    return { poolName: this.id.split('_')[1] ?? '', userId };
  }

  /** Binds a mailed code to its user, so that its stored hash cannot be searched without the pool's secret. */
  hashCode(sub: string, code: string): string {
    return this.derive('code', `${sub}:${code}`).toString('base64url');
  }

  /** @returns the user of that name, or a stand-in whose salt and id are the same each time it is asked for */
  account(name: string): Account {
    const user = this.users.find(name);
    if (user) return { sub: user.sub, userId: user.username, password: user.password };
    const normal = this.users.normalize(name);
    const bits = this.derive('verifier', normal).toString('hex') + this.derive('verifier2', normal).toString('hex');
    return {
      sub: undefined,
      userId: this.settings.emailIsUsername ? this.standInId(name, normal) : normal,
      password: {
        salt: BigInt(`0x${this.derive('salt', normal).subarray(0, 16).toString('hex')}`).toString(16),
        verifier: bits.repeat(6),
      },
    };
  }

  /** Where the e-mail address is the user name, a user's id is a random UUID: so must the stand-in's be. */
  private standInId(name: string, normal: string): string {
    if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(name)) return name;
    const bytes = this.derive('id', normal).subarray(0, 16);
    bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
    bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
    return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }

  private derive(purpose: string, value: string): Buffer {
    return createHmac('sha256', this.secret).update(purpose).update('\0').update(value).digest();
  }
}

/** A client with the pool that it belongs to. */
export interface Place {
  readonly pool: Pool;
  readonly client: ClientSettings;
}
