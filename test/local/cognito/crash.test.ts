import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Cognito } from '../../../local/cognito/cognito';
import { poolId, poolProperties } from './laptop';

jest.setTimeout(60_000);

const rounds = 3;

async function writeUntilKilled(directory: string, first: number, count: number): Promise<string[]> {
  const writer = join(__dirname, 'crash-writer.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', writer, directory, poolId, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const acknowledged: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(line);
    if (acknowledged.length === count) child.kill('SIGKILL');
  }
  return acknowledged;
}

test('killed at any moment, the user pool has lost nothing acknowledged', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'cognito-'));
  try {
    const acknowledged: string[] = [];
    for (let round = 0; round < rounds; round++)
      acknowledged.push(...(await writeUntilKilled(directory, round * 10_000, 20 + 17 * round)));
    const cognito = new Cognito({
      directory,
      region: 'us-east-1',
      account: '000000000000',
      authorize: () => undefined,
      trigger: async (_arn, event) => event,
      mail: async () => undefined,
    });
    cognito.ensurePool(poolId, poolProperties);
    const users = new Map(cognito.users(poolId).map((user) => [user.email, user.enabled]));
    const disabled = new Set(acknowledged.filter((line) => line.startsWith('AdminDisableUser')).map(nameIn));
    expect(acknowledged.length).toBeGreaterThanOrEqual(rounds * 20);
    expect(disabled.size).toBeGreaterThan(0);
    for (const name of new Set(acknowledged.map(nameIn))) expect(users.has(name)).toBe(true);
    for (const name of disabled) expect(users.get(name)).toBe(false);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

const nameIn = (line: string) => line.split(' ')[1];
