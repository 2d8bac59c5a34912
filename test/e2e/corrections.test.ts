import { randomUUID } from 'node:crypto';
import { caredFor, demographics, expectProblem, mrnIdentifier, newMrn, registered, told } from './scene';
import { ward } from './ward';

const cloud = ward();
const registrar = cloud.as('registrar');
const found = async (question: object): Promise<string[]> =>
  (await registrar.post('/v1/patients/search', question)).body.patients.map(({ id }: { id: string }) => id);

describe('a correction of demographics', () => {
  test('needs If-Match: 428 without, 412 for another version, 200 for the right one, then the next version', async () => {
    const id = await registered();
    const patch = { gender: 'other' };
    expectProblem(await registrar.patch(`/v1/patients/${id}`, patch), 428, 'version-required');
    expectProblem(await registrar.patch(`/v1/patients/${id}`, patch, 2), 412, 'stale-version');
    const changed = await registrar.patch(`/v1/patients/${id}`, patch, 1);
    expect([changed.status, changed.headers.get('etag')]).toEqual([200, '"2"']);
    expect(changed.body.categories.demographics).toEqual({ version: 2, updatedAt: expect.any(String) });
    expectProblem(await registrar.patch(`/v1/patients/${id}`, patch, 1), 412, 'stale-version');
    const seen = await registrar.get(`/v1/patients/${id}`);
    expect(seen.headers.get('etag')).toBe('"2"');
    expect(seen.body.categories.demographics.value.gender).toBe('other');
  });

  test.each(['1', '""', '"0"', '*', 'W/"1"', '"1", "2"', `"${'9'.repeat(30)}"`])(
    'takes no If-Match of %s',
    async (tag) => {
      const id = await registered();
      const answer = await registrar.call(
        'PATCH',
        `/v1/patients/${id}`,
        { gender: 'other' },
        {
          'content-type': 'application/merge-patch+json',
          'if-match': tag,
        },
      );
      expectProblem(answer, 400, 'invalid-input');
    },
  );

  test('is one of those made at the same time; 45 CFR 164.312(c)(1)', async () => {
    const id = await registered();
    const answers = await Promise.all(
      ['male', 'other', 'unknown', 'male', 'other'].map((gender) =>
        registrar.patch(`/v1/patients/${id}`, { gender }, 1),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412, 412]);
  });

  test('merges objects, replaces lists and removes what is null; RFC 7396', async () => {
    const given = { ...demographics({}), maritalStatus: { text: 'single', coding: [{ code: 'S' }] } };
    const id = await registered({ demographics: given });
    const patch = {
      gender: null,
      maritalStatus: { text: null },
      telecom: [{ system: 'email', value: 'jo@example.org' }],
    };
    expect((await registrar.patch(`/v1/patients/${id}`, patch, 1)).status).toBe(200);
    const { gender: _, ...rest } = given as { gender?: string } & typeof given;
    expect((await registrar.get(`/v1/patients/${id}`)).body.categories.demographics.value).toEqual({
      ...rest,
      maritalStatus: { coding: [{ code: 'S' }] },
      telecom: patch.telecom,
    });
  });

  test('is followed by the index: the new name finds the patient, the old one does not', async () => {
    const [before, after] = [`Vorher-${randomUUID()}`, `Nachher-${randomUUID()}`];
    const [mrn, corrected] = [newMrn(), newMrn()];
    const given = demographics({ family: before, birthDate: '1980-04-05', mrn });
    const id = await registered({ demographics: given });
    const patch = { name: [{ family: after }], identifier: [mrnIdentifier(corrected)] };
    expect((await registrar.patch(`/v1/patients/${id}`, patch, 1)).status).toBe(200);
    expect(await found({ family: after, birth_date: '1980-04-05' })).toEqual([id]);
    expect(await found({ family: before, birth_date: '1980-04-05' })).toEqual([]);
    expect([await found({ mrn: corrected }), await found({ mrn })]).toEqual([[id], []]);
    // The number that was let go may be another's now.
    expect(await found({ mrn: corrected })).toEqual([id]);
    expect(await registered({ demographics: demographics({ mrn }) })).not.toBe(id);
  });

  test('cannot take another patient’s medical record number, and changes nothing then', async () => {
    const mrn = newMrn();
    await registered({ demographics: demographics({ mrn }) });
    const id = await registered();
    const answer = await registrar.patch(
      `/v1/patients/${id}`,
      { identifier: [mrnIdentifier(mrn)], gender: 'other' },
      1,
    );
    expectProblem(answer, 409, 'mrn-in-use', mrn);
    const seen = await registrar.get(`/v1/patients/${id}`);
    expect([seen.headers.get('etag'), seen.body.categories.demographics.value.gender]).toEqual(['"1"', 'female']);
  });

  test('leaves valid demographics: what is missing or no FHIR is named, and nothing is stored', async () => {
    const id = await registered();
    for (const patch of [{ identifier: null }, { birthDate: 'soon' }, { gender: 'unheard-of' }, { name: 'Jo' }])
      expectProblem(await registrar.patch(`/v1/patients/${id}`, patch, 1), 400, 'invalid-input', 'soon', 'unheard-of');
    expect((await registrar.get(`/v1/patients/${id}`)).headers.get('etag')).toBe('"1"');
  });

  test('is a registrar’s; a clinician of the team and billing are refused', async () => {
    const id = await caredFor();
    for (const name of ['clinician', 'billing', 'patient', 'admin'])
      expectProblem(await cloud.as(name).patch(`/v1/patients/${id}`, { gender: 'other' }, 1), 403, 'forbidden');
  });

  test('keeps the earlier version, which stays readable; each version has its event', async () => {
    const id = await registered();
    const { requestId } = await registrar.patch(`/v1/patients/${id}`, { gender: 'other' }, 1);
    expect((await cloud.eventsOf(requestId)).map(told)).toEqual([
      expect.objectContaining({
        action: 'patient.correct',
        patient: id,
        resources: [['demographics', 'main', 2]],
        status: 200,
      }),
    ]);
    const versions = await registrar.get(`/v1/patients/${id}/records/demographics/main/versions`);
    expect(versions.body.versions.map(({ version }: { version: number }) => version)).toEqual([1, 2]);
    const first = await registrar.get(`/v1/patients/${id}/records/demographics/main/versions/1`);
    expect(first.body.value.gender).toBe('female');
  });
});
