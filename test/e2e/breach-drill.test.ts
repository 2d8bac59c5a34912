import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KMSClient } from '@aws-sdk/client-kms';
import { type DrillOutcome, drillBreach, type Player } from '../../bin/drill/breach';
import { CheckpointSigner } from '../../lambda/audit/checkpoint-signer';
import { LogError } from '../../lambda/audit/log-error';
import { checkDossier } from '../../lambda/breach/dossier-check';
import { newSigner, note } from '../audit/archive';
import { type OwnCloud, ownCloud } from './own-cloud';
import { expectProblem } from './scene';
import type { Ward } from './ward';

const output = mkdtempSync(join(tmpdir(), 'ward-drill-'));
let own: OwnCloud;
let cloud: Ward;
const ward = (): Ward => cloud;
beforeAll(async () => {
  own = await ownCloud(); // the drill suspends a person, whom other tests need
  cloud = own.ward;
}, 120_000);
afterAll(async () => {
  await own.remove();
  rmSync(output, { recursive: true });
});

interface DossierEvent {
  at: string;
  actor: string;
  patient: string;
  sealed: { line: string; index: number };
}
interface Dossier {
  audit_log: string;
  scope: { events: DossierEvent[] };
  timeline: DossierEvent[];
  audit_proof: { checkpoint: string; key: string; segments: { index: number }[]; uncovered_events: unknown };
}
function first<Item>([item]: readonly Item[]): Item {
  if (item === undefined) throw new Error('there is none');
  return item;
}

const mails = (): string[] => {
  const folder = join(cloud.directory, 'mail');
  return readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
};
const day = (offset: number): string => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);

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
      awaitCheckpoint: async () => {
        await own.cloud.settled();
        await own.invoke('checkpointer', {});
      },
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
    const sent = mails().filter((mail) => mail.includes('mara.quist@example.org'));
    expect(sent).toHaveLength(1);
    expect(sent[0]).toContain('What happened to your health information');
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

  describe('carries proofs that anybody checks with the public key alone - 45 CFR 164.414(b)', () => {
    let kept = '';
    const read = (): Dossier => JSON.parse(kept);
    let fingerprint = '';
    beforeAll(async () => {
      await own.cloud.settled();
      await own.invoke('checkpointer', {});
      kept = JSON.stringify(
        (await ward().as('compliance').get(`/v1/incidents/${outcome.incident}/dossier`)).body.dossier,
      );
      const { region, credentials, urls } = cloud.cloud;
      const kms = new KMSClient({ region, credentials, endpoint: urls.kms });
      const [key] = await new CheckpointSigner(kms, cloud.output('SigningKeys').split(' ')).keys();
      fingerprint = key?.fingerprint ?? '';
    });

    test('as the drill leaves it, of every access in scope', () => {
      const dossier: Dossier = JSON.parse(readFileSync(join(output, 'dossier.json'), 'utf8'));
      expect(checkDossier(dossier, fingerprint).scope).toBe(dossier.scope.events.length);
    });

    test('of every access in scope, and of all that was done before the checkpoint', () => {
      const dossier = read();
      const checked = checkDossier(dossier, fingerprint);
      expect(checked.scope).toBe(dossier.scope.events.length);
      expect(checked.timeline).toBeGreaterThan(20);
      expect(checked.timeline + checked.uncovered.length).toBe(dossier.timeline.length);
      expect(dossier.audit_proof.uncovered_events).toEqual({ scope: 0, timeline: checked.uncovered.length });
    });

    test.each<[string, (dossier: Dossier) => void]>([
      ['an access by somebody else', ({ scope }) => (first(scope.events).actor = randomUUID())],
      ['an access to somebody else', ({ scope }) => (first(scope.events).patient = randomUUID())],
      ['another line', ({ scope }) => (first(scope.events).sealed.line = scope.events[1]?.sealed.line ?? '')],
      ['another place in its segment', ({ scope }) => (first(scope.events).sealed.index += 1)],
      ['a step at another time', ({ timeline }) => (first(timeline).at = '2026-01-01T00:00:00.000Z')],
      ['another place in the log', ({ audit_proof }) => (first(audit_proof.segments).index += 1)],
      [
        'another root',
        ({ audit_proof }) => (audit_proof.checkpoint = audit_proof.checkpoint.replace(/\n\d+\n/, '\n3\n')),
      ],
      ['another log', (dossier) => (dossier.audit_log = 'ward/elsewhere/local')],
    ])('and a forged one fails: %s', (_, forge) => {
      const dossier = read();
      forge(dossier);
      expect(() => checkDossier(dossier, fingerprint)).toThrow(LogError);
    });

    test('and one under a checkpoint of the forger’s own key fails', () => {
      const dossier = read();
      const forger = newSigner();
      const [origin = '', size = '', root = ''] = dossier.audit_proof.checkpoint.split('\n');
      dossier.audit_proof.key = forger.spki.toString('base64');
      dossier.audit_proof.checkpoint = note(forger, Number(size), Buffer.from(root, 'base64'), origin);
      expect(() => checkDossier(dossier, fingerprint)).toThrow('note-signature-invalid');
      expect(checkDossier(dossier, forger.fingerprint).scope).toBe(dossier.scope.events.length);
    });
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

describe('deadlines and input over HTTP', () => {
  const opening = {
    discovered: day(-40),
    discovery_basis: 'audit-review',
    description: 'A laptop was left on a train, and nobody knows where it is.',
    type: 'loss',
    locations: ['laptop'],
  };
  const reminders = (): number => mails().filter((mail) => mail.includes('a breach deadline')).length;

  test('the sweep reminds the officers once, however often it runs', async () => {
    const opened = await ward().as('compliance').post('/v1/incidents', opening);
    expect(opened.status).toBe(201);
    expect(opened.body.duties[0]).toMatchObject({ id: 'individual', due: day(20), status: 'open' });
    await own.invoke('breach-sweep', {});
    const first = reminders();
    expect(first).toBeGreaterThanOrEqual(1);
    await Promise.all([own.invoke('breach-sweep', {}), own.invoke('breach-sweep', {})]);
    expect(reminders()).toBe(first);
  });

  test('a discovery in the future, or before the breach, is refused by the name of its field and repeated nowhere', async () => {
    const officer = ward().as('compliance');
    const future = await officer.post('/v1/incidents', { ...opening, discovered: day(3) });
    expectProblem(future, 400, 'invalid-input', day(3));
    expect(future.body.errors).toEqual([{ field: 'discovered', message: 'must not be in the future' }]);
    const before = await officer.post('/v1/incidents', { ...opening, breach_began: day(-1) });
    expect(before.body.errors).toEqual([{ field: 'discovered', message: 'must not be before the breach began' }]);
  });

  test.each(['admin', 'auditor', 'clinician', 'registrar', 'billing', 'patient'])(
    '%s opens and reads no incident',
    async (name) => {
      expectProblem(await ward().as(name).post('/v1/incidents', opening), 403, 'forbidden');
      expectProblem(await ward().as(name).get('/v1/incidents'), 403, 'forbidden');
    },
  );
});
