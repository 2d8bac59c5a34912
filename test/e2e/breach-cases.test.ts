import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Intercept } from '../../local/intercept';
import { assessment, content, day, filing, Incident, opening, resident, words } from './breach';
import { mustStaySuspended, newcomer, sendOnLeave } from './newcomer';
import { type OwnCloud, ownCloud } from './own-cloud';
import { expectProblem } from './scene';
import type { Ward } from './ward';

jest.setTimeout(60_000);
const passing: Intercept = (_, call, next) => next(call);
let intercept = passing;
let own: OwnCloud;
let cloud: Ward;
beforeAll(async () => {
  own = await ownCloud(undefined, {
    intercept: (service, call, next) => intercept(service, call, next),
    scheduleClock: { now: Date.now, at: () => () => undefined }, // the sweep runs when a test says so
  });
  cloud = own.ward;
}, 120_000);
afterAll(() => own.remove());

const mails = (): string[] => {
  const folder = join(cloud.directory, 'mail');
  return readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
};
const sweep = (): Promise<unknown> => own.invoke('breach-sweep', {});
const remindersOf = ({ id }: Incident): string[] => mails().filter((mail) => mail.includes(`Incident ${id}`));
const email = (address: string, agreed: boolean) => [
  {
    system: 'email',
    value: address,
    ...(agreed && { extension: [{ url: 'urn:ward:extension:notice-by-email', valueBoolean: true }] }),
  },
];

describe('who is told, and until when', () => {
  test('fewer than 500: each individual in 60 days, HHS with the list of the year - 45 CFR 164.404(b), 164.408(c)', async () => {
    const incident = await Incident.opened(cloud, { discovered: day(-3) });
    const made = await incident.notified(await resident(cloud, 'OH'));
    expect(made.body.documents).toContain(`annual-${day(-3).slice(0, 4)}.csv`);
    const duties = await incident.duties();
    expect(duties['individual']).toMatchObject({ due: day(57), status: 'open' });
    expect(duties['hhs']).toMatchObject({ citation: '45 CFR 164.408(c)' });
    expect(Object.keys(duties).filter((id) => id.startsWith('media'))).toEqual([]);
    await incident.proveAll();
    expect((await incident.closed()).body.state).toBe('closed');
  });

  test('a business associate tells the covered entity, and writes to no individual - 45 CFR 164.410', async () => {
    const incident = await Incident.opened(cloud, { associate: true, discovered: day(-10) });
    const patient = await resident(cloud, 'OH');
    const made = await incident.notified(patient);
    expect(made.body).toMatchObject({ documents: ['associate.pdf', 'individuals.csv'], remaining: 0 });
    expect(await incident.duties()).toMatchObject({ 'covered-entity': { due: day(50), status: 'open' } });
    expect(Object.keys(await incident.duties())).toEqual(['covered-entity']);
    const { base64 } = (await incident.get('/notices/individuals.csv')).body;
    expect(Buffer.from(base64, 'base64').toString()).toContain(patient);
    await incident.prove('covered-entity', 'done', 'REPORT-7');
    expect((await incident.closed()).body.state).toBe('closed');
  });

  test('e-mail goes to whoever agreed to it, and to nobody else - 45 CFR 164.404(d)(1)(i)', async () => {
    const [agreed, silent] = ['agreed@example.org', 'silent@example.org'];
    const incident = await Incident.opened(cloud);
    const made = await incident.notified(
      await resident(cloud, 'OH', { telecom: email(agreed, true) }),
      await resident(cloud, 'OH', { telecom: email(silent, false) }),
    );
    expect(made.body.notices).toEqual({ sent: 1, generated: 1 });
    expect(mails().filter((mail) => mail.includes(agreed))).toHaveLength(1);
    expect(mails().filter((mail) => mail.includes(silent))).toHaveLength(0);
  });
});

describe('what is no breach of unsecured information is told to nobody', () => {
  const evidence = {
    encrypted: true,
    mechanism: 'device-encryption',
    key_safe: true,
    key_evidence: 'key-never-present',
    through_api: false,
    reason: words,
  };
  const ended = async (incident: Incident): Promise<void> => {
    expect(await incident.duties()).toEqual({});
    expectProblem(await incident.post('/notices', { content, filing }), 409, 'incident-state');
    expect((await incident.closed()).body.state).toBe('closed');
  };

  test('encrypted, and the key is safe: with the evidence, and not without - 45 CFR 164.402', async () => {
    const incident = await Incident.opened(cloud, { type: 'theft', locations: ['laptop'] });
    await incident.assessed({ safe_harbour: { ...evidence, key_safe: false } });
    expectProblem(await incident.determination('secured'), 409, 'incident-state');
    await incident.must(200, '/assessment', { ...assessment, safe_harbour: evidence });
    await incident.determined('secured');
    await ended(incident);
  });

  test.each(['exception-i', 'exception-ii', 'exception-iii'] as const)('%s - 45 CFR 164.402(1)', async (outcome) => {
    const incident = await Incident.opened(cloud);
    await incident.assessed();
    await incident.determined(outcome);
    await ended(incident);
  });
});

