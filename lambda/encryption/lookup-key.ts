import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import type { KMSClient } from '@aws-sdk/client-kms';
import { type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { consistentQuery } from '../records/consistent-queries';
import type { TransactItem } from '../records/transaction';
import { LookupKey } from './data-key';
import { KeyCache } from './key-cache';
import { KeyError, keyErrorOf } from './key-error';
import { KmsKeys, type WrappedKey, wrappedByKms } from './kms-keys';

export { LookupKey } from './data-key';

export interface LookupKeysOptions {
  readonly kms: KMSClient;
  readonly keyId: string;
  readonly documents: DynamoDBDocumentClient;
  /** the keys table */
  readonly table: string;
  readonly organization: string;
  readonly clock: () => Date;
  readonly ttlMilliseconds?: number;
  /** how long the keys' states are taken as they were read; @default as long as the keys */
  readonly stateMilliseconds?: number;
}

/** `current`: what tokens are made and found with. `next`: what a re-index is writing tokens under. `retired`: neither any more. */
export type LookupKeyState = 'current' | 'next' | 'retired';

interface StoredLookupKey extends WrappedKey {
  readonly state: LookupKeyState;
}

const partition = 'O#';
const sortKey = (version: number) => `LOOKUP#${String(version).padStart(10, '0')}`;
const stored = z.object({
  SK: z.string().regex(/^LOOKUP#\d{10}$/),
  wrapAlg: z.int().min(1).max(255),
  wrapped: z.instanceof(Uint8Array),
  createdAt: z.string(),
  state: z.enum(['current', 'next', 'retired']),
});
const longestTtlMilliseconds = 300_000;

/** The key that blind index tokens derive from: one for the organization, wrapped for the purpose `lookup`. */
export class LookupKeys {
  readonly #keys: KmsKeys;
  readonly #cache: KeyCache;
  readonly #ttlMilliseconds: number;
  #read: { readonly keys: Promise<readonly StoredLookupKey[]>; readonly expiresAt: number } | undefined;

  constructor(private readonly options: LookupKeysOptions) {
    this.#ttlMilliseconds = Math.min(options.ttlMilliseconds ?? longestTtlMilliseconds, longestTtlMilliseconds);
    this.#keys = new KmsKeys(options.kms, options.keyId);
    this.#cache = new KeyCache({ clock: options.clock, ttlMilliseconds: this.#ttlMilliseconds, maximum: 4 });
  }

  /** @returns the current key, made once for the organization where there is none; the caller releases it. @throws KeyError */
  async get(): Promise<LookupKey> {
    const [key] = await this.#inState('current', () => this.#readOrCreate());
    if (!key) throw new KeyError('invalid', 'the organization has no current lookup key');
    return this.#unwrap(key);
  }

  /** @returns the current key, undefined where none has ever been made; the caller releases it. @throws KeyError */
  async find(): Promise<LookupKey | undefined> {
    const [key] = await this.#inState('current', () => this.#readAll());
    return key && this.#unwrap(key);
  }

  /** @returns the key that tokens are written under as well while a re-index runs. @throws KeyError */
  async next(): Promise<LookupKey | undefined> {
    const [key] = await this.#inState('next', () => this.#readOrCreate());
    return key && this.#unwrap(key);
  }

  /**
   * @param create whether to make the first key where there is none
   * @returns the keys that tokens are written under: the current one, then the next; the caller releases them. @throws KeyError
   */
  async writing(create: boolean): Promise<readonly LookupKey[]> {
    const known = await this.#known(() => (create ? this.#readOrCreate() : this.#readAll()));
    const [current] = known.filter(({ state }) => state === 'current');
    if (!current) throw new KeyError('invalid', 'the organization has no current lookup key');
    const next = known.filter(({ state }) => state === 'next');
    return Promise.all([current, ...next].map((key) => this.#unwrap(key)));
  }

  /**
   * @returns the organization's first key, current or not: what must be equal for ever is made with it. @throws KeyError
   */
  async first(create: boolean): Promise<LookupKey> {
    const known = await this.#known(() => (create ? this.#readOrCreate() : this.#readAll()));
    const first = known.find(({ version }) => version === 1);
    if (!first) throw new KeyError('invalid', 'the organization has no first lookup key');
    return this.#unwrap(first);
  }

  /** @returns version and state of every key, as they are now */
  async states(): Promise<readonly { readonly version: number; readonly state: LookupKeyState }[]> {
    return (await this.#readAll()).map(({ version, state }) => ({ version, state }));
  }

  /** Makes the key that a re-index writes under. @returns its write, which fails where that version exists. @throws KeyError */
  async prepareNext(): Promise<TransactItem> {
    const keys = await this.#readAll();
    if (keys.some(({ state }) => state === 'next')) throw new KeyError('invalid', 'a re-index is under way');
    const item = await this.#make(Math.max(0, ...keys.map(({ version }) => version)) + 1, 'next');
    return { Put: { TableName: this.options.table, Item: item, ConditionExpression: 'attribute_not_exists(PK)' } };
  }

  /** @returns the writes that end a re-index: what was next is current. @throws KeyError when none is under way */
  async promoteNext(): Promise<readonly TransactItem[]> {
    const keys = await this.#readAll();
    const next = keys.find(({ state }) => state === 'next');
    if (!next) throw new KeyError('invalid', 'no re-index is under way');
    const changed = keys
      .filter(({ state }) => state === 'current')
      .map(({ version }) => ({ version, from: 'current', to: 'retired' }));
    return [...changed, { version: next.version, from: 'next', to: 'current' }].map(({ version, from, to }) => ({
      Update: {
        TableName: this.options.table,
        Key: { PK: partition, SK: sortKey(version) },
        UpdateExpression: 'SET #state = :to',
        ConditionExpression: '#state = :from',
        ExpressionAttributeNames: { '#state': 'state' },
        ExpressionAttributeValues: { ':from': from, ':to': to },
      },
    }));
  }

  async #inState(
    wanted: LookupKeyState,
    readKeys: () => Promise<readonly StoredLookupKey[]>,
  ): Promise<readonly StoredLookupKey[]> {
    return (await this.#known(readKeys)).filter(({ state }) => state === wanted);
  }

  async #known(readKeys: () => Promise<readonly StoredLookupKey[]>): Promise<readonly StoredLookupKey[]> {
    const now = this.options.clock().getTime();
    if (!this.#read || this.#read.expiresAt <= now) {
      const keys = readKeys();
      const read = { keys, expiresAt: now + (this.options.stateMilliseconds ?? this.#ttlMilliseconds) };
      this.#read = read;
      const forget = () => {
        if (this.#read === read) this.#read = undefined; // asked again by the next request
      };
      keys.then((found) => found.length === 0 && forget(), forget);
    }
    return this.#read.keys;
  }

  async #readOrCreate(): Promise<readonly StoredLookupKey[]> {
    const keys = await this.#readAll();
    if (keys.length > 0) return keys;
    const item = await this.#make(1, 'current');
    try {
      await this.options.documents.send(
        new PutCommand({ TableName: this.options.table, Item: item, ConditionExpression: 'attribute_not_exists(PK)' }),
      );
    } catch (error) {
      // Another instance was first: its key counts, this one has never been used.
      if (!(error instanceof ConditionalCheckFailedException)) throw keyErrorOf(error, 'storing the lookup key');
    }
    return this.#readAll();
  }

  async #readAll(): Promise<readonly StoredLookupKey[]> {
    const { documents, table } = this.options;
    const items = await consistentQuery(documents, { table, PK: partition, prefix: 'LOOKUP#' }).catch(
      (error: unknown) => {
        throw keyErrorOf(error, 'reading the lookup key');
      },
    );
    const parsed = z.array(stored).safeParse(items);
    if (!parsed.success) throw new KeyError('invalid', 'the keys table holds what is no lookup key');
    return parsed.data.map(({ SK, ...key }) => ({ version: Number(SK.slice('LOOKUP#'.length)), ...key }));
  }

  async #make(version: number, state: LookupKeyState) {
    const { bytes, wrapped } = await this.#keys.generate(this.#context);
    bytes.fill(0);
    const createdAt = this.options.clock().toISOString();
    return { PK: partition, SK: sortKey(version), wrapped, wrapAlg: wrappedByKms, createdAt, state };
  }

  async #unwrap(key: StoredLookupKey): Promise<LookupKey> {
    const material = await this.#cache.get(`${key.version} ${key.wrapAlg}`, key.wrapped, () =>
      this.#keys.unwrap(key, this.#context),
    );
    return LookupKey.holding(key.version, material);
  }

  get #context() {
    return { organization: this.options.organization, purpose: 'lookup' } as const;
  }
}
