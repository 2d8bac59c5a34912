import { type DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { consistentQuery } from '../records/consistent-queries';
import type { TransactItem } from '../records/transaction';
import { KeyError, keyErrorOf } from './key-error';
import type { WrappedKey } from './kms-keys';

/** A patient's wrapped keys as the keys table has them. */
export interface KeyRing {
  readonly patient: string;
  /** the version that every write uses */
  readonly newest: number;
  /** `disposed`: every version has been destroyed, and what was sealed under them cannot be opened again */
  readonly state: 'active' | 'disposed';
  readonly disposedAt?: string;
  /** ascending */
  readonly versions: readonly WrappedKey[];
}

const pointerKey = 'KEY';
/** One disposal must fit a transaction of 100 items, together with the patient's lookups, its approval and its audit event. */
export const maximumVersions = 70;

const pointer = z.object({
  SK: z.literal(pointerKey),
  newest: z.int().min(1),
  state: z.enum(['active', 'disposed']),
  disposedAt: z.string().optional(),
});
const version = z.object({
  SK: z.string().regex(/^KEY#\d{10}$/),
  wrapAlg: z.int().min(1).max(255),
  wrapped: z.instanceof(Uint8Array),
  createdAt: z.string(),
});

const keysPartition = (patient: string): string => `P#${patient}`;
const keyOf = (patient: string, number?: number) => ({
  PK: keysPartition(patient),
  SK: number === undefined ? pointerKey : `${pointerKey}#${String(number).padStart(10, '0')}`,
});
const names = { '#state': 'state' };

/**
 * The key item read that comes with every request: consistent, so a disposal counts from the moment it is written.
 * @returns undefined when there never was such a patient; a disposed one has a ring without versions
 * @throws KeyError when the table does not answer, or holds what is no key ring
 */
export async function readKeyRing(
  documents: DynamoDBDocumentClient,
  table: string,
  patient: string,
): Promise<KeyRing | undefined> {
  const items = await consistentQuery(documents, { table, PK: keysPartition(patient), prefix: pointerKey }).catch(
    (error: unknown) => {
      throw keyErrorOf(error, 'reading a key ring');
    },
  );
  return items.length === 0 ? undefined : ringOf(patient, items);
}

function ringOf(patient: string, [first, ...rest]: readonly unknown[]): KeyRing {
  const head = pointer.safeParse(first);
  const wrapped = z.array(version).safeParse(rest);
  if (!head.success || !wrapped.success) throw new KeyError('invalid', 'the keys table holds what is no key ring');
  const { newest, state, disposedAt } = head.data;
  const versions = wrapped.data.map(({ SK, ...key }) => ({ version: Number(SK.slice(pointerKey.length + 1)), ...key }));
  const whole = state === 'active' ? versions.some((key) => key.version === newest) : versions.length === 0;
  if (!whole) throw new KeyError('invalid', 'the keys table holds half a key ring');
  return { patient, newest, state, ...(disposedAt === undefined ? {} : { disposedAt }), versions };
}

/** @returns a new patient's ring and the writes that store it: they fail where the patient has one, even a disposed one */
export function registerKeyRing(
  table: string,
  patient: string,
  wrapped: WrappedKey,
): { readonly ring: KeyRing; readonly items: readonly TransactItem[] } {
  const item = { ...keyOf(patient), newest: wrapped.version, state: 'active', createdAt: wrapped.createdAt };
  return {
    ring: { patient, newest: wrapped.version, state: 'active', versions: [wrapped] },
    items: [
      { Put: { TableName: table, Item: item, ConditionExpression: 'attribute_not_exists(PK)' } },
      putVersion(table, patient, wrapped),
    ],
  };
}

/**
 * Part of every transaction that writes a record: refuses it when the key has been rotated or destroyed since it was read,
 * so that nothing is ever sealed under a key that is gone.
 */
export function checkNewestKey(table: string, patient: string, newest: number): TransactItem {
  return {
    ConditionCheck: {
      TableName: table,
      Key: keyOf(patient),
      ConditionExpression: 'newest = :newest AND #state = :active',
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: { ':newest': newest, ':active': 'active' },
    },
  };
}

/**
 * @param wrapped the next version
 * @returns the writes that make it the newest; they fail when another rotation or a disposal came first
 * @throws KeyError unless it is the next version of an active ring that has room for one
 */
export function rotateKeyRing(table: string, ring: KeyRing, wrapped: WrappedKey): readonly TransactItem[] {
  if (ring.state === 'disposed') throw new KeyError('disposed', 'the keys of this patient are destroyed');
  if (wrapped.version !== ring.newest + 1 || wrapped.version > maximumVersions)
    throw new KeyError('invalid', `a key ring grows by one version at a time, to at most ${maximumVersions}`);
  return [
    {
      Update: {
        TableName: table,
        Key: keyOf(ring.patient),
        UpdateExpression: 'SET newest = :next, rotatedAt = :at',
        ConditionExpression: 'newest = :newest AND #state = :active',
        ExpressionAttributeNames: names,
        ExpressionAttributeValues: {
          ':next': wrapped.version,
          ':at': wrapped.createdAt,
          ':newest': ring.newest,
          ':active': 'active',
        },
      },
    },
    putVersion(table, ring.patient, wrapped),
  ];
}

/**
 * Disposal by crypto-shredding, 45 CFR 164.310(d)(2)(i): every version is destroyed in one transaction, or none is. The pointer
 * stays, so that the patient is known to be disposed of and can have no new keys.
 * @param at UTC, ISO 8601
 * @returns writes that fail when the ring was rotated or disposed of since it was read
 * @throws KeyError when it is disposed of already
 */
export function disposeKeyRing(table: string, ring: KeyRing, at: string): readonly TransactItem[] {
  if (ring.state === 'disposed') throw new KeyError('disposed', 'the keys of this patient are destroyed');
  return [
    {
      Update: {
        TableName: table,
        Key: keyOf(ring.patient),
        UpdateExpression: 'SET #state = :disposed, disposedAt = :at',
        ConditionExpression: 'newest = :newest AND #state = :active',
        ExpressionAttributeNames: names,
        ExpressionAttributeValues: { ':disposed': 'disposed', ':at': at, ':newest': ring.newest, ':active': 'active' },
      },
    },
    // Every number up to the newest, read or not: a version that was overlooked would keep its records readable.
    ...Array.from({ length: ring.newest }, (_, index) => ({
      Delete: { TableName: table, Key: keyOf(ring.patient, index + 1) },
    })),
  ];
}

/** What can be known of a patient's keys without the keys. */
export interface KeyRingSummary {
  readonly patient: string;
  readonly newest: number;
  readonly state: KeyRing['state'];
  /** when the newest version was made; UTC, ISO 8601 */
  readonly newestSince: string;
}

const summary = z.object({
  PK: z.string().startsWith('P#'),
  newest: z.int().min(1),
  state: z.enum(['active', 'disposed']),
  createdAt: z.string(),
  rotatedAt: z.string().optional(),
});
const place = z.strictObject({ PK: z.string(), SK: z.string() });
/** how many items one page looks at; each version of a key is one */
const scannedPerPage = 200;

/**
 * One page of all patients, in no order that means anything. It reads pointers alone and asks for no wrapped key.
 * @param after `next` of the page before
 * @returns `next`: where to go on; absent on the last page. A page can be empty and not the last
 * @throws KeyError `invalid` for a place that no page gave
 */
export async function listKeyRings(
  documents: DynamoDBDocumentClient,
  table: string,
  after?: string,
): Promise<{ readonly rings: readonly KeyRingSummary[]; readonly next?: string }> {
  const { Items, LastEvaluatedKey } = await documents
    .send(
      new ScanCommand({
        TableName: table,
        ConsistentRead: true,
        Limit: scannedPerPage,
        FilterExpression: 'SK = :pointer',
        ProjectionExpression: 'PK, SK, newest, #state, createdAt, rotatedAt',
        ExpressionAttributeNames: names,
        ExpressionAttributeValues: { ':pointer': pointerKey },
        ...(after === undefined ? {} : { ExclusiveStartKey: placeOf(after) }),
      }),
    )
    .catch((error: unknown) => {
      throw keyErrorOf(error, 'listing key rings');
    });
  const parsed = z.array(summary).safeParse(Items ?? []);
  if (!parsed.success) throw new KeyError('invalid', 'the keys table holds what is no key ring');
  const rings = parsed.data.map(({ PK, newest, state, createdAt, rotatedAt }) => ({
    patient: PK.slice('P#'.length),
    newest,
    state,
    newestSince: rotatedAt ?? createdAt,
  }));
  if (!LastEvaluatedKey) return { rings };
  return { rings, next: Buffer.from(JSON.stringify(place.parse(LastEvaluatedKey))).toString('base64url') };
}

/** @returns whether a page gave this place */
export function isPlace(text: string): boolean {
  try {
    return place.safeParse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))).success;
  } catch {
    return false;
  }
}

function placeOf(text: string): z.infer<typeof place> {
  if (!isPlace(text)) throw new KeyError('invalid', 'no page of the keys table ends there');
  return place.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
}

/** Part of what must not happen to a patient whose keys are destroyed; a rotation does not matter to it. */
export function checkActiveKey(table: string, patient: string): TransactItem {
  return {
    ConditionCheck: {
      TableName: table,
      Key: keyOf(patient),
      ConditionExpression: '#state = :active',
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: { ':active': 'active' },
    },
  };
}

function putVersion(
  table: string,
  patient: string,
  { version: number, wrapAlg, wrapped, createdAt }: WrappedKey,
): TransactItem {
  return {
    Put: {
      TableName: table,
      Item: { ...keyOf(patient, number), wrapAlg, wrapped, createdAt },
      ConditionExpression: 'attribute_not_exists(PK)',
    },
  };
}
