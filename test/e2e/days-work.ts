import { randomUUID } from 'node:crypto';
import { demoBundle } from '../../local/demo-patients';
import { commit, demographics, newMrn, partsOf, type told } from './scene';
import type { Response, Ward } from './ward';

export type Told = ReturnType<typeof told>;
type Expected = ReadonlyMap<string, readonly Partial<Told>[]>;

/** Requests one after the other, and what the outbox must hold of each: 45 CFR 164.312(b). */
class Script {
  constructor(private readonly cloud: Ward) {}

  readonly expected = new Map<string, Partial<Told>[]>();

  async step(
    name: string,
    make: (person: ReturnType<Ward['as']>) => Promise<Response>,
    status: number,
    ...events: Partial<Told>[]
  ) {
    const answer = await make(this.cloud.as(name));
    expect([answer.text.slice(0, 400), answer.status]).toEqual([expect.any(String), status]);
    const { role, sub: actor } = this.cloud.user(name);
    this.expected.set(
      answer.requestId,
      events.map((event) => ({ actor, role, status, ...event })),
    );
    return answer;
  }
}

const permitted = { outcome: 'permit' as const, reason: null };
const denied = (reason: string) => ({
  outcome: 'deny' as const,
  reason,
  basis: null,
  resources: [] as Told['resources'],
});
const failed = (reason: string) => ({ outcome: 'error' as const, reason });

