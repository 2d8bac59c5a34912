import type { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import type { TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';

/** One write or check of a DynamoDB transaction, in the document client's form. */
export type TransactItem = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/**
 * @param before version of the item that it takes the place of; 0: there is to be none
 * @returns the write of an item's next version; fails when somebody else wrote since `before` was read
 */
export const putVersion = (table: string, Item: Readonly<Record<string, unknown>>, before: number): TransactItem => ({
  Put: {
    TableName: table,
    Item,
    ...(before === 0
      ? { ConditionExpression: 'attribute_not_exists(PK)' }
      : {
          ConditionExpression: '#version = :before',
          ExpressionAttributeNames: { '#version': 'version' },
          ExpressionAttributeValues: { ':before': before },
        }),
  },
});

/** @returns a check that nobody wrote an item since it was read at that version */
export const checkVersion = (
  table: string,
  Key: { readonly PK: string; readonly SK: string },
  version: number,
): TransactItem => ({
  ConditionCheck: {
    TableName: table,
    Key,
    ConditionExpression: '#version = :version',
    ExpressionAttributeNames: { '#version': 'version' },
    ExpressionAttributeValues: { ':version': version },
  },
});

/** The writes of one transaction, each under a name, so that a refusal can be told by what it refused. */
export class Writes<Name extends string> {
  readonly #named: { readonly name: Name; readonly item: TransactItem }[] = [];

  add(name: Name, ...items: readonly TransactItem[]): this {
    this.#named.push(...items.map((item) => ({ name, item })));
    return this;
  }

  get items(): readonly TransactItem[] {
    return this.#named.map(({ item }) => item);
  }

  named(name: Name): readonly TransactItem[] {
    return this.#named.filter((each) => each.name === name).map(({ item }) => item);
  }

  /** @returns the names of the writes whose condition did not hold */
  refused(error: TransactionCanceledException): ReadonlySet<Name> {
    const reasons = error.CancellationReasons ?? [];
    return new Set(
      this.#named.filter((_, index) => reasons[index]?.Code === 'ConditionalCheckFailed').map(({ name }) => name),
    );
  }
}
