import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  BatchGetItemCommand,
  QueryCommand,
  ScanCommand,
  type ScanCommandOutput,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { type Harness, keys, records, start } from './harness';

const ROUNDS = 5;
const SPACING = 100_000;

/** Runs the writer until it has acknowledged so many transactions, then kills it without warning. */
async function writeUntilKilled(folder: string, definitions: string, first: number, count: number): Promise<number[]> {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', join(__dirname, 'crash-writer.ts'), join(folder, 'level'), definitions, String(first)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const acknowledged: number[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(Number(line));
    if (acknowledged.length === count) child.kill('SIGKILL');
  }
  return acknowledged;
}

async function all(
  harness: Harness,
  command: (start: object) => ScanCommand | QueryCommand,
): Promise<Record<string, { S?: string; N?: string }>[]> {
  const items: Record<string, { S?: string; N?: string }>[] = [];
  let start: object | undefined = {};
  while (start) {
    const page: ScanCommandOutput = await harness.client.send(command(start) as ScanCommand);
    items.push(...((page.Items ?? []) as unknown as typeof items));
    start = page.LastEvaluatedKey ? { ExclusiveStartKey: page.LastEvaluatedKey } : undefined;
  }
  return items;
}

test('killed at any moment, the database has lost nothing acknowledged and holds no half transaction', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ward-dynamodb-'));
  try {
    const definitions = join(folder, 'tables.json');
    writeFileSync(definitions, JSON.stringify([records, keys]));
    const acknowledged: number[] = [];
    for (let round = 0; round < ROUNDS; round++)
      acknowledged.push(...(await writeUntilKilled(folder, definitions, round * SPACING, 40 + 57 * round)));
    expect(acknowledged.length).toBeGreaterThanOrEqual(ROUNDS * 40);

    const harness = await start({ directory: join(folder, 'level') });
    const items = await all(harness, (page) => new ScanCommand({ TableName: 'records', ...page }));
    const whole = new Map<string, Set<string>>();
    for (const { pk, sk } of items) {
      const number = String(pk?.S).slice(2);
      whole.set(number, (whole.get(number) ?? new Set()).add(String(sk?.S)));
    }
    expect([...whole.values()].every((sorts) => sorts.has('a') && sorts.has('b'))).toBe(true);
    const ids = await all(harness, (page) => new ScanCommand({ TableName: 'keys', ...page }));
    expect(ids.map(({ id }) => id?.S).sort()).toEqual([...whole.keys()].sort());
    expect(acknowledged.filter((number) => !whole.has(String(number)))).toEqual([]);

    const indexed = await all(
      harness,
      (page) =>
        new QueryCommand({
          TableName: 'records',
          IndexName: 'by-owner',
          KeyConditionExpression: '#o = :o',
          ExpressionAttributeNames: { '#o': 'owner' },
          ExpressionAttributeValues: { ':o': { S: 'O' } },
          ...page,
        }),
    );
    const place = ({ pk, sk }: (typeof items)[number]) => `${pk?.S} ${sk?.S}`;
    expect(indexed.map(place).sort()).toEqual(items.map(place).sort());
    const stream = await harness.database.readStream('records', undefined, 1e6);
    expect(stream.map(({ dynamodb }) => place(dynamodb.Keys)).sort()).toEqual(items.map(place).sort());

    // An answer that the kill swallowed may be asked for again under its token, and is not written twice.
    const number = acknowledged.at(-1);
    const { Responses } = await harness.client.send(
      new BatchGetItemCommand({ RequestItems: { keys: { Keys: [{ id: { S: `${number}` } }] } } }),
    );
    expect(Responses?.['keys']).toHaveLength(1);
    const other = { Put: { TableName: 'keys', Item: { id: { S: 'other' } } } };
    await expect(
      harness.client.send(
        new TransactWriteItemsCommand({ TransactItems: [other], ClientRequestToken: `token-${number}` }),
      ),
    ).rejects.toThrow('different parameters');
    expect(statSync(join(folder, 'level')).mode & 0o777).toBe(0o700);
    await harness.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 120_000);
