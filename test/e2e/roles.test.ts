import { randomInt, randomUUID } from 'node:crypto';
import { type Action, actions, policy } from '../../lambda/access/policy';
import { routes } from '../../lambda/http/routes';
import { categories } from '../../lambda/records/model';
import { demoBundle } from '../../local/demo-patients';
import { cloneOf, enrolled, expectProblem, imported, join, newPerson, registered, told } from './scene';
import { type Response, ward } from './ward';

const cloud = ward();
const unknown = '00000000-0000-4000-8000-000000000000';
/** path, body and the action that a role needs; each asks about a record that is there */
const bodies: Partial<Record<Action, unknown>> = {
  'patient.search': { mrn: 'none' },
  'account.invite': { identity_check: 'government-id' },
};

describe('a record with everything in it', () => {
  let patient: string;
  let owner: Awaited<ReturnType<typeof newPerson>>;
  const bundle = cloneOf(demoBundle(randomInt(1e6, 1e9)));

  beforeAll(async () => {
    patient = (await imported(bundle)).body.patient;
    owner = await newPerson('patient');
    await join(patient, 'clinician');
    await enrolled(patient, owner.api, cloud.as('registrar'));
    await cloud.as('clinician').post(`/v1/patients/${patient}/records/psychotherapy_notes`, { text: 'apart' });
  });

  test.each(['clinician', 'billing', 'registrar', 'admin', 'compliance', 'auditor'])(
    'shows a %s the categories of their role and refuses each other; 45 CFR 164.502(b)',
    async (name) => {
      const { role } = cloud.user(name);
      const answers = await Promise.all(
        categories.map((category) => cloud.as(name).get(`/v1/patients/${patient}/records/${category}`)),
      );
      const events = await cloud.events();
      for (const [index, { status, requestId }] of answers.entries()) {
        const category = categories[index] ?? 'notes';
        const reads = policy[role].reads.includes(category);
        expect([category, status]).toEqual([category, reads ? 200 : 403]);
        expect(events.filter(({ request }) => request?.id === requestId).map(told)).toEqual([
          expect.objectContaining({
            actor: cloud.user(name).sub,
            role,
            patient,
            categories: [category],
            outcome: reads ? 'permit' : 'deny',
            purpose: policy[role].purpose,
            basis: reads ? (role === 'clinician' ? 'care-team' : 'role') : null,
          }),
        ]);
      }
    },
  );

  test('shows patients all of their own but psychotherapy notes, and lets them write nothing', async () => {
    for (const category of categories) {
      const path = `/v1/patients/${patient}/records/${category}`;
      const expected = category === 'psychotherapy_notes' ? 403 : 200;
      expect([category, (await owner.api.get(path)).status]).toEqual([category, expected]);
      expectProblem(await owner.api.post(path, { text: 'mine' }), 403, 'forbidden');
    }
    const other = await registered();
    expectProblem(await owner.api.get(`/v1/patients/${other}`), 403, 'forbidden');
  });

  test('is exported by the patient as it was imported, each resource equal; 45 CFR 164.524', async () => {
    const exported = await owner.api.get(`/v1/patients/${patient}/export`);
    const sorted = (entries: (typeof bundle)['entry']) =>
      entries.map(({ fullUrl, resource }) => ({ fullUrl, resource })).sort((a, b) => (a.fullUrl < b.fullUrl ? -1 : 1));
    expect(sorted(exported.body.entry)).toEqual(sorted(bundle.entry));
    expect(exported.text).not.toContain('apart');
  });

  test('takes from each role the categories that it writes and no other', async () => {
    for (const name of ['clinician', 'billing', 'registrar', 'patient', 'admin', 'compliance', 'auditor'])
      for (const category of categories.filter((each) => each !== 'demographics' && each !== 'ssn')) {
        const { status } = await cloud
          .as(name)
          .post(`/v1/patients/${patient}/records/${category}`, { city: 'Old Ferry' });
        const may = ['clinician', 'billing'].includes(name) && policy[cloud.user(name).role].writes.includes(category);
        expect([name, category, status]).toEqual([name, category, may ? 201 : 403]);
      }
  });
});

test('each route refuses the roles that its action does not name, and that is on record', async () => {
  const patient = await registered();
  const fill = (path: string): string =>
    path
      .replace('{id}', patient)
      .replace('{category}', 'diagnoses')
      .replace('{version}', '1')
      .replace('{userId}', cloud.user('clinician2').sub)
      .replace('{part}', '1')
      .replaceAll(/\{\w+\}/g, () => randomUUID());
  const refused = new Map<string, readonly [action: string, role: string]>();
  for (const route of routes) {
    const allowed: readonly string[] = actions[route.action].roles;
    const others = cloud.users.filter(({ name, role }) => name !== 'clinician2' && !allowed.includes(role));
    await Promise.all(
      others.map(async ({ name, role }) => {
        const body = route.bodyLimit === 0 ? undefined : (bodies[route.action] ?? {});
        const answer = await cloud.as(name).call(route.method, fill(route.path), body);
        expect([route.action, name, answer.status]).toEqual([route.action, name, 403]);
        expectProblem(answer, 403, 'forbidden', patient);
        refused.set(answer.requestId, [route.action, role]);
      }),
    );
  }
  expect(refused.size).toBeGreaterThan(routes.length);
  const events = (await cloud.events()).filter(({ request }) => request && refused.has(request.id));
  expect(events).toHaveLength(refused.size);
  for (const event of events) {
    const [action, role] = refused.get(event.request?.id ?? '') ?? [];
    expect(told(event)).toMatchObject({ action, role, outcome: 'deny', reason: 'role', status: 403 });
  }
}, 120_000);

test('to a clinician off the team an existing and an unknown patient are the same', async () => {
  const clinician = cloud.as('clinician');
  const existing = await registered();
  for (const path of [
    '',
    '/records/diagnoses',
    '/records/notes/main',
    '/records/notes/main/versions',
    '/export',
    '/care-team',
  ]) {
    const [known, other] = [
      await clinician.get(`/v1/patients/${existing}${path}`),
      await clinician.get(`/v1/patients/${unknown}${path}`),
    ];
    expectProblem(known, 403, 'forbidden');
    const shape = ({ status, body, headers }: Response) => ({
      status,
      body: { ...body, instance: '' },
      headers: [...headers].filter(([name]) => !/^(date|x-amz.*)$/.test(name)),
    });
    expect(shape(known)).toEqual(shape(other));
  }
});

test('to those whose role is enough an unknown patient is not there', async () => {
  for (const path of ['', '/records/demographics', '/records/demographics/main'])
    for (const name of ['registrar', 'billing'])
      expectProblem(await cloud.as(name).get(`/v1/patients/${unknown}${path}`), 404, 'not-found', unknown);
  expectProblem(await cloud.as('registrar').patch(`/v1/patients/${unknown}`, { gender: 'other' }, 1), 404, 'not-found');
  const billing = cloud.as('billing').post(`/v1/patients/${unknown}/records/insurance_id`, { member: '1' });
  expectProblem(await billing, 404, 'not-found');
  expectProblem(await cloud.as('admin').get(`/v1/patients/${unknown}/care-team`), 404, 'not-found');
});
