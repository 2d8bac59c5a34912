import { content, day, filing, Incident, resident } from './breach';
import { type OwnCloud, ownCloud } from './own-cloud';
import type { Ward } from './ward';

/** more than 500 residents of one State */
const people = 503;
const atOnce = 8;
let own: OwnCloud;
let cloud: Ward;
beforeAll(async () => {
  own = await ownCloud();
  cloud = own.ward;
  for (const name of ['registrar', 'billing', 'compliance', 'admin', 'auditor']) await cloud.tokens(name);
}, 120_000);
afterAll(() => own.remove());

async function eachOf(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

test('more than 500 residents of a State: scope and letters in several calls, media and HHS in 60 days - 45 CFR 164.406, 164.408(b)', async () => {
  const patients: string[] = [];
  await eachOf(people, async (index) => void patients.push(await resident(cloud, index < 501 ? 'OH' : 'MA')));
  const from = new Date().toISOString();
  await eachOf(people, async (index) => {
    const { status } = await cloud.as('billing').get(`/v1/patients/${patients[index]}`);
    if (status !== 200) throw new Error(`the record answered ${status}`);
  });
  const incident = await Incident.opened(cloud, { discovered: day(-1) });
  await incident.assessed();
  const to = new Date(Date.now() + 60_000).toISOString();
  const query = { actors: [cloud.user('billing').sub], from, to };
  const answers = [await incident.post('/scope', { query })];
  while (answers.at(-1)?.status === 202) answers.push(await incident.post('/scope', { resume: true }));
  expect(answers.length).toBeGreaterThan(1);
  expect(answers[0]?.body).toMatchObject({ individuals: people, remaining: expect.any(Number) });
  expect(answers.at(-1)).toMatchObject({ status: 200 });
  expect(answers.at(-1)?.body).toMatchObject({
    residents: { OH: 501, MA: 2 },
    remaining: 0,
    digest: answers[0]?.body.digest,
  });
  await incident.determined('breach');

  const made = [await incident.post('/notices', { content, filing })];
  while (made.at(-1)?.status === 202) made.push(await incident.post('/notices'));
  expect(made.length).toBeGreaterThan(1);
  expect(made.at(-1)?.body).toMatchObject({ remaining: 0, notices: { generated: people } });
  const { documents } = made.at(-1)?.body ?? {};
  expect(documents).toEqual(['media-OH.pdf', 'hhs.json', 'hhs.pdf', 'portal.csv']);
  expect(await incident.duties()).toMatchObject({
    individual: { due: day(59) },
    'media-OH': { due: day(59), status: 'open', citation: '45 CFR 164.406' },
    hhs: { due: day(59), status: 'open', citation: '45 CFR 164.408(b)' },
  });
  await incident.prove('media-OH', 'done', 'PRESS-1');
  await incident.post('/notices'); // the sheet names the media once they were told
  const sheet = JSON.parse(Buffer.from((await incident.get('/notices/hhs.json')).body.base64, 'base64').toString());
  expect(sheet.general['Breach affecting']).toBe('500 or More Individuals');
  expect(sheet.notice_and_actions['Media notice required']).toBe('Yes');
  expect((await incident.duties())['media-OH']).toMatchObject({ status: 'met', done_on: day(0), reference: 'PRESS-1' });

  await own.cloud.settled();
  await own.invoke('checkpointer', {});
  const dossier = await incident.get('/dossier');
  expect(dossier.status).toBe(200);
  expect(dossier.body.dossier.audit_proof.uncovered_events.scope).toBe(0);
  expect(dossier.body.dossier.scope.events).toHaveLength(people);
  expect(dossier.text.length).toBeLessThan(6 * 1024 * 1024); // what Lambda answers with at most
}, 300_000);
