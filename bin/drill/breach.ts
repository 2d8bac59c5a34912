import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import * as z from 'zod';
import { drillPatients } from './patients';
import { assessment, content, filing, words } from './words';

/** Somebody of the drill: calls the API in their own name. */
export interface Player {
  readonly sub: string;
  /** @returns the answer whatever its status */
  call(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly body: unknown }>;
}
export type Role = 'registrar' | 'admin' | 'snooper' | 'compliance' | 'auditor';

export interface Drill {
  readonly players: Readonly<Record<Role, Player>>;
  /** an empty folder */
  readonly output: string;
  readonly say: (line: string) => void;
  readonly now: () => Date;
  /** waits until the audit log may have another signed checkpoint */
  readonly awaitCheckpoint: () => Promise<void>;
}
export interface DrillOutcome {
  readonly incident: string;
  readonly patients: readonly string[];
  /** from the order to contain to the first denial; milliseconds */
  readonly containedAfter: number;
  readonly dossierHash: string;
  readonly files: readonly string[];
}

const made = z.looseObject({ id: z.string() });
const scoped = z.looseObject({
  individuals: z.number(),
  digest: z.string(),
  residents: z.record(z.string(), z.number()),
  remaining: z.number(),
});
const notices = z.looseObject({
  letters: z.array(
    z.looseObject({
      notice: z.string(),
      patient: z.string(),
      state: z.string(),
      channel: z.string().optional(),
      problem: z.string().optional(),
    }),
  ),
  documents: z.array(z.looseObject({ name: z.string() })),
  duties: z.array(
    z.looseObject({
      id: z.string(),
      duty: z.string(),
      due: z.string().optional(),
      status: z.string(),
      note: z.string().optional(),
    }),
  ),
});
const file = z.looseObject({ base64: z.string() });
/** the log is signed once a minute */
const checkpointsAwaited = 60;
const day = (at: Date): string => at.toISOString().slice(0, 10);

/**
 * Plays a whole breach, from snooping to the closed dossier, and leaves every document in a folder. For training, and the
 * end-to-end test of the workflow. 45 CFR 164.308(a)(6)(ii), 164.400-414.
 * @throws Error naming the step that Ward answered otherwise than it should
 */
