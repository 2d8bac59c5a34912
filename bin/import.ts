import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { SingleBar } from 'cli-progress';
import * as z from 'zod';
import { bundleEnvelope, cutBundle } from '../lambda/records/fhir/bundle';
import { type ApiClient, ApiError } from './api-client';
import { say } from './prompt';
import type { Unfinished } from './unfinished';

const begun = z.object({ id: z.uuid() });
const progress = z.object({
  id: z.uuid(),
  state: z.enum(['staging', 'committing', 'committed', 'refused']),
  parts: z.number().optional(),
  staged: z.array(z.number()).optional(),
  patient: z.string().optional(),
  stored: z.number().optional(),
  unchanged: z.number().optional(),
});

/**
 * Imports FHIR R4 bundles one after the other, each whole or not at all. An import that was cut off goes on where it was.
 * @returns how many could not be imported
 */
export async function importFiles(
  client: ApiClient,
  unfinished: Unfinished,
  files: readonly string[],
): Promise<number> {
  let failed = 0;
  for (const file of files) {
    const name = basename(file);
    const bar = new SingleBar({
      format: `${name.padEnd(24)} {bar} {value}/{total} {step}`,
      noTTYOutput: true,
      notTTYSchedule: 60_000,
      hideCursor: true,
    });
    try {
      const done = await importFile(client, unfinished, file, bar);
      say(`${name}: patient ${done.patient}, ${done.stored} entries stored, ${done.unchanged} were there already`);
    } catch (error) {
      bar.stop();
      failed++;
      say(`${name}: ${error instanceof Error ? error.message : 'failed'}`);
      if (error instanceof ApiError) for (const { field, message } of error.errors) say(`  ${field}: ${message}`);
    }
  }
  return failed;
}

async function importFile(
  client: ApiClient,
  unfinished: Unfinished,
  file: string,
  bar: SingleBar,
): Promise<z.infer<typeof progress>> {
  const bytes = readFileSync(file);
  const bundle = bundleEnvelope(parse(bytes));
  if ('issues' in bundle)
    throw new Error(
      bundle.issues
        .map(({ message }) => message)
        .slice(0, 10)
        .join('; '),
    );
  const parts = cutBundle(bundle);
  const fingerprint = createHash('sha256').update(bytes).digest('hex');
  bar.start(parts.length + 1, 0, { step: 'staging' });
  const { id, staged } = await resume(client, unfinished, fingerprint, parts.length);
  for (const [index, { entries }] of parts.entries()) {
    if (!staged.has(index + 1)) await client.call('PUT', `/v1/imports/${id}/parts/${index + 1}`, { entries });
    bar.increment(1, { step: 'staging' });
  }
  try {
    for (;;) {
      const { status, body } = await client.call('POST', `/v1/imports/${id}/commit`, {});
      bar.update(parts.length, { step: 'storing' });
      if (status === 202) continue;
      bar.update(parts.length + 1, { step: 'done' });
      bar.stop();
      unfinished.forget(fingerprint);
      return progress.parse(body);
    }
  } catch (error) {
    if (error instanceof ApiError && error.status < 500) unfinished.forget(fingerprint);
    throw error;
  }
}

/** @returns the import to go on with, and which of its parts are there */
async function resume(client: ApiClient, unfinished: Unfinished, fingerprint: string, parts: number) {
  const earlier = unfinished.find(fingerprint);
  if (earlier) {
    const found = await client.call('GET', `/v1/imports/${earlier}`).then(
      ({ body }) => progress.parse(body),
      () => undefined, // it is over, or another person's: a new one is begun
    );
    if (found?.state === 'committing')
      return { id: earlier, staged: new Set(Array.from({ length: parts }, (_, i) => i + 1)) };
    if (found?.state === 'staging' && found.parts === parts) return { id: earlier, staged: new Set(found.staged) };
  }
  const { id } = begun.parse((await client.call('POST', '/v1/imports', { parts })).body);
  unfinished.remember(fingerprint, id);
  return { id, staged: new Set<number>() };
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new Error('is not JSON');
  }
}