test('containment takes the end from a suspension that had one: nobody comes back by themselves - 45 CFR 164.308(a)(6)(ii)', async () => {
  const person = await newcomer('billing', cloud);
  await sendOnLeave(person, cloud);
  const incident = await Incident.opened(cloud, { subjects: [person.sub] });
  const measures = [{ kind: 'suspend-user', user: person.sub }];
  await incident.must(200, '/containment', { measures, reason: words });
  await mustStaySuspended(person, cloud);
});

describe('law enforcement asks to wait - 45 CFR 164.412', () => {
  test('a written statement moves the day behind its end, and nobody is reminded meanwhile', async () => {
    const incident = await Incident.opened(cloud, { discovered: day(-59) });
    expect((await incident.duties())['individual']).toMatchObject({ due: day(1), held: false });
    await incident.must(200, '/holds', { kind: 'written', from: day(0), until: day(60), statement: words });
    expect((await incident.duties())['individual']).toMatchObject({ due: day(61), held: true });
    await sweep();
    expect(remindersOf(incident)).toEqual([]);
  });

  test('an oral one lasts 30 days and no longer', async () => {
    const incident = await Incident.opened(cloud, { discovered: day(-59) });
    const refused = await incident.post('/holds', { kind: 'oral', from: day(0), until: day(31), statement: words });
    expect(refused.body.errors).toEqual([{ field: 'until', message: 'an oral statement delays at most 30 days' }]);
    await incident.must(200, '/holds', { kind: 'oral', from: day(0), until: day(30), statement: words });
    expect((await incident.duties())['individual']).toMatchObject({ due: day(31), held: true });
  });
});

test('a closed incident is opened again when more of it is found, and closes with the new notices alone', async () => {
  const incident = await Incident.opened(cloud, { discovered: day(-2) });
  await incident.notified(await resident(cloud, 'OH'));
  await incident.proveAll();
  await incident.closed();
  const late = await resident(cloud, 'OH');
  const adding = { add: [{ patient: late, categories: ['notes'], reason: words }] };
  expectProblem(await incident.post('/people', adding), 409, 'incident-state');
  await incident.must(200, '/reopening', { reason: words });
  await incident.add(late);
  expect((await incident.duties())['individual']).toMatchObject({ status: 'open', due: day(58) });
  expectProblem(await incident.post('/dossier'), 409, 'incident-state');
  expect((await incident.notices()).body.notices).toEqual({ sent: 1, generated: 1 });
  await incident.proveAll();
  expect((await incident.closed()).body.dossiers).toHaveLength(2);
});

describe('reminders', () => {
  test.each([
    [30, 'in 30 day'],
    [14, 'in 14 day'],
    [7, 'in 7 day'],
    [3, 'in 3 day'],
    [1, 'in 1 day'],
    [-1, '1 day(s) overdue'],
  ])('go out %i days before the day, once however often the sweep runs', async (left, said) => {
    const incident = await Incident.opened(cloud, { discovered: day(left - 60) });
    await Promise.all([sweep(), sweep()]);
    await sweep();
    const sent = remindersOf(incident);
    expect(sent).toHaveLength(1);
    expect(sent[0]).toContain(said);
    expect(sent[0]).toContain('45 CFR 164.404');
  });

  test('do not go out between those days', async () => {
    const incident = await Incident.opened(cloud, { discovered: day(31 - 60) });
    await sweep();
    expect(remindersOf(incident)).toEqual([]);
  });
});

