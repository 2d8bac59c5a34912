import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { bind } from '../../bin/audit/query-parameters';
import { ask } from '../../bin/audit/query-place';
import { Session } from '../../bin/session';
import { readTarget } from '../../bin/target';
import { type AuditEvent, auditEvent } from '../../lambda/audit/event';
import { namedQuestions } from '../../lib/audit-questions';
import { auditEventR4 } from '../audit/audit-event-r4';
import { type OwnCloud, ownCloud } from './own-cloud';
import { caredFor, enrolled, expectProblem, newPerson, registered, told } from './scene';
import type { Person, Response } from './ward';

const execute = promisify(execFile);

let own: OwnCloud;
let [auditor, clinician, stranger, patient]: Person[] = [];
let subject: string;
const search = (question: object, by: Person | undefined = auditor): Promise<Response> =>
  by ? by.post('/v1/audit/search', question) : Promise.reject(new Error('nobody'));
type Shown = AuditEvent & { readonly evidence: string; readonly segment: string };
const eventsIn = ({ body }: Response): Shown[] => body.events;
const person = (given: Person | undefined): Person => given ?? own.ward.with(undefined);

beforeAll(async () => {
  own = await ownCloud();
  const { ward } = own;
  [auditor, clinician, stranger] = [ward.as('auditor'), ward.as('clinician'), ward.as('clinician2')];
  subject = await caredFor({}, 'clinician', ward);
  const account = await newPerson('patient', ward);
  patient = account.api;
  await enrolled(subject, patient, ward.as('registrar'));
  await clinician.get(`/v1/patients/${subject}`);
  await clinician.post(`/v1/patients/${subject}/records/diagnoses`, condition(subject));
  await clinician.get(`/v1/patients/${subject}/records/diagnoses`);
  await stranger.get(`/v1/patients/${subject}`);
  await patient.get(`/v1/patients/${subject}`);
  await own.cloud.settled();
}, 120_000);
afterAll(() => own?.remove());

const condition = (id: string) => ({
  resource: {
    resourceType: 'Condition',
    subject: { reference: `Patient/${id}` },
    clinicalStatus: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: 'active' }],
    },
    code: { text: 'Asthma' },
  },
});

