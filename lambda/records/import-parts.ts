import { BatchWriteCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { consistentPages, type Projection } from './consistent-queries';
import type { TransactItem } from './transaction';

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array);
/** One staged part, sealed under the import's own key. `PK` `I#<import>`, `SK` `PART#<number, 5 digits>`. */
const stagedItem = z.object({
  PK: z.string(),
  SK: z.string(),
  part: z.int().positive(),
  header: bytes,
  fields: z.record(z.string(), bytes),
  footer: bytes,
});
export type StagedItem = z.infer<typeof stagedItem>;

const partitionOf = (id: string): string => `I#${id}`;
export const stagedKey = (id: string, part: number) => ({
  PK: partitionOf(id),
  SK: `PART#${String(part).padStart(5, '0')}`,
});

/** The staged parts of imports in the records table. */
export class ImportParts {
  constructor(
    private readonly documents: DynamoDBDocumentClient,
    private readonly table: string,
  ) {}

  /** Sending a part again replaces it. */
  put(item: StagedItem, now: Date): TransactItem {
    const ttl = Math.floor(now.getTime() / 1000) + 24 * 60 * 60;
    return { Put: { TableName: this.table, Item: { ...item, ttl } } };
  }

  /** @returns every staged part in order */
  async read(id: string): Promise<StagedItem[]> {
    const items: StagedItem[] = [];
    for await (const page of this.#pages(id)) items.push(...page.map((item) => stagedItem.parse(item)));
    return items;
  }

  /** @returns the numbers of the staged parts, in order */
  async numbers(id: string): Promise<number[]> {
    const numbers: number[] = [];
    for await (const page of this.#pages(id, { ProjectionExpression: 'part' }))
      numbers.push(...page.map((item) => z.int().parse(item['part'])));
    return numbers;
  }

  /** Removes the parts of an import that is over; what is left behind ends with its key and its time to live. */
  async remove(id: string): Promise<void> {
    const numbers = await this.numbers(id);
    for (let first = 0; first < numbers.length; first += 25) {
      const requests = numbers
        .slice(first, first + 25)
        .map((part) => ({ DeleteRequest: { Key: stagedKey(id, part) } }));
      await this.documents.send(new BatchWriteCommand({ RequestItems: { [this.table]: requests } }));
    }
  }

  #pages(id: string, projection?: Projection): AsyncGenerator<readonly Record<string, unknown>[]> {
    return consistentPages(this.documents, { table: this.table, PK: partitionOf(id) }, projection);
  }
}
