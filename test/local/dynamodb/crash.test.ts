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

const ROUNDS = 6;
const SORTS = 20;
const ENOUGH = 20;
const SPACING = 100_000;

/** Runs the writer and kills it at its nth tick after it has acknowledged some. @returns what it had acknowledged */
async function writeUntilKilled(folder: string, definitions: string, first: number, nth: number): Promise<number[]> {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', join(__dirname, 'crash-writer.ts'), join(folder, 'level'), definitions, String(first)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const acknowledged: number[] = [];
  let ticks = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line !== 'tick') acknowledged.push(Number(line));
    else if (acknowledged.length >= ENOUGH && ++ticks === nth) child.kill('SIGKILL');
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
  let harness: Harness | undefined;
  try {
    const definitions = join(folder, 'tables.json');
    writeFileSync(definitions, JSON.stringify([records, keys]));
    const acknowledged: number[] = [];
    for (let round = 0; round < ROUNDS; round++)
      acknowledged.push(...(await writeUntilKilled(folder, definitions, round * SPACING, 1 + 7 * round)));
    expect(acknowledged.length).toBeGreaterThanOrEqual(ROUNDS * ENOUGH);

    harness = await start({ directory: join(folder, 'level') });
    const database = harness;
    const items = await all(database, (page) => new ScanCommand({ TableName: 'records', ...page }));
    const whole = new Map<string, Set<string>>();
    for (const { pk, sk } of items) {
      const number = String(pk?.S).slice(2);
      whole.set(number, (whole.get(number) ?? new Set()).add(String(sk?.S)));
    }
    expect([...whole.values()].every((sorts) => sorts.size === SORTS)).toBe(true);
    const ids = await all(database, (page) => new ScanCommand({ TableName: 'keys', ...page }));
    expect(ids.map(({ id }) => id?.S).sort()).toEqual([...whole.keys()].sort());
    expect(acknowledged.filter((number) => !whole.has(String(number)))).toEqual([]);

    const indexed = await all(
      database,
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
  } finally {
    await harness?.close();
    rmSync(folder, { recursive: true });
  }
}, 120_000);
