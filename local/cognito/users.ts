import { existsSync, mkdirSync, readdirSync, readFileSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { writeDurably } from '../durable';
import type { Who } from './log-delivery';
import { type AuthEvent, type UserRecord, userRecord } from './user-record';

/** How a pool's users are named. */
export interface Naming {
  readonly emailIsUsername: boolean;
  readonly caseSensitive: boolean;
}

/**
 * The users of one pool, a file each, with indexes in memory. A change is on disk before it can be seen: `put` writes,
 * then swaps, and throws with nothing changed when the disk refuses.
 */
export class Users {
  private readonly bySub = new Map<string, UserRecord>();
  private readonly byName = new Map<string, string>();
  private readonly byRefreshHash = new Map<string, string>();

  /** @throws Error that names the file when a stored user cannot be read: nobody signs in on half a state */
  constructor(
    private readonly directory: string,
    private naming: Naming,
    /** hears of each sign-in, failure and change of password */
    private readonly onEvent: (who: Who, event: AuthEvent) => void = () => undefined,
  ) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(directory).filter((file) => file.endsWith('.json'))) {
      try {
        this.index(userRecord.parse(JSON.parse(readFileSync(join(directory, name), 'utf8'))));
      } catch (cause) {
        throw new Error(`Cognito user file ${name} is damaged`, { cause });
      }
    }
  }

  rename(naming: Naming): void {
    this.naming = naming;
    const all = this.all();
    this.byName.clear();
    for (const user of all) this.index(user);
  }

  /** in order of creation */
  all(): UserRecord[] {
    return [...this.bySub.values()].sort((a, b) => a.createdAt - b.createdAt || (a.sub < b.sub ? -1 : 1));
  }

  get(sub: string | undefined): UserRecord | undefined {
    return sub === undefined ? undefined : this.bySub.get(sub);
  }

  /** by username, sub, or e-mail address where that is a user name */
  find(name: string): UserRecord | undefined {
    return this.bySub.get(name) ?? this.get(this.byName.get(this.normalize(name)));
  }

  findByRefreshHash(hash: string): UserRecord | undefined {
    return this.get(this.byRefreshHash.get(hash));
  }

  /** The form under which names are compared. */
  normalize(name: string): string {
    return this.naming.caseSensitive ? name : name.toLowerCase();
  }

  put(user: UserRecord): UserRecord {
    const known = this.bySub.get(user.sub)?.events[0]?.EventId;
    writeDurably(this.file(user.sub), JSON.stringify(user));
    this.unindex(user.sub);
    this.index(user);
    const [newest] = user.events;
    if (newest && newest.EventId !== known) this.onEvent({ sub: user.sub, userName: user.username }, newest);
    return user;
  }

  remove(sub: string): void {
    if (existsSync(this.file(sub))) unlinkSync(this.file(sub));
    this.unindex(sub);
    this.bySub.delete(sub);
  }

  private file(sub: string): string {
    return join(this.directory, `${sub}.json`);
  }

  private names(user: UserRecord): string[] {
    const email = this.naming.emailIsUsername ? user.attributes['email'] : undefined;
    return [user.username, ...(email ? [email] : [])].map((name) => this.normalize(name));
  }

  private index(user: UserRecord): void {
    this.bySub.set(user.sub, user);
    for (const name of this.names(user)) this.byName.set(name, user.sub);
    for (const { refresh } of user.signIns) for (const { hash } of refresh) this.byRefreshHash.set(hash, user.sub);
  }

  private unindex(sub: string): void {
    const user = this.bySub.get(sub);
    if (!user) return;
    for (const name of this.names(user)) this.byName.delete(name);
    for (const { refresh } of user.signIns) for (const { hash } of refresh) this.byRefreshHash.delete(hash);
  }
}
