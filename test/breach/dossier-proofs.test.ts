import { auditEvent } from '../../lambda/audit/event';
import type { LaneEvent } from '../../lambda/audit/lane';
import { trustPinned } from '../../lambda/audit/pinned-log';
import { dossierOf } from '../../lambda/breach/dossier';
import { checkDossier } from '../../lambda/breach/dossier-check';
import { unprovenAmong } from '../../lambda/breach/dossier-facts';
import { open } from '../../lambda/breach/incident';
import { type ProvableLog, type ProvenEvent, proofsOf } from '../../lambda/breach/proofs';
import { ArchiveBuilder, newSigner, uuidOf } from '../audit/archive';
import { objectsOf } from '../audit/log-objects';

const at = new Date('2026-11-24T12:00:00.000Z');
const incident = open(
  {
    id: uuidOf(0xaa),
    discovered: '2026-11-24',
    discoveryBasis: 'alert',
    type: 'unauthorized-access-disclosure',
    locations: ['electronic-medical-record'],
    associate: false,
    associateInvolved: false,
    subjects: [],
  },
  { by: uuidOf(1), at },
);
let own: ArchiveBuilder;
let before: ArchiveBuilder;
let accesses: ProvenEvent[];
let steps: ProvenEvent[];

const sealed = (archive: ArchiveBuilder, written: readonly LaneEvent[]): ProvenEvent[] => {
  const { key } = archive.seal();
  return written.map(({ line, hash }) => ({ event: auditEvent.parse(JSON.parse(line)), hash, segment: key }));
};
const logOf = (archive: ArchiveBuilder): ProvableLog => ({
  origin: archive.of,
  archive: objectsOf(archive),
  trust: async () => ({ keys: [archive.signer] }),
});
const pinned = (archive: ArchiveBuilder, { fingerprint } = archive.signer): ProvableLog => ({
  ...logOf(archive),
  trust: () => trustPinned(objectsOf(archive), { origin: archive.of, fingerprint }),
});
const dossier = async (earlier?: ProvableLog) => {
  const { events, ...logs } = await proofsOf([steps, accesses], logOf(own), earlier);
  const [timeline = [], scope = []] = events;
  const facts = {
    ...{ incident, people: [], runs: [], documents: [], narratives: [], logs: [] },
    ...{ timeline, scope, ...logs, madeAt: at, madeBy: uuidOf(1) },
  };
  return { unproven: unprovenAmong(scope, facts), json: JSON.parse(JSON.stringify(dossierOf(facts))) };
};

beforeEach(() => {
  before = new ArchiveBuilder(newSigner(), 'ward/clinic/prod');
  for (let minute = 0; minute < 3; minute++) before.minute([minute]);
  accesses = sealed(before, before.write(1, 3));
  for (let minute = 0; minute < 3; minute++) before.checkpoint();
  own = new ArchiveBuilder(newSigner(), 'ward/clinic/prod-west');
  steps = sealed(own, own.write(2, 2));
  own.checkpoint();
});
afterEach(() => {
  own.discard();
  before.discard();
});

test('a dossier proves what was recorded before a fail over by the log of that stage, under its own pinned key', async () => {
  const { unproven, json } = await dossier(pinned(before));
  expect(unproven).toBe(0);
  expect(checkDossier(json, own.signer.fingerprint, before.signer.fingerprint)).toMatchObject({
    scope: 3,
    timeline: 2,
    uncovered: [],
    checkpoints: [{ origin: 'ward/clinic/prod', size: before.size }, { origin: 'ward/clinic/prod-west' }],
  });
});

test.each([
  ['the key of neither stage', () => [newSigner().fingerprint, before.signer.fingerprint]],
  ['no key of the stage before', () => [own.signer.fingerprint]],
  ['the two keys in each other’s place', () => [before.signer.fingerprint, own.signer.fingerprint]],
])('it does not hold under %s', async (_, keys) => {
  const { json } = await dossier(pinned(before));
  const [fingerprint = '', other] = keys();
  expect(() => checkDossier(json, fingerprint, other)).toThrow('note-signature-invalid');
});

test('an event of one log is not proven as one of the other', async () => {
  const { json } = await dossier(pinned(before));
  json.predecessor.audit_log = json.audit_log;
  expect(() => checkDossier(json, own.signer.fingerprint, before.signer.fingerprint)).toThrow('proof-invalid');
});

test('without the archive of the stage before, its events count as not proven', async () => {
  const { unproven, json } = await dossier();
  expect(unproven).toBe(3);
  expect(json).not.toHaveProperty('predecessor');
  expect(checkDossier(json, own.signer.fingerprint)).toMatchObject({ scope: 0, timeline: 2 });
});

test('what another key than the pinned one signed is in no dossier', async () => {
  await expect(dossier(pinned(before, newSigner()))).rejects.toMatchObject({ code: 'note-signature-invalid' });
});

test('a stage that succeeds another and has none of its events asks it nothing', async () => {
  accesses = [];
  const { json } = await dossier(pinned(before, newSigner()));
  expect(json).not.toHaveProperty('predecessor');
});
