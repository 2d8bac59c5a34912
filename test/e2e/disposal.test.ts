import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { printCertificate } from '../../bin/certificate';
import { operator } from './operator';
import { caredFor, demographics, expectProblem, newMrn, registered, told } from './scene';
import { type Person, type Response, ward } from './ward';

jest.setTimeout(60_000); // several requests a test, on a machine that may be busy

const cloud = ward();
const officer = cloud.as('compliance');
const admin = cloud.as('admin');
const registrar = cloud.as('registrar');
const clinician = cloud.as('clinician');

/** @returns the id of a request that a second person has agreed to */
async function approved(kind: string, subject: string, reason: string): Promise<string> {
  const { body } = await officer.post('/v1/approvals', { kind, subject, reason });
  expect((await admin.post(`/v1/approvals/${body.id}/approve`, {})).status).toBe(200);
  return body.id;
}
const dispose = (id: string, approval: string, by: Person = officer): Promise<Response> =>
  by.post(`/v1/patients/${id}/disposal`, { approval });
async function disposed(id: string, reason = 'court-order'): Promise<Response> {
  const response = await dispose(id, await approved('disposal', id, reason));
  expect([response.status, response.text]).toEqual([200, expect.any(String)]);
  return response;
}

describe('disposal. 45 CFR 164.310(d)(2)(i)', () => {
  test('makes a record unreadable on the next request, however warm the keys are, and says so to who may know', async () => {
    const id = await caredFor();
    const notes = `/v1/patients/${id}/records/notes`;
    const entry = (await clinician.post(notes, { text: 'to be gone' })).body.id;
    await officer.post(`/v1/patients/${id}/keys`, {});
    await clinician.post(notes, { text: 'under a second key' });
    const reads = (): Promise<Response>[] => [
      clinician.get(notes),
      clinician.get(`${notes}/${entry}`),
      clinician.get(`${notes}/${entry}/versions`),
      clinician.get(`${notes}/${entry}/versions/1`),
      clinician.get(`/v1/patients/${id}`),
      registrar.get(`/v1/patients/${id}`),
      clinician.get(`/v1/patients/${id}/export`),
    ];
    // Every function has the plaintext keys in its memory, each in as many instances as it has.
    for (const { status } of [...(await Promise.all(reads())), ...(await Promise.all(reads()))])
      expect(status).toBe(200);

    await disposed(id);
    for (const answer of await Promise.all(reads())) expectProblem(answer, 410, 'gone', 'to be gone');
    expectProblem(await clinician.post(notes, { text: 'new' }), 410, 'gone');
    expectProblem(await clinician.put(`${notes}/${entry}`, { text: 'new' }, { 'if-match': '"1"' }), 410, 'gone');
    expectProblem(await registrar.patch(`/v1/patients/${id}`, { gender: 'other' }, 1), 410, 'gone');
    expectProblem(await officer.post(`/v1/patients/${id}/keys`, {}), 410, 'gone');
    // To others it is what it was: nothing that they may know of.
    expectProblem(await cloud.as('clinician2').get(notes), 403, 'forbidden');
    const keys = await cloud.partition('KeysTable', `P#${id}`);
    expect(keys.map(({ SK, state }) => [SK, state])).toEqual([['KEY', 'disposed']]);
  });

  test('takes every lookup along: nobody finds the patient, and the number may be another’s', async () => {
    const [mrn, family] = [newMrn(), `Fort-${randomUUID()}`];
    const given = demographics({ mrn, family, birthDate: '1960-01-02' });
    const id = await registered({ demographics: given, ssn: '999-12-0001' });
    const lookups = async () =>
      (await cloud.items('RecordsTable')).filter(
        (item) => item['patient'] === id && String(item['PK']).startsWith('L#'),
      );
    expect(await lookups()).toHaveLength(4);
    await disposed(id, 'registered-in-error');
    expect(await lookups()).toEqual([]);
    expect((await registrar.post('/v1/patients/search', { mrn })).body.patients).toEqual([]);
    expect((await registrar.post('/v1/patients/search', { family, birth_date: '1960-01-02' })).body.patients).toEqual(
      [],
    );
    expect(await registered({ demographics: demographics({ mrn }) })).not.toBe(id);
  });

  test('is certified: who asked, who agreed, when, how many keys, until when backups last, and by which event', async () => {
    const id = await registered();
    await officer.post(`/v1/patients/${id}/keys`, {});
    expectProblem(await officer.get(`/v1/patients/${id}/disposal`), 404, 'not-found');
    const { body, requestId } = await disposed(id, 'duplicate-record');
    const events = await cloud.eventsOf(requestId);
    expect(events.map(told)).toEqual([
      expect.objectContaining({
        action: 'patient.dispose',
        patient: id,
        reason: 'duplicate-record',
        outcome: 'permit',
        resources: [
          ['key', id, 2],
          ['approval', body.approval, null],
        ],
      }),
    ]);
    expect(body).toMatchObject({
      patient: id,
      method: 'crypto-shredding',
      reason: 'duplicate-record',
      requested_by: cloud.user('compliance').sub,
      approved_by: cloud.user('admin').sub,
      disposed_by: cloud.user('compliance').sub,
      key_versions_destroyed: 2,
      complete: false,
      audit_event: events[0]?.id,
    });
    const days = (Date.parse(body.backups_expire_at) - Date.parse(body.disposed_at)) / 86_400_000;
    expect(days).toBe(35);
    for (const name of ['compliance', 'admin', 'auditor'])
      expect((await cloud.as(name).get(`/v1/patients/${id}/disposal`)).body).toEqual(body);
    expectProblem(await clinician.get(`/v1/patients/${id}/disposal`), 403, 'forbidden');
  });

  test('keeps the evidence: every event of the patient is there after it as before', async () => {
    const id = await caredFor();
    await clinician.post(`/v1/patients/${id}/records/notes`, { text: 'x' });
    const before = (await cloud.events()).filter(({ patient }) => patient === id).map((event) => event.id);
    await disposed(id);
    const after = new Set((await cloud.events()).filter(({ patient }) => patient === id).map((event) => event.id));
    expect(before.length).toBeGreaterThan(1);
    expect(before.filter((event) => !after.has(event))).toEqual([]);
  });
});