describe('POST /v1/audit/search', () => {
  test('an auditor finds what happened to a record, refusals too, each as it is sealed; 45 CFR 164.312(b)', async () => {
    const answer = await search({ patient: subject });
    expect(answer.status).toBe(200);
    const shown = eventsIn(answer);
    expect(shown.map(({ action, outcome }) => `${action} ${outcome}`)).toEqual(
      expect.arrayContaining([
        'patient.register permit',
        'patient.read permit',
        'record.create permit',
        'patient.read deny',
      ]),
    );
    expect(shown.every(({ evidence }) => evidence === 'sealed')).toBe(true);
    expect(answer.body.missing).toEqual([]);
    const stored = (await own.ward.events()).filter((event) => event.patient === subject);
    for (const { evidence: _, segment, ...event } of shown) {
      expect(segment).toMatch(/^v1\/segments\/dt=/);
      expect(stored).toContainEqual(auditEvent.parse(event));
    }
    expect(shown.map(({ at }) => at)).toEqual([...shown.map(({ at }) => at)].sort().reverse());
  });

  test('by actor, by both, by action and by time', async () => {
    const sub = own.ward.user('clinician').sub;
    const byActor = eventsIn(await search({ actor: sub }));
    expect(byActor.length).toBeGreaterThan(2);
    expect(byActor.every(({ actor }) => actor?.sub === sub)).toBe(true);
    const byBoth = eventsIn(await search({ patient: subject, actor: own.ward.user('clinician2').sub }));
    expect(byBoth.map(({ outcome }) => outcome)).toEqual(['deny']);
    const byAction = eventsIn(await search({ patient: subject, action: 'record.create' }));
    expect(byAction.map(({ action }) => action)).toEqual(['record.create']);
    const [created] = byAction;
    const from = created?.at;
    const later = eventsIn(await search({ patient: subject, from }));
    expect(later.at(-1)?.id).toBe(created?.id);
    const earlier = eventsIn(await search({ patient: subject, to: from }));
    expect(earlier.map(({ id }) => id)).not.toContain(created?.id);
  });

  test('page by page nothing is lost and nothing comes twice', async () => {
    await own.cloud.settled();
    const to = new Date().toISOString();
    const whole = eventsIn(await search({ patient: subject, to })).map(({ id }) => id);
    const paged: string[] = [];
    let cursor: string | undefined;
    do {
      const { body } = await search({ patient: subject, to, limit: 2, cursor });
      expect(body.events.length).toBeLessThanOrEqual(2);
      paged.push(...body.events.map(({ id }: Shown) => id));
      cursor = body.next ?? undefined;
    } while (cursor);
    expect(paged).toEqual(whole);
  });

  test('a search is on record itself, with one event for each patient of whom it showed something', async () => {
    const other = await registered({}, own.ward.as('registrar'));
    await own.cloud.settled();
    const answer = await search({ actor: own.ward.user('registrar').sub });
    const recorded = await own.ward.eventsOf(answer.requestId);
    const patients = new Set(eventsIn(answer).map(({ patient: whose }) => whose));
    expect([...patients]).toEqual(expect.arrayContaining([subject, other]));
    expect(new Set(recorded.map(({ patient: whose }) => whose))).toEqual(patients);
    for (const event of recorded) {
      expect(told(event)).toMatchObject({ action: 'audit.search', role: 'auditor', outcome: 'permit', status: 200 });
      const shown = eventsIn(answer).filter(({ patient: whose }) => whose === event.patient);
      expect(event.resources).toEqual(shown.map(({ id }) => ({ id, type: 'audit-event', version: null })));
    }
  });

  test('the compliance officer may ask, nobody else, and who tried is on record', async () => {
    expect((await search({ patient: subject }, own.ward.as('compliance'))).status).toBe(200);
    for (const name of ['clinician', 'billing', 'registrar', 'admin', 'patient']) {
      const refused = await search({ patient: subject }, own.ward.as(name));
      expectProblem(refused, 403, 'forbidden');
      expect((await own.ward.eventsOf(refused.requestId)).map(told)).toMatchObject([
        { action: 'audit.search', outcome: 'deny', reason: 'role' },
      ]);
    }
  });

  test.each([
    ['nobody', {}],
    ['a made-up cursor', { cursor: 'cGF0aWVudA' }],
    ['a name in place of an id', { patient: 'Jo Example' }],
    ['too much at once', { limit: 101 }],
    ['another member', { family: 'Example' }],
  ])('a question about %s is refused without its text', async (_, wrong) => {
    const whom = 'cursor' in wrong || 'limit' in wrong || 'family' in wrong ? { patient: subject } : {};
    expectProblem(await search({ ...whom, ...wrong }), 400, 'invalid-input', 'Example', 'cGF0aWVudA');
  });

  describe('the index is no evidence; 45 CFR 164.312(c)', () => {
    const about = async (whom: string) => (await own.ward.partition('AuditIndexTable', `P#${whom}`))[0] ?? {};
    const put = (Item: Record<string, unknown>) =>
      own.ward.documents().send(new PutCommand({ TableName: own.ward.output('AuditIndexTable'), Item }));

    test('an entry that was altered is told as missing, and its event is not shown', async () => {
      const whom = await registered({}, own.ward.as('registrar'));
      await own.cloud.settled();
      const entry = await about(whom);
      await put({ ...entry, hash: '0'.repeat(64) });
      const answer = await search({ patient: whom });
      expect(eventsIn(answer)).toEqual([]);
      expect(answer.body.missing).toEqual([
        expect.objectContaining({ hash: '0'.repeat(64), segment: entry['segment'] }),
      ]);
      expect((await own.ward.eventsOf(answer.requestId)).map(told)).toMatchObject([
        { patient: whom, reason: 'evidence-missing' },
      ]);
    });

    test('what the archive does not have is held against the outbox', async () => {
      const whom = await registered({}, own.ward.as('registrar'));
      await own.cloud.settled();
      const entry = await about(whom);
      const nowhere = `v1/segments/dt=2026-01-01/hr=00/${'0'.repeat(64)}.ndjson.gz`;
      await put({ ...entry, segment: nowhere });
      expect(eventsIn(await search({ patient: whom })).map(({ evidence }) => evidence)).toEqual(['outbox']);
    });
  });
});

