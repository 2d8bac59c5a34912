import { randomUUID } from 'node:crypto';
import { relationTokens } from '../../lambda/encryption/relation-tokens';
import { caredFor, demographics, expectProblem, imported, newPerson, registered } from './scene';
import { ward } from './ward';

const dayMilliseconds = 24 * 60 * 60 * 1000;
const daysFromNow = (days: number): string => new Date(Date.now() + days * dayMilliseconds).toISOString();

describe('what explains an access', () => {
  it('is a task that somebody else recorded, for a person or a role, and each role sees its own kinds', async () => {
    const patient = await caredFor();
    const { sub } = ward().user('clinician');
    const path = `/v1/patients/${patient}/tasks`;
    const appointment = await ward()
      .as('registrar')
      .post(path, { kind: 'appointment', assignee: { user: sub }, until: daysFromNow(1) });
    expect(appointment.status).toBe(201);
    const claim = await ward()
      .as('billing')
      .post(path, { kind: 'claim', assignee: { role: 'billing' } });
    expect(claim.status).toBe(201);
    expect(Date.parse(claim.body.until) - Date.parse(claim.body.from)).toBe(180 * dayMilliseconds);
    const order = await ward()
      .as('clinician')
      .post(path, { kind: 'order', assignee: { role: 'clinician', department: 'radiology' } });
    expect(order.status).toBe(201);

    const kinds = async (name: string) => {
      const { status, body } = await ward().as(name).get(path);
      expect(status).toBe(200);
      return body.tasks.map(({ kind }: { kind: string }) => kind).sort();
    };
    expect(await kinds('clinician')).toEqual(['appointment', 'order']);
    expect(await kinds('registrar')).toEqual(['appointment']);
    expect(await kinds('billing')).toEqual(['claim']);
    expect(await kinds('compliance')).toEqual(['appointment', 'claim', 'order']);
    const [event] = await ward().eventsOf(appointment.requestId);
    expect(event).toMatchObject({ action: 'task.record', patient, reason: 'appointment', outcome: 'permit' });
  });

  it('is nothing that somebody says of themselves, or that is not their work, or has no end', async () => {
    const patient = await caredFor();
    const path = `/v1/patients/${patient}/tasks`;
    const { sub } = ward().user('clinician');
    const refused = async (name: string, body: unknown) =>
      expectProblem(await ward().as(name).post(path, body), 403, 'not-allowed');
    await refused('clinician', { kind: 'order', assignee: { user: sub } });
    await refused('billing', { kind: 'appointment', assignee: { user: sub } });
    await refused('registrar', { kind: 'claim', assignee: { role: 'billing' } });
    await refused('billing', { kind: 'claim', assignee: { role: 'clinician' } });
    await refused('registrar', { kind: 'appointment', assignee: { user: ward().user('billing').sub } });
    await refused('registrar', { kind: 'appointment', assignee: { user: sub }, until: daysFromNow(20) });
    await refused('registrar', {
      kind: 'appointment',
      assignee: { user: sub },
      from: daysFromNow(-40),
      until: daysFromNow(-39),
    });
    const text = await ward()
      .as('registrar')
      .post(path, { kind: 'appointment', assignee: { user: sub }, note: 'secret words' });
    expectProblem(text, 400, 'invalid-input', 'secret words');
    const stranger = await ward().as('admin').get(path);
    expectProblem(stranger, 403, 'forbidden');
  });

  it('gives no access: a clinician with a task alone is refused the record', async () => {
    const patient = await registered();
    const { sub, api } = await newPerson('clinician');
    const task = await ward()
      .as('registrar')
      .post(`/v1/patients/${patient}/tasks`, { kind: 'appointment', assignee: { user: sub } });
    expect(task.status).toBe(201);
    expectProblem(await api.get(`/v1/patients/${patient}`), 403, 'forbidden');
  });

  it('comes from the visits and claims of an import, once, for the person it names or for the role', async () => {
    const clinician = ward().user('clinician').sub;
    const url = `urn:uuid:${randomUUID()}`;
    const visit = (user: string | undefined, end: string, more: object = {}) => ({
      fullUrl: `urn:uuid:${randomUUID()}`,
      resource: {
        resourceType: 'Encounter',
        id: randomUUID(),
        status: 'finished',
        class: { code: 'AMB' },
        subject: { reference: url },
        period: { start: daysFromNow(-3), end },
        ...(user && { participant: [{ individual: { identifier: { system: 'urn:ward:user', value: user } } }] }),
        ...more,
      },
    });
    const bundle = {
      resourceType: 'Bundle',
      type: 'collection',
      entry: [
        { fullUrl: url, resource: { resourceType: 'Patient', ...demographics({}) } },
        visit(clinician, daysFromNow(-3)),
        visit(randomUUID(), daysFromNow(-2)),
        visit(undefined, daysFromNow(-1), { status: 'cancelled' }),
        visit(undefined, daysFromNow(-30), { period: { start: daysFromNow(-31), end: daysFromNow(-30) } }),
        {
          fullUrl: `urn:uuid:${randomUUID()}`,
          resource: {
            resourceType: 'Claim',
            id: randomUUID(),
            status: 'active',
            type: { coding: [{ code: 'professional' }] },
            use: 'claim',
            patient: { reference: url },
            created: daysFromNow(-3),
            provider: { display: 'Clinic' },
            priority: { coding: [{ code: 'normal' }] },
            insurance: [{ sequence: 1, focal: true, coverage: { display: 'Plan' } }],
          },
        },
      ],
    };
    const first = await imported(bundle);
    expect(first.text).toContain('committed');
    const patient: string = first.body.patient;
    const tasks = async () => {
      const items = await ward().partition('GovernanceTable', `PATIENT#${patient}`);
      return items.filter(({ SK }) => String(SK).startsWith('TASK#')).map(({ createdAt: _, ...item }) => item);
    };
    const made = await tasks();
    expect(made.map(({ kind, assignee }) => ({ kind, assignee }))).toEqual(
      expect.arrayContaining([
        { kind: 'appointment', assignee: { sub: clinician } },
        { kind: 'appointment', assignee: { role: 'clinician' } },
        { kind: 'claim', assignee: { role: 'billing' } },
      ]),
    );
    expect(made).toHaveLength(3);
    expect((await imported(bundle)).body).toMatchObject({ patient, stored: 0 });
    expect(await tasks()).toEqual(made);
  });
});

