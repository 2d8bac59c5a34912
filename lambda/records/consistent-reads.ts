import { BatchGetCommand, type DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import type { ZodType } from 'zod';

type Key = { readonly PK: string; readonly SK: string };
type Item = Record<string, unknown>;
interface Asked {
  readonly table: string;
  readonly key: Key;
  readonly answer: (item: Item | undefined) => void;
  readonly fail: (error: unknown) => void;
}

/** @returns the one item of a key; strongly consistent. @throws ZodError when it is of another form */
export async function consistentItem<Form>(
  documents: DynamoDBDocumentClient,
  table: string,
  key: Key,
  form: ZodType<Form>,
): Promise<Form | undefined> {
  const { Item } = await documents.send(new GetCommand({ TableName: table, Key: key, ConsistentRead: true }));
  return Item && form.parse(Item);
}

/** The table did not answer for every key: nobody goes on with a part. */
export class ReadIncomplete extends Error {
  constructor() {
    super('a consistent read is incomplete');
    this.name = 'ReadIncomplete';
  }
}

const readers = new WeakMap<DynamoDBDocumentClient, ConsistentReads>();
/** DynamoDB's bound on one BatchGetItem */
const mostKeys = 100;

/**
 * Strongly consistent reads of single items: what is asked for in one turn of the event loop, by whichever module, goes out
 * as one BatchGetItem. An access decision and the record that it is about are one call, not four. Nothing is cached.
 */
export class ConsistentReads {
  #asked: Asked[] = [];

  private constructor(private readonly documents: DynamoDBDocumentClient) {}

  /** @returns the one reader of this client, so that all modules share its calls */
  static of(documents: DynamoDBDocumentClient): ConsistentReads {
    const known = readers.get(documents) ?? new ConsistentReads(documents);
    readers.set(documents, known);
    return known;
  }

  /** @throws ReadIncomplete, or whatever the call failed with */
  get(table: string, key: Key): Promise<Item | undefined> {
    return new Promise((answer, fail) => {
      if (this.#asked.push({ table, key, answer, fail }) === 1) queueMicrotask(() => void this.#flush());
    });
  }

  /** @returns those of the items that there are, in the order of the keys. @throws as get does */
  async all(table: string, keys: readonly Key[]): Promise<Item[]> {
    const items = await Promise.all(keys.map((key) => this.get(table, key)));
    return items.filter((item) => item !== undefined);
  }

  async #flush(): Promise<void> {
    const asked = this.#asked.splice(0);
    for (let first = 0; first < asked.length; first += mostKeys) await this.#send(asked.slice(first, first + mostKeys));
  }

  async #send(asked: readonly Asked[]): Promise<void> {
    try {
      const tables = grouped(asked);
      const RequestItems = Object.fromEntries(
        [...tables].map(([table, of]) => [table, { Keys: distinct(of.map(({ key }) => key)), ConsistentRead: true }]),
      );
      const { Responses, UnprocessedKeys } = await this.documents.send(new BatchGetCommand({ RequestItems }));
      if (!Responses || Object.keys(UnprocessedKeys ?? {}).length > 0) throw new ReadIncomplete();
      const found = new Map(
        Object.entries(Responses).flatMap(([table, items]) =>
          items.map((item) => [nameOf(table, { PK: String(item['PK']), SK: String(item['SK']) }), item] as const),
        ),
      );
      for (const { table, key, answer } of asked) answer(found.get(nameOf(table, key)));
    } catch (error) {
      for (const { fail } of asked) fail(error);
    }
  }
}

const nameOf = (table: string, { PK, SK }: Key): string => JSON.stringify([table, PK, SK]);

function grouped(asked: readonly Asked[]): Map<string, Asked[]> {
  const tables = new Map<string, Asked[]>();
  for (const each of asked) tables.set(each.table, [...(tables.get(each.table) ?? []), each]);
  return tables;
}

/** DynamoDB refuses a key that is asked for twice */
const distinct = (keys: readonly Key[]): Key[] => [
  ...new Map(keys.map(({ PK, SK }) => [nameOf('', { PK, SK }), { PK, SK }])).values(),
];
