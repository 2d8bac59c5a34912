import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { EventDraft } from '../lambda/audit/event';
import { Outbox } from '../lambda/audit/outbox';
import { type Cloud, startCloud } from '../local/cloud';
import { table } from './measure';

const root = resolve(__dirname, '..');
const lanes = 8;
const events = 2000;
const probes = 20;

/**
 * Appends to the outbox of a laptop cloud from several lanes at once, then waits until all is sealed. The emulators, the
 * sealer and the writers share one machine, and no batching window is kept: what a deployment adds is that window, 60 s.
 */
export async function measurePipeline(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'ward-bench-'));
  let cloud: Cloud | undefined;
  try {
    const assembly = join(directory, 'cdk.out');
    const { context }: { context: object } = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8'));
    spawnSync(process.execPath, ['--import', 'tsx', 'bin/app.ts'], {
      cwd: root,
      env: { ...process.env, CDK_OUTDIR: assembly, CDK_CONTEXT_JSON: JSON.stringify(context) },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    cloud = await startCloud({ assembly, directory: join(directory, 'state'), port: 0, reset: false });
    const writers = Array.from({ length: lanes }, (_, index) => lane(cloud as Cloud, `bench-${index}`));
    await Promise.all(writers.map((writer) => writer.record(draft())));
    await cloud.settled();

    const before = performance.now();
    const appended = writers.map(async (writer) => {
      for (let n = 0; n < events / lanes; n++) await writer.record(draft());
    });
    await Promise.all(appended);
    const appending = (performance.now() - before) / 1000;
    await cloud.settled();
    const sealing = (performance.now() - before) / 1000;

    const lags: number[] = [];
    for (let n = 0; n < probes; n++) {
      await writers[0]?.record(draft());
      const recorded = performance.now();
      await cloud.settled();
      lags.push(performance.now() - recorded);
    }
    lags.sort((a, b) => a - b);
    process.stdout.write(
      `${table(
        ['laptop cloud', 'measured'],
        [
          [`appends, ${lanes} lanes at once`, `${Math.round(events / appending)}/s`],
          [`${events} events appended and sealed`, `${Math.round(events / sealing)}/s`],
          ['sealing lag of one event, median, without the window', `${(lags[probes / 2] ?? 0).toFixed(0)} ms`],
        ],
      )}\n`,
    );
  } finally {
    await cloud?.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

function lane(cloud: Cloud, functionName: string): Outbox {
  const outputs: Record<string, string> = Object.assign({}, ...Object.values(cloud.outputs));
  const client = new DynamoDBClient({
    region: cloud.region,
    endpoint: cloud.urls.dynamodb,
    credentials: cloud.credentialsOf('ward-local-entries'),
  });
  return new Outbox({
    documents: DynamoDBDocumentClient.from(client),
    table: outputs['AuditTable'] ?? '',
    origin: `ward/${outputs['Organization']}/${outputs['Stage']}`,
    functionName,
    clock: () => new Date(),
  });
}

const draft = (): EventDraft => ({
  action: 'entries.read',
  actor: { mfa: true, role: 'clinician', session: randomUUID(), sub: randomUUID() },
  basis: 'care-team',
  categories: ['notes'],
  outcome: 'permit',
  patient: randomUUID(),
  purpose: 'TREAT',
  reason: null,
  request: null,
  resources: [{ id: randomUUID(), type: 'notes', version: 1 }],
});
