import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath, resolve } from 'node:path';
import { promisify } from 'node:util';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { release as releaseFromBehind } from '../../bin/contain';
import { operate } from '../../bin/operator';
import { markKey } from '../../lambda/audit/archive-mark';
import { type Newcomer, newcomer } from './newcomer';
import { type OwnCloud, ownCloud } from './own-cloud';
import { expectProblem, registered } from './scene';
import type { Person, Response, Ward } from './ward';

jest.setTimeout(240_000); // a cloud starts four times, and people sign in anew with the next code

const root = resolve(__dirname, '../..');
const home = mkdtempSync(joinPath(tmpdir(), 'ward-restore-'));
const file = joinPath(home, 'ward.backup');
let own: OwnCloud;
let cloud: Ward;
let officer: Person;
let admin: Person;
let clinician: Newcomer;
let registrar: Person;
beforeAll(async () => {
  mkdirSync(joinPath(home, 'own'));
  await start();
});
afterAll(async () => {
  await own.stop();
  rmSync(home, { recursive: true });
});

/** The command line, as an operator types it. */
const ward = async (...words: string[]): Promise<string> => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [joinPath(root, 'bin/ward.js'), '--data', joinPath(home, 'own/state'), ...words],
    { cwd: root, env: { ...process.env, WARD_BACKUP_PASSPHRASE: 'correct horse battery' } },
  );
  return stdout;
};
/** Starts it, with people of whom nobody has used up the code of their authenticator: a restore signs everybody out. */
async function start(): Promise<void> {
  // Schedules never come: the tests say themselves when a minute has passed.
  const scheduleClock = { now: Date.now, at: () => () => undefined };
  own = await ownCloud(undefined, { directory: joinPath(home, 'own'), scheduleClock });
  cloud = own.ward;
  const roles = ['compliance_officer', 'admin', 'clinician', 'registrar'] as const;
  const [one, two, three, four] = await Promise.all(roles.map((role) => newcomer(role, cloud)));
  if (!one || !two || !three || !four) throw new Error('nobody came');
  [officer, admin, clinician, registrar] = [one, two, three, four];
}
/** Everything that happened is sealed, promised and signed. */
async function sealed(): Promise<void> {
  await own.cloud.settled();
  await own.invoke('checkpointer', {});
  await own.cloud.settled();
  await own.invoke('checkpointer', {});
}
async function verified(): Promise<void> {
  await sealed();
  await own.invoke('verification', {});
  const events = (await cloud.events()).filter(({ action }) => action === 'audit.verified');
  expect(events.at(-1)).toMatchObject({ outcome: 'permit', reason: null });
}
const join = async (patient: string, { sub }: Newcomer): Promise<void> => {
  expect((await admin.put(`/v1/patients/${patient}/care-team/${sub}`, {})).status).toBe(201);
};
const read = (patient: string, by: Person = clinician): Promise<Response> => by.get(`/v1/patients/${patient}`);
async function approved(kind: string, subject: string, reason: string): Promise<string> {
  const { body } = await officer.post('/v1/approvals', { kind, subject, reason });
  expect((await admin.post(`/v1/approvals/${body.id}/approve`, {})).status).toBe(200);
  return body.id;
}
const lockdown = async () =>
  (await officer.get('/v1/controls')).body.controls.find(({ kind }: { kind: string }) => kind === 'lockdown');
const release = (approval: string): Promise<Response> => officer.call('DELETE', '/v1/controls/lockdown', { approval });
async function released(): Promise<void> {
  const { restore } = await lockdown();
  expect((await release(await approved('restore-release', restore, 'validated'))).status).toBe(200);
}

