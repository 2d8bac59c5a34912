import { randomUUID } from 'node:crypto';
import { addDays, dayOf } from '../../lambda/breach/calendar';
import { expectProblem } from './scene';
import { ward } from './ward';

const today = dayOf(new Date());
const agreement = {
  reference: 'BAA-2026/17',
  signed: addDays(today, -30),
  from: addDays(today, -30),
  until: addDays(today, 335),
  categories: ['demographics', 'billing_address'],
  report_within_days: 10,
};
const mailing = { name: 'Mayflower Mailing, Inc.', service: 'mailing', agreement };
const record = (body: unknown = mailing, headers: Record<string, string> = {}) =>
  ward().as('compliance').post('/v1/associates', body, headers);

describe('the register of business associates, 45 CFR 164.308(b)', () => {
  it('keeps each agreement, says how each associate stands, and ends with what became of the PHI', async () => {
    const made = await record();
    expect(made.status).toBe(201);
    expect(made.headers.get('etag')).toBe('"1"');
    expect(made.body).toMatchObject({ name: mailing.name, standing: 'in-force', until: agreement.until });
    const path = `/v1/associates/${made.body.id}`;
    const next = { ...agreement, reference: 'BAA-2027/3', from: addDays(today, 336), until: null };
    next.signed = today;
    const renewed = await ward().as('compliance').post(`${path}/agreements`, next, { 'if-match': '"1"' });
    expect([renewed.status, renewed.body.standing, renewed.body.until]).toEqual([200, 'in-force', null]);
    const shown = await ward().as('auditor').get(path);
    expect(shown.body.agreements.map(({ reference }: { reference: string }) => reference)).toEqual([
      'BAA-2026/17',
      'BAA-2027/3',
    ]);
    const over = await ward()
      .as('compliance')
      .post(`${path}/end`, { reason: 'replaced', phi: 'destroyed' }, { 'if-match': '"2"' });
    expect(over.body).toMatchObject({ standing: 'ended', until: today, end_reason: 'replaced', phi: 'destroyed' });
    const { body } = await ward().as('auditor').get('/v1/associates');
    expect(body.associates.find(({ id }: { id: string }) => id === made.body.id)).toMatchObject({ standing: 'ended' });

    const [event] = await ward().eventsOf(over.requestId);
    expect(event).toMatchObject({
      action: 'associate.end',
      outcome: 'permit',
      reason: 'replaced',
      patient: null,
      resources: [
        { id: made.body.id, type: 'associate', version: 3 },
        { id: made.body.id, type: 'phi:destroyed', version: null },
      ],
    });
    // A name may be somebody's; the log has ids and codes.
    expect(JSON.stringify(await ward().eventsOf(made.requestId))).not.toContain('Mayflower');
    expectProblem(
      await ward().as('compliance').post(`${path}/agreements`, next, { 'if-match': '"3"' }),
      403,
      'not-allowed',
    );
  });

  it('sends a creation again without a second associate, and lets no change overtake another', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const [first, again] = [await record(mailing, key), await record(mailing, key)];
    expect([first.status, again.status, again.body.id]).toEqual([201, 201, first.body.id]);
    const path = `/v1/associates/${first.body.id}/agreements`;
    expectProblem(await ward().as('compliance').post(path, agreement), 428, 'version-required');
    const both = await Promise.all([
      ward().as('compliance').post(path, agreement, { 'if-match': '"1"' }),
      ward().as('compliance').post(path, agreement, { 'if-match': '"1"' }),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 412]);
  });

  it('is the compliance officer’s to write, and the auditor’s to read', async () => {
    const { body } = await record();
    const path = `/v1/associates/${body.id}`;
    for (const name of ['clinician', 'billing', 'registrar', 'patient', 'admin'])
      expectProblem(await ward().as(name).get(path), 403, 'forbidden');
    for (const name of ['auditor', 'admin'])
      expectProblem(await ward().as(name).post('/v1/associates', mailing), 403, 'forbidden');
    expectProblem(await ward().as('auditor').get(`/v1/associates/${randomUUID()}`), 404, 'not-found');
  });

  it.each([
    ['name', { ...mailing, name: 'a\nb' }],
    ['service', { ...mailing, service: 'friend' }],
    ['agreement.reference', { ...mailing, agreement: { ...agreement, reference: 'has spaces' } }],
    ['agreement.signed', { ...mailing, agreement: { ...agreement, signed: '2026-02-30' } }],
    [
      'agreement.signed',
      { ...mailing, agreement: { ...agreement, signed: addDays(today, 1), from: addDays(today, 1) } },
    ],
    ['agreement.from', { ...mailing, agreement: { ...agreement, from: addDays(today, -31) } }],
    ['agreement.until', { ...mailing, agreement: { ...agreement, until: addDays(today, -31) } }],
    ['agreement.categories', { ...mailing, agreement: { ...agreement, categories: [] } }],
    ['agreement.report_within_days', { ...mailing, agreement: { ...agreement, report_within_days: 61 } }],
  ])('names %s when it is wrong, and keeps nothing', async (field, body) => {
    const before = (await ward().as('auditor').get('/v1/associates')).body.associates.length;
    const answer = await record(body);
    expectProblem(answer, 400, 'invalid-input');
    expect(answer.body.errors).toContainEqual(expect.objectContaining({ field }));
    expect(answer.text).not.toContain('friend');
    expect((await ward().as('auditor').get('/v1/associates')).body.associates).toHaveLength(before);
  });
});