describe('a disposal is refused', () => {
  test('to one person alone: whoever asked cannot agree, and without agreement nothing happens', async () => {
    const id = await registered();
    const asked = await officer.post('/v1/approvals', { kind: 'disposal', subject: id, reason: 'registered-in-error' });
    expectProblem(await dispose(id, asked.body.id), 409, 'approval-refused');
    expectProblem(await officer.post(`/v1/approvals/${asked.body.id}/approve`, {}), 403, 'second-person');
    expectProblem(await dispose(id, asked.body.id), 409, 'approval-refused');
    await admin.post(`/v1/approvals/${asked.body.id}/approve`, {});
    expectProblem(await dispose(id, asked.body.id, admin), 409, 'approval-refused');
    expectProblem(await clinician.post(`/v1/patients/${id}/disposal`, { approval: asked.body.id }), 403, 'forbidden');
    expect((await registrar.get(`/v1/patients/${id}`)).status).toBe(200);
    expect((await dispose(id, asked.body.id)).status).toBe(200);
    expectProblem(await dispose(id, asked.body.id), 410, 'gone');
  });

  test('for another patient, or another act, than the approval was given for', async () => {
    const [id, other] = [await registered(), await registered()];
    const approval = await approved('disposal', id, 'registered-in-error');
    expectProblem(await dispose(other, approval), 409, 'approval-refused');
    expectProblem(await dispose(id, randomUUID()), 409, 'approval-refused');
    const hold = (await officer.put(`/v1/patients/${other}/legal-hold`, { reason: 'audit' })).body.id;
    const release = await approved('legal-hold-release', hold, 'matter-closed');
    expectProblem(await dispose(id, release), 409, 'approval-refused');
    expect((await dispose(id, approval)).status).toBe(200);
  });

  test('while a legal hold stands, which two people release; the approval is not spent by the refusal', async () => {
    const id = await registered();
    const hold = await officer.put(`/v1/patients/${id}/legal-hold`, { reason: 'litigation' });
    expect([hold.status, hold.body]).toEqual([201, expect.objectContaining({ state: 'held', reason: 'litigation' })]);
    const again = await officer.put(`/v1/patients/${id}/legal-hold`, { reason: 'audit' });
    expect([again.status, again.body]).toEqual([200, hold.body]);
    const approval = await approved('disposal', id, 'court-order');
    expectProblem(await dispose(id, approval), 409, 'legal-hold');

    const release = (body: object) => officer.call('DELETE', `/v1/patients/${id}/legal-hold`, body);
    expectProblem(await release({ approval }), 409, 'approval-refused');
    const released = await release({ approval: await approved('legal-hold-release', hold.body.id, 'matter-closed') });
    expect([released.status, released.body.state]).toEqual([200, 'released']);
    expect((await dispose(id, approval)).status).toBe(200);
    expectProblem(await officer.put(`/v1/patients/${id}/legal-hold`, { reason: 'audit' }), 410, 'gone');
  });

  test('when a hold is placed in the same moment: one of the two happens, never both', async () => {
    for (let round = 0; round < 5; round++) {
      const id = await registered();
      const approval = await approved('disposal', id, 'court-order');
      const [done, held] = await Promise.all([
        dispose(id, approval),
        officer.put(`/v1/patients/${id}/legal-hold`, { reason: 'litigation' }),
      ]);
      expect([200, 409, 503]).toContain(done.status);
      expect(done.status === 200 && held.status === 201).toBe(false);
      expect(done.status === 200 || held.status === 201).toBe(true);
    }
  });

  test('while a retention rule keeps the record: which one, and until when, without a date of birth', async () => {
    const id = await registered({ demographics: demographics({ birthDate: '1950-07-19' }) });
    const year = new Date().getUTCFullYear();
    const bare = await dispose(id, await approved('disposal', id, 'retention-ended'));
    expectProblem(bare, 409, 'retention');
    expect(bare.body.detail).toBe(`identity: not before ${year + 11}-01-01`);

    const child = await caredFor({ demographics: demographics({ birthDate: `${year - 3}-07-19` }) });
    await clinician.post(`/v1/patients/${child}/records/notes`, { text: 'measles' });
    const kept = await dispose(child, await approved('disposal', child, 'registered-in-error'));
    expectProblem(kept, 409, 'retention', '07-19');
    expect(kept.body.detail).toBe(`minor: not before ${year - 3 + 18 + 11}-01-01`);
    expect((await clinician.get(`/v1/patients/${child}/records/notes`)).status).toBe(200);
  });
});

test('ward disposal certificate prints it as a PDF that only its owner reads', async () => {
  const id = await registered();
  await disposed(id, 'registered-in-error');
  const { client } = await operator(cloud, 'compliance');
  const file = join(mkdtempSync(join(tmpdir(), 'ward-certificate-')), 'certificate.pdf');
  await printCertificate(client, id, file);
  const pdf = readFileSync(file);
  expect([pdf.toString('latin1', 0, 5), statSync(file).mode & 0o777]).toEqual(['%PDF-', 0o600]);
  expect(pdf.length).toBeGreaterThan(5000);
  await expect(printCertificate(client, id, file)).rejects.toThrow('EEXIST');
});