test('a data directory that is lost comes back whole, is locked until two people say so, and its audit log verifies, 45 CFR 164.308(a)(7)(ii)(A), (B)', async () => {
  const patient = await registered({ ssn: '999-12-3456' }, registrar);
  await join(patient, clinician);
  const before = await read(patient);
  expect(before.status).toBe(200);
  await sealed();
  await expect(ward('backup', file)).rejects.toThrow('already runs');
  await own.stop();
  expect(await ward('backup', file)).toContain('encrypted');
  rmSync(joinPath(home, 'own/state'), { recursive: true });
  expect(await ward('restore', file)).toContain('locked down');
  const token = clinician;
  await start();
  expect(existsSync(joinPath(home, 'own/state/restored.json'))).toBe(false);

  expectProblem(await read(patient), 403, 'forbidden');
  const evidence = { whole: true, until: expect.any(String), lost: 0 };
  expect(await lockdown()).toMatchObject({ reason: 'restored', in_force: true, evidence });
  await released();
  const old = await cloud.with(`Bearer ${token.tokens.accessToken}`).get('/v1/me');
  expectProblem(old, 401, 'session-ended');
  await join(patient, clinician);
  expect((await read(patient)).body).toEqual(before.body);
  await verified();
});

test('a restore to before a suspension, a disposal and whatever else was taken away finds all of it in force, 45 CFR 164.310(d)(2)(i), 164.308(a)(3)(ii)(C)', async () => {
  const [kept, gone, frozen, held] = await Promise.all([1, 2, 3, 4].map(() => registered({}, registrar)));
  if (!kept || !gone || !frozen || !held) throw new Error('nobody was registered');
  const [suspended, moved, left] = [await newcomer('clinician', cloud), await newcomer('billing', cloud), clinician];
  await join(kept, suspended);
  await join(kept, left);
  const former = await newcomer('patient', cloud);
  const representing = `/v1/patients/${kept}/representatives/${former.sub}`;
  const guardian = { relationship: 'guardian', evidence: 'court-order' };
  expect((await registrar.put(representing, guardian)).status).toBe(201);
  const agreement = { reference: 'M-1', signed: '2026-01-05', from: '2026-01-05', until: null };
  const associate = await officer.post('/v1/associates', {
    name: 'Mailing house',
    service: 'mailing',
    agreement: { ...agreement, categories: ['demographics'], report_within_days: 10 },
  });
  expect(associate.status).toBe(201);
  await sealed();
  await own.stop();
  rmSync(file);
  await ward('backup', file);
  await start();

  const disposal = await approved('disposal', gone, 'registered-in-error');
  expect((await officer.post(`/v1/patients/${gone}/disposal`, { approval: disposal })).status).toBe(200);
  expect((await admin.post(`/v1/users/${suspended.sub}/suspension`, { reason: 'termination' })).status).toBe(200);
  expect((await admin.patch(`/v1/users/${moved.sub}`, { role: 'registrar' }, 1)).status).toBe(200);
  expect((await admin.delete(`/v1/patients/${kept}/care-team/${left.sub}`)).status).toBe(200);
  expect((await registrar.delete(representing)).status).toBe(200);
  const freeze = { reason: 'suspected-breach', expires_at: new Date(Date.now() + 3_600_000).toISOString() };
  expect((await officer.put(`/v1/controls/patients/${frozen}`, freeze)).status).toBe(200);
  expect((await officer.put(`/v1/patients/${held}/legal-hold`, { reason: 'litigation' })).status).toBe(201);
  const path = `/v1/associates/${associate.body.id}`;
  const end = { reason: 'violation', phi: 'destroyed' };
  expect((await officer.post(`${path}/end`, end, { 'if-match': '"1"' })).status).toBe(200);
  await sealed();
  await own.stop();

  expect(await ward('restore', file, '--replace')).toMatch(/locked objects that are newer were kept/);
  await start();
  // Before anybody released anything: the keys that the backup brought back are gone again.
  const keys = await cloud.partition('KeysTable', `P#${gone}`);
  expect(keys.map(({ SK, state }) => [SK, state])).toEqual([['KEY', 'disposed']]);
  expectProblem(await read(kept), 403, 'forbidden');
  await released();

  expectProblem(await read(gone, registrar), 410, 'gone');
  expect((await read(kept, registrar)).status).toBe(200);
  expect((await admin.get(`/v1/users/${suspended.sub}`)).body).toMatchObject({
    status: 'suspended',
    suspension_reason: 'termination',
  });
  expect((await admin.get(`/v1/users/${moved.sub}`)).body).toMatchObject({ role: 'registrar' });
  const { members } = (await admin.get(`/v1/patients/${kept}/care-team`)).body;
  const place = members.find(({ user }: { user: string }) => user === left.sub);
  expect(place.ends_at < new Date().toISOString()).toBe(true);
  const representatives = await cloud.partition('GovernanceTable', `PATIENT#${kept}`);
  const revoked = representatives.find(({ SK }) => SK === `REPRESENTATIVE#${former.sub}`);
  expect(String(revoked?.['endsAt']) < new Date().toISOString()).toBe(true);
  expectProblem(await read(frozen, registrar), 403, 'forbidden');
  expect((await officer.get(`/v1/patients/${gone}/disposal`)).body).toMatchObject({
    reason: 'registered-in-error',
    approval: disposal,
  });
  expect((await officer.get(path)).body).toMatchObject({
    standing: 'ended',
    end_reason: 'violation',
    phi: 'destroyed',
  });
  const forHeld = await approved('disposal', held, 'registered-in-error');
  expectProblem(await officer.post(`/v1/patients/${held}/disposal`, { approval: forHeld }), 409, 'legal-hold');
  await verified();
});