describe('what is known of the workforce and of patients to watch', () => {
  it('keeps blind tokens alone, of which those of a relative and a neighbour are the same', async () => {
    const family = `Kinsman-${randomUUID()}`;
    const address = { line: [`${randomUUID()} Elm Street`], postalCode: '02139-4307' };
    const { sub } = await newPerson('clinician');
    const patient = await registered({ demographics: { ...demographics({ family }), address: [address] } });
    const own = await registered();
    const relate = await ward()
      .as('admin')
      .put(`/v1/users/${sub}/relations`, {
        family_names: [family.toUpperCase()],
        home_addresses: [{ line: [`${address.line[0]}.`], postal_code: '02139' }],
        employee_patient: own,
        department: 'cardiology',
      });
    expect(relate.body).toMatchObject({ family_names: 1, home_addresses: 1, employee_patient: own });
    const [relations] = await ward().partition('GovernanceTable', `RELATIONS#${sub}`);
    const [item] = (await ward().partition('RecordsTable', `P#${patient}`)).filter(({ SK }) => SK === 'PATIENT');
    const tokens = JSON.stringify(item?.['lookups']);
    const { family: names, address: places } = relationTokens.parse(relations);
    expect([names.length, places.length]).toEqual([1, 1]);
    expect(tokens).toContain(`L#family#${names[0]}`);
    expect(tokens).toContain(`L#address#${places[0]}`);
    expect(JSON.stringify(relations)).not.toMatch(/kinsman|elm/i);
  });

  it('is said by an administrator, of somebody else of the workforce', async () => {
    const { sub } = ward().user('admin');
    const own = await ward().as('admin').put(`/v1/users/${sub}/relations`, {});
    expectProblem(own, 403, 'not-allowed');
    const clinician = ward().user('clinician').sub;
    expectProblem(await ward().as('compliance').put(`/v1/users/${clinician}/relations`, {}), 403, 'forbidden');
    const unknown = await ward()
      .as('admin')
      .put(`/v1/users/${clinician}/relations`, { employee_patient: randomUUID() });
    expectProblem(unknown, 403, 'not-allowed');
  });

  it('marks a patient to watch, seen and changed by the compliance officer alone', async () => {
    const patient = await registered();
    const path = `/v1/patients/${patient}/vip`;
    const marked = await ward().as('compliance').put(path, { reason: 'public-figure' });
    expect(marked.body).toMatchObject({ patient, reason: 'public-figure' });
    expectProblem(await ward().as('admin').delete(path), 403, 'forbidden');
    expect((await ward().as('compliance').delete(path)).status).toBe(200);
    expectProblem(await ward().as('compliance').delete(path), 404, 'not-found');
    const [event] = await ward().eventsOf(marked.requestId);
    expect(event).toMatchObject({ action: 'vip.mark', patient, reason: 'public-figure' });
  });
});