describe('a mail server that is down', () => {
  const down: Intercept = (service, call, next) =>
    service === 'SESV2' ? Promise.resolve({ status: 400, body: '{"message":"down"}' }) : next(call);
  /** what the newest run told of, whichever instance it was */
  const waiting = (): string | undefined => {
    const told = cloud
      .files()
      .filter(({ path }) => path.includes('/logs/'))
      .flatMap(({ bytes }) => [
        ...bytes.toString().matchAll(/\\"Timestamp\\":(\d+)[^\n]*?\\"WaitingNoticeMails\\":(\d+)/g),
      ]);
    return told.sort(([, one], [, other]) => Number(one) - Number(other)).at(-1)?.[2];
  };

  test('delays a notice and loses nothing: the sweep mails it, once, and says as long as it waits', async () => {
    const address = 'waits@example.org';
    const incident = await Incident.opened(cloud);
    const patient = await resident(cloud, 'OH', { telecom: email(address, true) });
    intercept = down;
    const made = await incident.notified(patient).finally(() => (intercept = passing));
    expect(made.body).toMatchObject({ waiting_mails: 1, remaining: 0, notices: { generated: 1 } });
    intercept = down;
    await sweep().finally(() => (intercept = passing));
    expect(waiting()).toBe('1');
    expect(mails().filter((mail) => mail.includes(address))).toEqual([]);

    await Promise.all([sweep(), sweep(), incident.post('/notices')]);
    await sweep();
    const sent = mails().filter((mail) => mail.includes(address));
    expect(sent).toHaveLength(1);
    expect(sent[0]).toContain(content.what_happened);
    expect(waiting()).toBe('0');
    const [letter] = (await incident.get('/notices')).body.letters;
    expect(letter).toMatchObject({ state: 'sent', mail: 'sent', on: day(0), reference: expect.any(String) });
    const told = (await cloud.events()).filter((event) => event.patient === patient && event.purpose === 'BREACH');
    expect(told.filter(({ reason }) => reason === 'mailed')).toHaveLength(1);
    expect(told.filter(({ reason, outcome }) => reason === 'mail-failed' && outcome === 'error')).toHaveLength(2);
  });

  test('and what waits is ciphertext', async () => {
    const items = JSON.stringify(await cloud.items('GovernanceTable'));
    expect(items).toContain('MAIL#');
    for (const word of ['waits@example.org', 'what_happened', content.what_happened]) expect(items).not.toContain(word);
  });
});

describe('input that cannot be', () => {
  test.each<[string, Record<string, unknown>, string]>([
    ['a discovery in the future', { discovered: day(3) }, 'discovered'],
    ['a discovery before the breach', { breach_began: day(-1), discovered: day(-2) }, 'discovered'],
    ['a breach in the future', { breach_began: day(2) }, 'breach_began'],
    ['an end before the beginning', { breach_began: day(-1), breach_ended: day(-2) }, 'breach_ended'],
    ['an end in the future', { breach_ended: day(2) }, 'breach_ended'],
    ['a day that does not exist', { discovered: '2026-02-30' }, 'discovered'],
    ['no day', { discovered: 'yesterday' }, 'discovered'],
    ['a type that there is not', { type: 'mischief' }, 'type'],
    ['no location', { locations: [] }, 'locations'],
  ])('%s opens nothing', async (_, more, field) => {
    const before = (await cloud.as('compliance').get('/v1/incidents')).body.incidents.length;
    const refused = await cloud.as('compliance').post('/v1/incidents', { ...opening, ...more });
    expectProblem(refused, 400, 'invalid-input', ...Object.values(more).filter((each) => typeof each === 'string'));
    expect(refused.body.errors[0].field).toContain(field);
    expect((await cloud.as('compliance').get('/v1/incidents')).body.incidents).toHaveLength(before);
    const events = await cloud.eventsOf(refused.requestId);
    expect(events.map(({ outcome, request }) => [outcome, request?.status])).toEqual([['error', 400]]);
  });

  test('notices with a State, a number or a text that cannot be are not made', async () => {
    const incident = await Incident.opened(cloud);
    await incident.assessed();
    await incident.add(await resident(cloud, 'OH'));
    await incident.determined('breach');
    const { what_happened: _, ...hole } = content;
    const entity = { ...filing.entity, state: 'XX' };
    for (const [body, field] of [
      [{ content: hole, filing }, 'content.what_happened'],
      [{ content, filing: { ...filing, entity } }, 'filing.entity.state'],
      [{ content: { ...content, toll_free: '12345' }, filing }, 'content.toll_free'],
      [{ content: { ...content, count: -1 }, filing }, 'content'],
      [{}, 'content'],
    ] as const) {
      const refused = await incident.post('/notices', body);
      expectProblem(refused, 400, 'invalid-input');
      expect(refused.body.errors.map((each: { field: string }) => each.field)).toContain(field);
    }
    expect((await incident.get()).body).toMatchObject({ state: 'determined', notices: { 'in-scope': 1 } });
    await incident.notices();
    const [{ notice }] = (await incident.get('/notices')).body.letters;
    const mark = { state: 'sent', reference: 'R-1' };
    for (const on of [day(2), day(-5), 'soon']) {
      const refused = await incident.post(`/notices/${notice}/state`, { ...mark, on });
      expect([refused.status, refused.body.errors[0].field]).toEqual([400, 'on']);
    }
    expect((await incident.get()).body.notices).toEqual({ generated: 1 });
  });
});
