import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditEvent } from '../../lambda/audit/event';
import { demoBundle } from '../../local/demo-patients';
import { ChildCloud } from './own-cloud';
import { commit, demographics, expectProblem, newMrn, staged } from './scene';
import type { Response, Ward } from './ward';

const directory = mkdtempSync(join(tmpdir(), 'ward-durability-'));
let child: ChildCloud;
beforeAll(async () => {
  child = await ChildCloud.start(directory);
});
afterAll(async () => {
  await child.end('SIGTERM');
  rmSync(directory, { recursive: true });
});

describe('before the first patient', () => {
  const nobody = '00000000-0000-4000-8000-000000000000';
  const question = { family: 'Smith', birth_date: '1970-01-01' };

  test('who reads or searches is told that nobody is there, and no key is made for it', async () => {
    const cloud = child.ward;
    for (const name of ['registrar', 'billing', 'clinician']) {
      for (const asked of [{ mrn: newMrn() }, question]) {
        const answer = await cloud.as(name).post('/v1/patients/search', asked);
        expect([name, answer.status, answer.body]).toEqual([name, 200, { patients: [] }]);
      }
    }
    for (const name of ['registrar', 'billing']) {
      expectProblem(await cloud.as(name).get(`/v1/patients/${nobody}`), 404, 'not-found');
      expectProblem(await cloud.as(name).get(`/v1/patients/${nobody}/records/demographics`), 404, 'not-found');
    }
    expectProblem(
      await cloud.as('billing').post(`/v1/patients/${nobody}/records/insurance_id`, { member: '1' }),
      404,
      'not-found',
    );
    expectProblem(
      await cloud.as('registrar').patch(`/v1/patients/${nobody}`, { gender: 'other' }, 1),
      404,
      'not-found',
    );
    for (const path of ['', '/records/diagnoses', '/export'])
      expectProblem(await cloud.as('clinician').get(`/v1/patients/${nobody}${path}`), 403, 'forbidden');
    expect(await cloud.items('KeysTable')).toEqual([]);
    expect(await cloud.items('RecordsTable')).toEqual([]);
  });

  test('the first registration is found at once by functions that have said so', async () => {
    const cloud = child.ward;
    const mrn = newMrn();
    const made = await cloud.as('registrar').post('/v1/patients', { demographics: demographics({ mrn }) });
    expect(made.status).toBe(201);
    const answer = await cloud.as('registrar').post('/v1/patients/search', { mrn });
    expect(answer.body.patients.map(({ id }: { id: string }) => id)).toEqual([made.body.id]);
    expect((await cloud.as('registrar').get(`/v1/patients/${made.body.id}`)).status).toBe(200);
  });
});

/** Works until the cloud is gone. @returns what was acknowledged */
async function workUntilKilled(cloud: Ward): Promise<{ registered: Response[]; imported: Response[] }> {
  const registrar = cloud.as('registrar');
  const acknowledged = { registered: [] as Response[], imported: [] as Response[] };
  let killed: Promise<void> | undefined;
  const acknowledge = (list: Response[], answer: Response): void => {
    list.push(answer);
    if (acknowledged.registered.length >= 12 && acknowledged.imported.length >= 2) killed ??= child.end('SIGKILL');
  };
  const repeat = async (make: (turn: number) => Promise<void>): Promise<void> => {
    try {
      for (let turn = 0; ; turn++) await make(turn);
    } catch (error) {
      // The connection broke: what was under way may be there or not.
      if (!killed) throw error;
    }
  };
  await Promise.all([
    ...Array.from({ length: 4 }, () =>
      repeat(async () => {
        const answer = await registrar.post('/v1/patients', { demographics: demographics({}), ssn: '999121234' });
        if (answer.status === 201) acknowledge(acknowledged.registered, answer);
      }),
    ),
    ...[1, 2].map((worker) =>
      repeat(async (turn) => {
        const answer = await commit(registrar, await staged(registrar, demoBundle(worker * 1000 + turn)));
        if (answer.status === 200) acknowledge(acknowledged.imported, answer);
      }),
    ),
  ]);
  await killed;
  return acknowledged;
}

