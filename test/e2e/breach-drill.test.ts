import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DrillOutcome, drillBreach, type Player } from '../../bin/drill/breach';
import { ward } from './ward';

const output = mkdtempSync(join(tmpdir(), 'ward-drill-'));
afterAll(() => rmSync(output, { recursive: true }));

const player = (name: string): Player => ({
  sub: ward().user(name).sub,
  call: (method, path, body) => ward().as(name).call(method, path, body),
});

describe('a drill of a whole breach - 45 CFR 164.400-414', () => {
  let outcome: DrillOutcome;
  beforeAll(async () => {
    outcome = await drillBreach({
      players: {
        registrar: player('registrar'),
        admin: player('admin'),
        snooper: player('clinician2'),
        compliance: player('compliance'),
        auditor: player('auditor'),
      },
      output,
      say: () => undefined,
      now: () => new Date(),
    });
  }, 300_000);

  test('goes from snooping to the closed dossier, and leaves every document', () => {
    expect(outcome.files).toEqual(
      expect.arrayContaining([
        'letter-1.pdf',
        'letters.pdf',
        'addresses.csv',
        'substitute.pdf',
        'toll-free.pdf',
        'hhs.json',
        'hhs.pdf',
        'portal.csv',
        'dossier.json',
        'dossier.pdf',
        'story.txt',
      ]),
    );
    for (const name of outcome.files.filter((each) => each.endsWith('.pdf')))
      expect(readFileSync(join(output, name)).subarray(0, 5).toString()).toBe('%PDF-');
  });

  test('addresses letters as each person asked, and to the next of kin', () => {
    const addresses = readFileSync(join(output, 'addresses.csv'), 'utf8');
    expect(addresses).toContain('Tomáš Žižka,PO Box 77');
    expect(addresses).toContain('Hedda Grimm,30 Pine Court');
    expect(addresses).not.toContain('Mara Quist');
  });

  test('mails the one person who agreed to e-mail - 45 CFR 164.404(d)(1)(i)', () => {
    const mails = ward()
      .files()
      .filter(({ path, bytes }) => path.includes('/mail/') && bytes.includes('mara.quist@example.org'));
    expect(mails).toHaveLength(1);
    expect(mails[0]?.bytes.toString()).toContain('What happened to your health information');
  });

  test('names in its dossier each step with its author, and each access with its place in the log', () => {
    const dossier = JSON.parse(readFileSync(join(output, 'dossier.json'), 'utf8'));
    expect(dossier.scope.events.length).toBeGreaterThanOrEqual(28);
    for (const event of dossier.scope.events)
      expect(event).toMatchObject({ id: expect.any(String), hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
    const actions = dossier.timeline.map(({ action }: { action: string }) => action);
    for (const action of [
      'incident.open',
      'incident.contain',
      'incident.assess',
      'incident.scope',
      'incident.determine',
      'incident.notify',
      'incident.prove',
      'incident.document',
      'incident.close',
    ])
      expect(actions).toContain(action);
    expect(dossier.deadlines.every(({ status }: { status: string }) => status === 'met')).toBe(true);
  });

  test('archives the dossier under lock, with its hash in the audit log', async () => {
    const half = outcome.dossierHash.slice(0, 32);
    const id = `${half.slice(0, 8)}-${half.slice(8, 12)}-${half.slice(12, 16)}-${half.slice(16, 20)}-${half.slice(20)}`;
    const events = (await ward().events()).filter(({ resources }) => resources.some((each) => each.id === id));
    expect(events.map(({ action }) => action)).toEqual(
      expect.arrayContaining(['incident.document', 'incident.dossier']),
    );
  });

  test('records one event for each patient whose notice fields were opened, with purpose BREACH - 45 CFR 164.502(b)', async () => {
    const events = (await ward().events()).filter(
      ({ actor, purpose, patient }) =>
        actor?.sub === ward().user('compliance').sub && purpose === 'BREACH' && patient !== null,
    );
    for (const patient of outcome.patients)
      expect(
        events.filter((event) => event.patient === patient && event.categories.join() === 'demographics').length,
      ).toBeGreaterThanOrEqual(2);
  });

  test('leaves no name and no word of it in the governance table', async () => {
    const items = JSON.stringify(await ward().items('GovernanceTable'));
    for (const word of ['Žižka', 'Quist', 'neighbour', 'Larkspur', 'curios'])
      expect(items.replaceAll('"curiosity"', '')).not.toContain(word);
  });
});