/** A day's work of everybody. @returns by request id what the outbox must hold of it; the order within a request is free */
export async function daysWork(cloud: Ward): Promise<Expected> {
  const script = new Script(cloud);
  const [mrn, family] = [newMrn(), `Family-${randomUUID()}`];
  const given = { demographics: demographics({ mrn, family, birthDate: '1950-06-07' }), ssn: '999-33-4444' };
  const work = { basis: 'role', purpose: 'OPERATIONS' } as const;
  const care = { basis: 'care-team', purpose: 'TREAT' } as const;
  const pay = { basis: 'role', purpose: 'PAYMENT' } as const;
  const main = (type: string, version: number | null) => [type, 'main', version] as Told['resources'][number];
  const colleague = cloud.user('clinician2').sub;
  const member = (version: number): Told['resources'][number] => ['care-team-member', colleague, version];

  const { body: me } = await script.step('admin', (p) => p.get('/v1/me'), 200, {
    action: 'account.read',
    ...permitted,
    ...work,
    patient: null,
    categories: [],
    resources: [['user', cloud.user('admin').sub, null]],
  });
  expect(me.role).toBe('admin');
  const key = { 'idempotency-key': randomUUID() };
  const registration = {
    action: 'patient.register',
    ...work,
    categories: ['demographics', 'ssn'] as Told['categories'],
  };
  const {
    body: { id: patient },
  } = await script.step('registrar', (p) => p.post('/v1/patients', given, key), 201, {
    ...registration,
    ...permitted,
    resources: [main('demographics', 1), main('ssn', 1)],
  });
  // The first event's patient is known now.
  for (const events of script.expected.values())
    for (const event of events) if (event.action === 'patient.register') Object.assign(event, { patient });
  await script.step('registrar', (p) => p.post('/v1/patients', given, key), 201, {
    ...registration,
    categories: [],
    outcome: 'permit',
    reason: 'replay',
    patient,
    resources: [],
  });
  await script.step('registrar', (p) => p.post('/v1/patients', given), 409, {
    ...registration,
    categories: [],
    ...failed('mrn-in-use'),
    patient: null,
  });
  const path = `/v1/patients/${patient}`;
  await script.step('clinician', (p) => p.get(path), 403, {
    action: 'patient.read',
    ...denied('no-relationship'),
    patient,
    purpose: 'TREAT',
    categories: ['demographics', 'ssn', 'billing_address'],
  });
  const first = cloud.user('clinician').sub;
  await script.step('admin', (p) => p.put(`${path}/care-team/${first}`, {}), 201, {
    action: 'care-team.add',
    ...permitted,
    ...work,
    patient,
    categories: [],
    resources: [['care-team-member', first, 1]],
  });
  await script.step('clinician', (p) => p.get(path), 200, {
    action: 'patient.read',
    ...permitted,
    ...care,
    patient,
    categories: ['demographics'],
    resources: [main('demographics', 1)],
  });
  await script.step('billing', (p) => p.get(path), 200, {
    action: 'patient.read',
    ...permitted,
    ...pay,
    patient,
    categories: ['demographics', 'ssn'],
    resources: [main('demographics', 1), main('ssn', 1)],
  });
  await script.step('registrar', (p) => p.patch(path, { gender: 'other' }, 1), 200, {
    action: 'patient.correct',
    ...permitted,
    ...work,
    patient,
    categories: ['demographics'],
    resources: [main('demographics', 2)],
  });
  await script.step('registrar', (p) => p.patch(path, { gender: 'male' }, 1), 412, {
    action: 'patient.correct',
    ...failed('stale-version'),
    ...work,
    patient,
    resources: [main('demographics', 2)],
  });
  await script.step('auditor', (p) => p.patch(path, { gender: 'male' }, 2), 403, {
    action: 'patient.correct',
    ...denied('role'),
    patient,
    purpose: 'OPERATIONS',
    categories: ['demographics'],
  });
  const notes = `${path}/records/notes`;
  const about = { patient, categories: ['notes'] as Told['categories'] };
  const {
    body: { id: note },
  } = await script.step('clinician', (p) => p.post(notes, { text: 'seen' }), 201, {
    action: 'record.create',
    ...permitted,
    ...care,
    ...about,
  });
  const entry = (version: number) => ({ resources: [['notes', note, version] as Told['resources'][number]] });
  await script.step('clinician', (p) => p.put(`${notes}/${note}`, { text: 'seen twice' }, { 'if-match': '"1"' }), 200, {
    action: 'record.update',
    ...permitted,
    ...care,
    ...about,
    ...entry(2),
  });
  await script.step('clinician', (p) => p.get(notes), 200, {
    action: 'record.list',
    ...permitted,
    ...care,
    ...about,
    ...entry(2),
  });
  await script.step('clinician', (p) => p.get(`${notes}/${note}`), 200, {
    action: 'record.read',
    ...permitted,
    ...care,
    ...about,
    ...entry(2),
  });
  await script.step('clinician', (p) => p.get(`${notes}/${note}/versions/1`), 200, {
    action: 'record.version',
    ...permitted,
    ...care,
    ...about,
    ...entry(1),
  });
  await script.step('clinician', (p) => p.get(`${notes}/${note}/versions`), 200, {
    action: 'record.history',
    ...permitted,
    ...care,
    ...about,
    resources: [...entry(1).resources, ...entry(2).resources],
  });
  await script.step('clinician', (p) => p.get(`${notes}/${randomUUID()}`), 404, {
    action: 'record.read',
    ...failed('not-found'),
    ...care,
    ...about,
    resources: [],
  });
  await script.step('billing', (p) => p.get(notes), 403, {
    action: 'record.list',
    ...denied('category'),
    ...about,
    purpose: 'PAYMENT',
  });
  await script.step('patient', (p) => p.get(notes), 403, {
    action: 'record.list',
    ...denied('no-relationship'),
    ...about,
    purpose: 'REQUEST',
  });
  const question = { family, birth_date: '1950-06-07' };
  const { body: twin } = await script.step(
    'registrar',
    (p) => p.post('/v1/patients', { demographics: demographics({ family, birthDate: '1950-06-07' }) }),
    201,
    {
      action: 'patient.register',
      ...permitted,
      ...work,
      categories: ['demographics'],
      resources: [main('demographics', 1)],
    },
  );
  const hit = (id: string, version: number) => ({
    action: 'patient.search',
    ...permitted,
    ...work,
    patient: id,
    categories: ['demographics'] as Told['categories'],
    resources: [main('demographics', version)],
  });
  await script.step('registrar', (p) => p.post('/v1/patients/search', question), 200, hit(patient, 2), hit(twin.id, 1));
  await script.step('clinician', (p) => p.post('/v1/patients/search', question), 200, {
    ...hit(patient, 2),
    purpose: 'TREAT',
  });
  await script.step('clinician2', (p) => p.post('/v1/patients/search', question), 200, {
    action: 'patient.search',
    outcome: 'permit',
    reason: 'no-match',
    purpose: 'TREAT',
    patient: null,
    categories: [],
    resources: [],
  });
  await script.step('clinician', (p) => p.put(`${path}/care-team/${colleague}`, {}), 201, {
    action: 'care-team.add',
    ...permitted,
    ...care,
    patient,
    resources: [member(1)],
  });
  await script.step('clinician2', (p) => p.put(`${path}/care-team/${colleague}`, {}), 403, {
    action: 'care-team.add',
    ...failed('not-allowed'),
    ...care,
    patient,
  });
  await script.step('clinician', (p) => p.delete(`${path}/care-team/${colleague}`), 200, {
    action: 'care-team.remove',
    ...permitted,
    ...care,
    patient,
    resources: [member(2)],
  });
  await script.step('clinician2', (p) => p.get(`${path}/export`), 403, {
    action: 'patient.export',
    ...denied('membership-expired'),
    patient,
    purpose: 'TREAT',
  });
  await script.step('clinician', (p) => p.get(`${path}/export`), 200, {
    action: 'patient.export',
    ...permitted,
    ...care,
    patient,
    categories: ['demographics', 'notes'],
    resources: [main('demographics', 2), ...entry(2).resources],
  });
  const bundle = demoBundle(7);
  const { body: begun } = await script.step('registrar', (p) => p.post('/v1/imports', { parts: 1 }), 201, {
    action: 'import.create',
    ...permitted,
    ...work,
    patient: null,
  });
  const imported = { resources: [['import', begun.id, null] as Told['resources'][number]], ...permitted, ...work };
  await script.step(
    'registrar',
    (p) => p.put(`/v1/imports/${begun.id}/parts/1`, { entries: partsOf(bundle)[0] }),
    200,
    { action: 'import.stage', patient: null, ...imported },
  );
  await script.step('registrar', (p) => p.get(`/v1/imports/${begun.id}`), 200, {
    action: 'import.read',
    patient: null,
    ...imported,
  });
  await script.step(
    'registrar',
    () => commit(cloud.as('registrar'), begun.id),
    200,
    { action: 'import.begin', ...imported },
    { action: 'import.store', ...permitted, ...work },
    { action: 'import.commit', ...imported },
  );

  return script.expected;
}
