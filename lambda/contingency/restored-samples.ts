import { randomUUID } from 'node:crypto';
import { type DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { type KeyRingSummary, listKeyRings } from '../encryption/key-store';
import { ConsistentReads } from '../records/consistent-reads';
import type { Item } from './restored-items';

type Page<Each> = { readonly items: readonly Each[]; readonly next?: Record<string, unknown> | undefined };

/**
 * Items from a random place of a table on, around its end to where it began: each test of a large table sees another part.
 * @param page reads one page behind a key, which need not be there
 */
export async function* fromAnywhere<Each>(
  page: (after: Record<string, unknown> | undefined) => Promise<Page<Each>>,
  nameOf: (each: Each) => string,
  most: number,
  start: Record<string, unknown>,
): AsyncGenerator<Each> {
  const seen = new Set<string>();
  for (const from of [start, undefined]) {
    let after: Record<string, unknown> | undefined = from;
    do {
      const { items, next } = await page(after);
      for (const each of items) {
        if (seen.size === most) return;
        if (seen.has(nameOf(each))) continue;
        seen.add(nameOf(each));
        yield each;
      }
      after = next;
    } while (after);
  }
}

const anywhere = () => ({ PK: `P#${randomUUID()}`, SK: 'KEY' });

export function sampleItems(documents: DynamoDBDocumentClient, table: string, most: number): AsyncGenerator<Item> {
  const page = async (ExclusiveStartKey: Record<string, unknown> | undefined): Promise<Page<Item>> => {
    const { Items = [], LastEvaluatedKey } = await documents.send(
      new ScanCommand({ TableName: table, ConsistentRead: true, Limit: 500, ExclusiveStartKey }),
    );
    return { items: Items, next: LastEvaluatedKey };
  };
  return fromAnywhere(page, ({ PK, SK }) => JSON.stringify([PK, SK]), most, anywhere());
}

export function samplePatients(
  documents: DynamoDBDocumentClient,
  keysTable: string,
  most: number,
): AsyncGenerator<KeyRingSummary> {
  const page = async (after: Record<string, unknown> | undefined): Promise<Page<KeyRingSummary>> => {
    const place = after && Buffer.from(JSON.stringify(after)).toString('base64url');
    const { rings, next } = await listKeyRings(documents, keysTable, place);
    const key: unknown = next && JSON.parse(Buffer.from(next, 'base64url').toString('utf8'));
    return { items: rings, ...(typeof key === 'object' && key !== null && { next: { ...key } }) };
  };
  return fromAnywhere(page, ({ patient }) => patient, most, anywhere());
}

/** @returns the items of these keys, in their order */
export function readItems(
  documents: DynamoDBDocumentClient,
  table: string,
  items: readonly Item[],
): Promise<(Item | undefined)[]> {
  const reads = ConsistentReads.of(documents);
  return Promise.all(items.map(({ PK, SK }) => reads.get(table, { PK: String(PK), SK: String(SK) })));
}