test('nobody ends a restore’s lockdown alone, nor with an approval of before, nor from behind the API', async () => {
  const spent = await approved('lockdown-release', 'lockdown', 'contained');
  await sealed();
  await own.stop();
  rmSync(file);
  await ward('backup', file);
  await ward('restore', file, '--replace');
  await start();
  const { restore } = await lockdown();
  const asked = await officer.post('/v1/approvals', { kind: 'restore-release', subject: restore, reason: 'validated' });
  const { id } = asked.body;
  expectProblem(await officer.post(`/v1/approvals/${id}/approve`, {}), 403, 'second-person');
  expect((await admin.get(`/v1/approvals/${spent}`)).body.state).toBe('rejected');
  const another = await approved('lockdown-release', 'lockdown', 'contained');
  for (const approval of [id, spent, another]) expectProblem(await release(approval), 409, 'approval-refused');
  const operator = operate({ data: cloud.directory }, 'ward-contain');
  for (const approval of [id, another])
    await expect(releaseFromBehind(operator, { kind: 'lockdown', approval })).rejects.toThrow('not given');
  expect(await lockdown()).toMatchObject({ in_force: true });
});

const lockdownItem = async () => (await cloud.partition('GovernanceTable', 'CONTROL#LOCKDOWN'))[0];

test('tables that went back without anybody saying so are found by their marks, and let nobody in before the replay', async () => {
  await released();
  const patient = await registered({}, registrar);
  expect((await read(patient, registrar)).status).toBe(200);
  await sealed();
  expect(await own.invoke('restore-replay', {})).toMatchObject({ waiting: 'none' });
  // As a point-in-time recovery would: the governance table is one that had not heard of the newest checkpoint.
  const TableName = cloud.output('GovernanceTable');
  const [{ origin = '', size = 0, at = '' } = {}] = (await cloud.partition('GovernanceTable', markKey.PK)) as {
    origin: string;
    size: number;
    at: string;
  }[];
  await cloud.documents().send(new PutCommand({ TableName, Item: { ...markKey, origin, size: size - 1, at } }));
  await own.invoke('checkpointer', {});
  expect(await own.invoke('restore-replay', {})).toMatchObject({ waiting: 'replayed' });
  expectProblem(await read(patient, registrar), 401, 'session-ended');
  expect(await lockdownItem()).toMatchObject({ reason: 'restored' });
  expect(await own.invoke('restore-replay', {})).toMatchObject({ waiting: 'replayed' });
});
