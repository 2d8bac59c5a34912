import { readFileSync, writeSync } from 'node:fs';
import type { TableDefinition } from '../../../local/dynamodb/definition';
import { DynamoDb } from '../../../local/dynamodb/dynamodb';

/**
 * Writes transactions of 21 items in two tables until it is killed. It prints each number that was acknowledged, and
 * `tick` every millisecond that the event loop is free, between the steps of a write too. Arguments: folder, JSON file with the tables' definitions, first number.
 */
const LANES = 4;
const SORTS = Array.from({ length: 20 }, (_, position) => String(position));

async function main(directory: string, tables: string, first: number): Promise<void> {
  const database = new DynamoDb({ directory, region: 'us-east-1', account: '000000000000', authorize: () => {} });
  for (const table of JSON.parse(readFileSync(tables, 'utf8')) as TableDefinition[]) await database.ensureTable(table);
  let next = first;
  const lane = async (): Promise<never> => {
    for (;;) {
      const number = next++;
      const item = (sk: string) => ({
        pk: { S: `P#${number}` },
        sk: { S: sk },
        owner: { S: 'O' },
        at: { N: String(number) },
        text: { S: 'x'.repeat(2000) },
      });
      const TransactItems = [
        ...SORTS.map((sk) => ({ Put: { TableName: 'records', Item: item(sk) } })),
        { Put: { TableName: 'keys', Item: { id: { S: `${number}` } } } },
      ];
      const reply = await database.handle({
        caller: { kind: 'root', arn: 'arn:aws:iam::000000000000:root' },
        method: 'POST',
        target: '/',
        headers: { 'x-amz-target': 'DynamoDB_20120810.TransactWriteItems' },
        body: Buffer.from(JSON.stringify({ TransactItems, ClientRequestToken: `token-${number}` })),
      });
      if (reply.status !== 200) throw new Error(`status ${reply.status}`);
      writeSync(1, `${number}\n`);
    }
  };
  setInterval(() => writeSync(1, 'tick\n'), 1);
  await Promise.all(Array.from({ length: LANES }, lane));
}

const [, , directory = '', tables = '', first = '0'] = process.argv;
void main(directory, tables, Number(first));
