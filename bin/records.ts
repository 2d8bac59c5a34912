import * as z from 'zod';
import { compareWithLog, type RollbackFinding } from '../lambda/records/rollback';
import type { ApiClient } from './api-client';

const stored = z.object({
  entries: z.array(z.object({ category: z.string(), entry: z.string(), version: z.int(), sealed: z.int() })),
});
const page = z.object({
  events: z.array(
    z.object({
      outcome: z.string(),
      resources: z.array(z.object({ type: z.string(), id: z.string(), version: z.int().nullable() })),
    }),
  ),
  missing: z.array(z.unknown()),
  next: z.string().nullable(),
});

export interface RecordsCheck {
  readonly entries: number;
  readonly events: number;
  /** events that the index names and the evidence does not have */
  readonly missingEvents: number;
  readonly findings: readonly RollbackFinding[];
}

/** Holds a patient's current entries against every event of the audit log that names them. 45 CFR 164.312(c)(2). */
export async function checkRecords(client: ApiClient, patient: string): Promise<RecordsCheck> {
  const { body } = await client.call('GET', `/v1/patients/${encodeURIComponent(patient)}/versions`);
  const { entries } = stored.parse(body);
  const recorded: z.infer<typeof page>['events'][number]['resources'] = [];
  let events = 0;
  let missingEvents = 0;
  let cursor: string | undefined;
  do {
    const answer = await client.call('POST', '/v1/audit/search', { patient, limit: 100, ...(cursor && { cursor }) });
    const found = page.parse(answer.body);
    events += found.events.length;
    missingEvents += found.missing.length;
    for (const { outcome, resources } of found.events) if (outcome === 'permit') recorded.push(...resources);
    cursor = found.next ?? undefined;
  } while (cursor !== undefined);
  return { entries: entries.length, events, missingEvents, findings: compareWithLog(entries, recorded) };
}

/** @returns what to print, and whether it is a reason for alarm */
export function describeCheck({ entries, events, missingEvents, findings }: RecordsCheck): {
  readonly lines: readonly string[];
  readonly sound: boolean;
} {
  const alarming = findings.filter(({ status }) => status !== 'unrecorded');
  const lines = findings.map(({ status, category, entry, stored: has, recorded }) =>
    [
      status.toUpperCase().replace('-', '_'),
      category,
      entry,
      `stored ${has ?? 'none'}`,
      `recorded ${recorded ?? 'none'}`,
    ].join('  '),
  );
  if (missingEvents > 0) lines.push(`EVIDENCE_MISSING  ${missingEvents} events`);
  const sound = alarming.length === 0 && missingEvents === 0;
  return { lines: [...lines, `${entries} entries, ${events} events: ${sound ? 'sound' : 'NOT SOUND'}`], sound };
}