export async function drillBreach({ players, output, say, now, awaitCheckpoint }: Drill): Promise<DrillOutcome> {
  mkdirSync(output, { recursive: true, mode: 0o700 });
  const { registrar, admin, snooper, compliance, auditor } = players;
  const files: string[] = [];
  const keep = (name: string, bytes: Uint8Array | string): void => {
    writeFileSync(join(output, name), bytes, { mode: 0o600 });
    files.push(name);
  };
  const story: string[] = [];
  const tell = (line: string): void => {
    story.push(line);
    say(line);
  };

  tell('1. A clinic registers fourteen synthetic patients.');
  const patients: string[] = [];
  for (const { demographics } of drillPatients()) {
    const { id } = made.parse(await expected(registrar, 201, 'POST', '/v1/patients', { demographics }));
    await expected(admin, [200, 201], 'PUT', `/v1/patients/${id}/care-team/${snooper.sub}`, {});
    patients.push(id);
  }

  tell('2. A clinician who is on their care teams reads one record after the other, for no reason but curiosity.');
  const from = now().toISOString();
  for (const id of patients) {
    await expected(snooper, 200, 'GET', `/v1/patients/${id}`);
    await expected(snooper, 200, 'GET', `/v1/patients/${id}/records/diagnoses`);
  }
  await pause(5); // the scope ends before the next millisecond
  const to = now().toISOString();

  tell('3. The compliance officer opens an incident: today is day 0 of every deadline.');
  const today = day(now());
  const opened = made.parse(
    await expected(compliance, 201, 'POST', '/v1/incidents', {
      discovered: today,
      discovery_basis: 'workforce-report',
      description: words.description,
      breach_began: day(new Date(from)),
      breach_ended: day(new Date(to)),
      type: 'unauthorized-access-disclosure',
      locations: ['electronic-medical-record'],
      subjects: [snooper.sub],
    }),
  );
  const incident = opened.id;
  const at = (path: string): string => `/v1/incidents/${incident}${path}`;

  const began = Date.now();
  await expected(compliance, 200, 'POST', at('/containment'), {
    measures: [{ kind: 'suspend-user', user: snooper.sub }],
    reason: words.containment,
  });
  await expected(snooper, 403, 'GET', `/v1/patients/${patients[0]}`);
  const containedAfter = Date.now() - began;
  tell(`4. The clinician is suspended; the next request was denied ${containedAfter} ms after the order.`);

  await expected(compliance, 200, 'POST', at('/assessment'), assessment);
  tell('5. Four factors assessed, each with a reason: a low probability of compromise is not shown.');

  const scope = async () => {
    let answer = await compliance.call('POST', at('/scope'), { query: { actors: [snooper.sub], from, to } });
    while (answer.status === 202) answer = await compliance.call('POST', at('/scope'), { resume: true });
    return scoped.parse(demand(answer, 200, 'scope'));
  };
  const first = await scope();
  const again = await scope();
  if (first.digest !== again.digest) throw new Error('the same query over the same log gave another scope');
  tell(`6. The audit log says who is affected: ${again.individuals} individuals. Asked again, it says the same.`);
  tell(
    `   By State: ${Object.entries(again.residents)
      .map(([state, count]) => `${state} ${count}`)
      .join(', ')}.`,
  );

  await expected(
    compliance,
    403,
    'POST',
    at('/determination'),
    { outcome: 'breach', approval: incident, reason: words.determination },
    [403, 409],
  );
  const approval = made.parse(
    await expected(compliance, 201, 'POST', '/v1/approvals', {
      kind: 'breach-determination',
      subject: incident,
      reason: 'breach-confirmed',
      details: { outcome: 'breach' },
    }),
  );
  await expected(admin, 200, 'POST', `/v1/approvals/${approval.id}/approve`, {});
  await expected(compliance, 200, 'POST', at('/determination'), {
    outcome: 'breach',
    approval: approval.id,
    reason: words.determination,
  });
  tell('7. Two people determine: it is a breach. One alone was refused.');

  let generated = await compliance.call('POST', at('/notices'), { content, filing });
  while (generated.status === 202) generated = await compliance.call('POST', at('/notices'), {});
  demand(generated, 200, 'notices');
  const listed = notices.parse(await expected(compliance, 200, 'GET', at('/notices')));
  const printed = listed.letters.filter(({ channel }) => channel === 'mail');
  const unreached = listed.letters.filter(({ problem }) => problem !== undefined);
  tell(
    `8. Notices: ${printed.length} letters to print, ${listed.letters.filter(({ channel }) => channel === 'email').length} by e-mail, ${unreached.length} whom no letter reaches.`,
  );
  for (const { due, duty, note } of listed.duties) tell(`   ${due ?? 'no day'}  ${duty}${note ? ` (${note})` : ''}`);

  const fetched = async (name: string): Promise<Buffer> =>
    Buffer.from(file.parse(await expected(compliance, 200, 'GET', at(`/notices/${name}`))).base64, 'base64');
  for (const [index, { notice }] of printed.entries()) keep(`letter-${index + 1}.pdf`, await fetched(notice));
  for (const name of ['letters.pdf', 'addresses.csv', ...listed.documents.map((each) => each.name)])
    keep(name, await fetched(name));

  const prove = (notice: string, state: string, reference: string) =>
    expected(compliance, 200, 'POST', at(`/notices/${notice}/state`), { state, on: today, reference });
  for (const [index, { notice }] of printed.entries()) await prove(notice, 'sent', `USPS-${index + 1}`);
  const [returned] = printed;
  if (returned) {
    await prove(returned.notice, 'returned', 'USPS-RETURN-1');
    await prove(returned.notice, 'sent', 'USPS-FORWARD-1');
  }
  for (const { notice } of unreached) await prove(notice, 'substituted', 'WEB-POSTING-1');
  await prove('substitute', 'done', 'WEB-POSTING-1');
  tell('9. Every notice has its proof: sent, returned and sent again, or substituted by a posting of 90 days.');

  await expected(compliance, 409, 'POST', at('/closure'), { reason: words.closing });
  tell('10. Closing it now is refused: there is no proof yet that HHS was told.');
  for (const { id } of notices
    .parse(await expected(compliance, 200, 'GET', at('/notices')))
    .duties.filter(({ status }) => status !== 'met'))
    await prove(id, 'done', id === 'hhs' ? 'BR-2026-0001' : `COUNSEL-${id.toUpperCase()}`);
  tell(
    '11. The report is filed by hand at the portal and its tracking number recorded; counsel answered for the States.',
  );

  let document = await compliance.call('POST', at('/dossier'), {});
  if (document.status === 409)
    tell('12. The dossier waits: its accesses are not under a signed checkpoint of the audit log yet.');
  for (let waited = 0; document.status === 409 && waited < checkpointsAwaited; waited++) {
    await awaitCheckpoint();
    document = await compliance.call('POST', at('/dossier'), {});
  }
  const archived = z.looseObject({ sha256: z.string() }).parse(demand(document, 200, 'dossier'));
  await expected(auditor, 403, 'GET', at('/dossier'));
  await expected(compliance, 200, 'POST', at('/dossier/release'), {});
  const released = z.looseObject({ sha256: z.string() }).parse(await expected(auditor, 200, 'GET', at('/dossier')));
  if (released.sha256 !== archived.sha256) throw new Error('the auditor was given another dossier than was archived');
  const closed = await expected(compliance, 200, 'POST', at('/closure'), { reason: words.closing });
  const final = z
    .looseObject({ dossier: z.unknown(), pdf: z.string() })
    .parse(await expected(compliance, 200, 'GET', at('/dossier')));
  keep('dossier.json', JSON.stringify(final.dossier, null, 2));
  keep('dossier.pdf', Buffer.from(final.pdf, 'base64'));
  tell(
    `13. The dossier is archived under lock, SHA-256 ${archived.sha256}; auditors read it after its release. The incident is ${z.looseObject({ state: z.string() }).parse(closed).state}.`,
  );

  await expected(admin, 200, 'POST', `/v1/users/${snooper.sub}/reinstatement`, { reason: 'cleared' });
  tell('14. The drill is over, and the clinician is reinstated.');
  keep('story.txt', `${story.join('\n')}\n`);
  return { incident, patients, containedAfter, dossierHash: archived.sha256, files };
}

async function expected(
  player: Player,
  status: number | readonly number[],
  method: string,
  path: string,
  body?: unknown,
  also: readonly number[] = [],
): Promise<unknown> {
  return demand(await player.call(method, path, body), [status, also].flat(), `${method} ${path}`);
}

function demand(
  answer: { readonly status: number; readonly body: unknown },
  status: number | readonly number[],
  what: string,
): unknown {
  if (![status].flat().includes(answer.status))
    throw new Error(
      `${what} was answered ${answer.status} instead of ${[status].flat().join(' or ')}: ${problemOf(answer.body)}`,
    );
  return answer.body;
}

/** A problem repeats nothing of what was sent, so it may be shown. */
const problemOf = (body: unknown): string => JSON.stringify(body)?.slice(0, 400) ?? 'no body';