/** Each version of an entry is in exactly one permitted write event, and each such event’s entries are there. */
async function expectNoHalfTransaction(cloud: Ward): Promise<void> {
  const items = await cloud.items('RecordsTable');
  const entries = items.filter(({ SK }) => /^[CV]#/.test(String(SK)));
  const events = (await cloud.items('AuditTable')).flatMap(({ line }) =>
    typeof line === 'string' ? [auditEvent.parse(JSON.parse(line))] : [],
  );
  const writes = events.filter(
    ({ action, outcome, reason }) =>
      outcome === 'permit' &&
      reason === null &&
      ['patient.register', 'import.store', 'record.create', 'record.update', 'patient.correct'].includes(action),
  );
  const told = writes.flatMap(({ patient, resources }) =>
    resources.map(({ type, id, version }) => [patient, type, id, version].join()),
  );
  const there = entries.map(({ PK, category, entry, version }) =>
    [String(PK).slice(2), category, entry, version].join(),
  );
  expect([...told].sort()).toEqual([...there].sort());

  const patients = items.filter(({ SK }) => SK === 'PATIENT');
  const ids = new Set(patients.map(({ patient }) => patient));
  const keys = (await cloud.items('KeysTable')).filter(({ PK, SK }) => String(PK).startsWith('P#') && SK === 'KEY');
  expect(new Set(keys.map(({ PK }) => String(PK).slice(2)))).toEqual(ids);
  const lookups = items
    .filter(({ PK }) => String(PK).startsWith('L#'))
    .map(({ PK, SK, patient }) => [PK, SK, patient].join());
  const owned = patients.flatMap((item) =>
    (item['lookups'] as { PK: string; SK: string }[]).map(({ PK, SK }) => [PK, SK, item['patient']].join()),
  );
  expect([...lookups].sort()).toEqual([...owned].sort());
  const begun = events.filter(
    ({ action, outcome, reason }) =>
      ['patient.register', 'import.begin'].includes(action) && outcome === 'permit' && reason === null,
  );
  expect(new Set(begun.map(({ patient }) => patient))).toEqual(ids);
}

test('what was acknowledged before kill -9 is there after it, with its evidence, and nothing is half there', async () => {
  const { registered, imported } = await workUntilKilled(child.ward);
  expect(registered.length).toBeGreaterThanOrEqual(12);
  child = await ChildCloud.start(directory);
  const cloud = child.ward;
  await expectNoHalfTransaction(cloud);

  // Tokens of before hold: the sign-in is still the same person's, and reads what they registered.
  const registrar = cloud.as('registrar');
  for (const { body, requestId } of registered) {
    expect((await registrar.get(`/v1/patients/${body.id}`)).status).toBe(200);
    expect((await cloud.eventsOf(requestId)).map(({ action, patient }) => [action, patient])).toEqual([
      ['patient.register', body.id],
    ]);
  }
  for (const { body } of imported)
    expect((await registrar.get(`/v1/imports/${body.id}`)).body).toMatchObject({
      state: 'committed',
      patient: body.patient,
    });

  // An import that was cut off between its transactions goes on where it was.
  const open = (await cloud.items('GovernanceTable')).filter(({ state }) => state === 'committing');
  for (const { id } of open) {
    const done = await commit(registrar, String(id));
    expect([done.status, done.body.state]).toEqual([200, 'committed']);
  }
  await expectNoHalfTransaction(cloud);
});

test('sign-in works after the kill, with the authenticator of before', async () => {
  const cloud = child.ward;
  const { accessToken } = await cloud.signIn('auditor');
  expect((await cloud.with(`Bearer ${accessToken}`).get('/v1/me')).body).toMatchObject({ role: 'auditor' });
});