describe('GET /v1/patients/{id}/access-log', () => {
  const path = () => `/v1/patients/${subject}/access-log`;

  test('a patient reads in words who used their record, in which role, when and for what', async () => {
    const answer = await person(patient).get(path());
    expect(answer.status).toBe(200);
    const id = own.ward.user('clinician').sub;
    expect(answer.body.accesses).toContainEqual({
      at: expect.stringMatching(/^\d{4}-/),
      text: `A clinician (id ${id.slice(0, 8)}) looked at your diagnoses, as a member of your care team.`,
      role: 'clinician',
      actor: id,
      categories: ['diagnoses'],
    });
    const mine = answer.body.accesses.filter(({ role }: { role: string }) => role === 'you');
    expect(mine.length).toBeGreaterThan(0);
    expect(answer.text).not.toContain(own.ward.user('clinician2').sub); // who was refused saw nothing
    expect(answer.body).toMatchObject({ unproven: 0, next: null });
    expect((await own.ward.eventsOf(answer.requestId)).map(told)).toMatchObject([
      { action: 'access-log.read', patient: subject, role: 'patient', basis: 'self', outcome: 'permit' },
    ]);
  });

  test('nobody else reads it', async () => {
    const other = await newPerson('patient', own.ward);
    for (const each of [other.api, person(clinician), person(auditor), own.ward.as('admin')])
      expectProblem(await each.get(path()), 403, 'forbidden');
  });

  test('a cursor that was made up is refused', async () => {
    expectProblem(await person(patient).get(`${path()}?cursor=cGF0aWVudA`), 400, 'invalid-input');
    expectProblem(await person(patient).get(`${path()}?other=1`), 400, 'invalid-input');
  });

  test('a long list comes in pages', async () => {
    const read = () => person(patient).get(`/v1/patients/${subject}/care-team`);
    for (let times = 0; times < 6; times++) await Promise.all(Array.from({ length: 10 }, read));
    await own.cloud.settled();
    const first = await person(patient).get(path());
    expect(first.body.accesses).toHaveLength(50);
    const second = await person(patient).get(`${path()}?cursor=${first.body.next}`);
    expect(second.body.accesses.length).toBeGreaterThan(5);
    const whole = [...first.body.accesses, ...second.body.accesses].map(({ at }: { at: string }) => at);
    expect(whole).toEqual([...whole].sort().reverse());
  }, 60_000);
});

describe('npx ward audit', () => {
  test('a named question over the laptop’s archive leaves nothing behind', async () => {
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith('ward-audit-'));
    const { sql, values } = bind(namedQuestions['who-saw-patient'], [`patient=${subject}`], new Date());
    const { columns, rows } = await ask({ data: own.ward.directory }, sql, values);
    const action = columns.indexOf('action');
    expect(rows.map((row) => row[action])).toEqual(expect.arrayContaining(['patient.register', 'record.create']));
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('ward-audit-'))).toEqual(before);
  });

  test('events are exported as FHIR R4 AuditEvents', async () => {
    const home = mkdtempSync(join(tmpdir(), 'ward-home-'));
    const before = process.env['WARD_HOME'];
    process.env['WARD_HOME'] = home;
    try {
      const where = { data: own.ward.directory };
      new Session(readTarget(where), 'officer').save(await own.ward.tokens('compliance'));
      const words = [
        '--data',
        where.data,
        '--as',
        'officer',
        'audit',
        'export',
        '--format',
        'fhir',
        '--patient',
        subject,
      ];
      const { stdout } = await execute(process.execPath, [resolve('bin/ward.js'), ...words], {
        env: { ...process.env },
        maxBuffer: 2 ** 26,
      });
      const bundle: { entry: { resource: unknown }[] } = JSON.parse(stdout);
      const outcomes = bundle.entry.map(({ resource }) => auditEventR4.parse(resource).outcome);
      expect(outcomes.length).toBeGreaterThan(5);
      expect(outcomes).toEqual(expect.arrayContaining(['0', '8']));
    } finally {
      if (before === undefined) delete process.env['WARD_HOME'];
      else process.env['WARD_HOME'] = before;
      rmSync(home, { recursive: true });
    }
  }, 30_000);
});
