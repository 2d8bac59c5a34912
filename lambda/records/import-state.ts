import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { consistentItem } from './consistent-reads';
import { patientId } from './model';
import type { TransactItem } from './transaction';

/** What is not committed in this time is forgotten. */
const stagingSeconds = 24 * 60 * 60;
export const mostParts = 500;

/** One import. `PK` `IMPORT#<id>`, `SK` `IMPORT`, in the governance table. Holds no PHI. */
const importItem = z.object({
  id: z.uuid(),
  createdBy: z.string(),
  createdAt: z.string(),
  /** how many parts the bundle was cut into */
  parts: z.int().min(1).max(mostParts),
  /** staging → committing → committed; staging → refused */
  state: z.enum(['staging', 'committing', 'committed', 'refused']),
  /** the key that its parts are sealed under, wrapped */
  wrapped: z.custom<Uint8Array>((value) => value instanceof Uint8Array),
  /** from the start of the commit on */
  patient: patientId.optional(),
  sequence: z.int().positive().optional(),
  /** entries that the commit stores, and those that were there already */
  stored: z.int().min(0).optional(),
  unchanged: z.int().min(0).optional(),
});
export type ImportItem = z.infer<typeof importItem>;

/** What the API tells of an import that is stored. */
export const shownImport = ({ id, patient, stored, unchanged }: ImportItem) => ({
  id,
  state: 'committed',
  patient,
  stored,
  unchanged,
});

const keyOf = (id: string) => ({ PK: `IMPORT#${id}`, SK: 'IMPORT' });

/** The state of imports: each change is one part of a transaction and names the state it leaves. */
export class ImportStates {
  constructor(
    private readonly documents: DynamoDBDocumentClient,
    private readonly table: string,
  ) {}

  read(id: string): Promise<ImportItem | undefined> {
    return consistentItem(this.documents, this.table, keyOf(id), importItem);
  }

  create(item: ImportItem, now: Date): TransactItem {
    return {
      Put: {
        TableName: this.table,
        Item: { ...keyOf(item.id), ...item, ttl: Math.floor(now.getTime() / 1000) + stagingSeconds },
        ConditionExpression: 'attribute_not_exists(PK)',
      },
    };
  }

  /** @returns the check that the import is in this state */
  inState(id: string, state: ImportItem['state']): TransactItem {
    return {
      ConditionCheck: {
        TableName: this.table,
        Key: keyOf(id),
        ConditionExpression: '#state = :state',
        ExpressionAttributeNames: { '#state': 'state' },
        ExpressionAttributeValues: { ':state': state },
      },
    };
  }

  refuse(id: string): TransactItem {
    return this.#move(id, 'staging', 'refused', {});
  }

  begin(id: string, to: Required<Pick<ImportItem, 'patient' | 'sequence' | 'stored' | 'unchanged'>>): TransactItem {
    return this.#move(id, 'staging', 'committing', to);
  }

  commit(id: string): TransactItem {
    return this.#move(id, 'committing', 'committed', {});
  }

  #move(id: string, from: string, to: string, values: Readonly<Record<string, unknown>>): TransactItem {
    const names = Object.keys(values);
    const assignments = ['#state = :to', ...names.map((name) => `#${name} = :${name}`)].join(', ');
    return {
      Update: {
        TableName: this.table,
        Key: keyOf(id),
        UpdateExpression: `SET ${assignments}`,
        ConditionExpression: '#state = :from',
        ExpressionAttributeNames: {
          '#state': 'state',
          ...Object.fromEntries(names.map((name) => [`#${name}`, name])),
        },
        ExpressionAttributeValues: {
          ':from': from,
          ':to': to,
          ...Object.fromEntries(Object.entries(values).map(([name, value]) => [`:${name}`, value])),
        },
      },
    };
  }
}
