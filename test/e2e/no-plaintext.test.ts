import { randomInt, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { create } from 'dynalite/db';
import { demoBundle } from '../../local/demo-patients';
import { Canaries, filesOf } from './canaries';
import { type OwnCloud, ownCloud } from './own-cloud';
import {
  cloneOf,
  commit,
  demographics,
  enrolled,
  idOf,
  join as joinTeam,
  mrnIdentifier,
  newPerson,
  staged,
} from './scene';
import type { Ward } from './ward';

const canaries = new Canaries();
const named = canaries.named.bind(canaries);
const found = canaries.found.bind(canaries);

const digits = (count: number): string => String(randomInt(10 ** (count - 1), 10 ** count));

let own: OwnCloud;
let cloud: Ward;
beforeAll(async () => {
  own = await ownCloud();
  cloud = own.ward;
  await everythingThatPeopleDo();
}, 120_000);
afterAll(() => own.remove());

/** A year of a clinic in a minute: what is stored, read, changed, searched, refused, cut off and mistyped. */
async function everythingThatPeopleDo(): Promise<void> {
  const registrar = cloud.as('registrar');
  const bundle = cloneOf(demoBundle(3));
  const ssn = `9${digits(2)}-${digits(2)}-${digits(4)}`;
  named('imported SSN', ssn);
  named('imported SSN, digits', ssn.replaceAll('-', ''));
  for (const { resource } of bundle.entry) {
    if (resource['resourceType'] === 'Patient')
      Object.assign(resource, {
        name: [{ family: named('imported family'), given: [named('imported given name')] }],
        address: [{ line: [named('imported address')], city: named('imported city') }],
        identifier: [mrnIdentifier(named('imported MRN')), { system: 'http://hl7.org/fhir/sid/us-ssn', value: ssn }],
        text: { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${named('narrative')}</div>` },
      });
    if (resource['resourceType'] === 'Condition') Object.assign(resource, { code: { text: named('diagnosis') } });
    if (resource['resourceType'] === 'DocumentReference')
      Object.assign(resource, {
        description: named('note'),
        content: [{ attachment: { title: named('attachment') } }],
      });
    if (resource['resourceType'] === 'Claim') Object.assign(resource, { insurer: { display: named('payer') } });
  }
  const importId = await staged(registrar, bundle);
  const { patient } = (await commit(registrar, importId)).body;

  const given = demographics({ family: named('family'), mrn: named('MRN') });
  const billingAddress = { line: [named('billing address')] };
  const insurance = [{ member: named('member number') }];
  const registration = {
    demographics: given,
    ssn: named('SSN', `9${digits(8)}`),
    billing_address: billingAddress,
    insurance_id: insurance,
  };
  const id = idOf(
    await registrar.post('/v1/patients', registration, { 'idempotency-key': named('idempotency key') }),
    201,
  );
  await registrar.patch(`/v1/patients/${id}`, { name: [{ family: named('corrected family') }] }, 1);
  for (const each of [id, patient]) await joinTeam(each, 'clinician', cloud);
  const clinician = cloud.as('clinician');
  const notes = `/v1/patients/${id}/records/notes`;
  const note = idOf(await clinician.post(notes, { text: named('typed note'), [named('name of a member')]: 1 }), 201);
  await clinician.put(`${notes}/${note}`, { text: named('changed note') }, { 'if-match': '"1"' });
  await clinician.post(`/v1/patients/${id}/records/psychotherapy_notes`, { text: named('psychotherapy note') });
  for (const each of [id, patient])
    for (const path of ['', '/records/diagnoses', '/records/notes', '/records/psychotherapy_notes', '/export'])
      await clinician.get(`/v1/patients/${each}${path}`);
  const person = await newPerson('patient', cloud);
  await enrolled(id, person.api, registrar);
  await person.api.get(`/v1/patients/${id}/export`);

  const wrong = (what: string) => ({ [named(`${what}: member`)]: named(`${what}: value`) });
  await registrar.post('/v1/patients/search', { family: named('searched family'), birth_date: '1970-02-03' });
  await registrar.post('/v1/patients/search', { mrn: named('searched MRN') });
  await registrar.post('/v1/patients/search', wrong('a wrong search'));
  await registrar.post('/v1/patients', { demographics: wrong('a wrong registration') });
  await registrar.post('/v1/patients', `{"demographics":{"name":"${named('cut off')}"`);
  await registrar.post('/v1/patients', { demographics: { ...given, name: [{ family: named('MRN in use') }] } });
  await registrar.post('/v1/patients', { demographics: { name: named('too large').repeat(20_000) } });
  await registrar.post('/v1/patients', {}, { 'idempotency-key': named('wrong idempotency key').repeat(9) });
  await registrar.call('POST', '/v1/patients', named('a text'), { 'content-type': `text/${named('content type')}` });
  await registrar.call('GET', `/v1/patients/${id}`, undefined, {
    'x-amzn-trace-id': named('trace header'),
    'user-agent': named('user agent'),
    'if-match': named('If-Match'),
    cookie: `a=${named('cookie')}`,
  });
  await registrar.patch(`/v1/patients/${id}`, wrong('a wrong patch'), 2);
  await registrar.patch(`/v1/patients/${id}`, wrong('a stale patch'), 1);
  await registrar.get(`/v1/patients/${named('a name for an id')}`);
  await registrar.get(`/v1/${named('a name for a route')}?family=${named('a query')}`);
  await registrar.get(`/v1/patients/${id}?family=${named('a query of a route')}`);
  await clinician.post(notes, { resourceType: named('a wrong resource type') });
  await clinician.post(`/v1/patients/${randomUUID()}/records/notes`, { text: named('a refused note') });
  await cloud.as('billing').post(notes, { text: named('a note of billing') });
  await cloud.with(`Bearer ${named('a token')}.a.b`).get(`/v1/patients/${id}`);
  const spoilt = cloneOf(demoBundle(4));
  for (const { resource } of spoilt.entry)
    Object.assign(resource, wrong(`a wrong ${String(resource['resourceType'])}`));
  await commit(registrar, await staged(registrar, spoilt));
  const left = cloneOf(demoBundle(5));
  for (const { resource } of left.entry) Object.assign(resource, { language: named('of an import that is left') });
  await staged(registrar, left);
}

/** LevelDB compresses its blocks: what they hold is read through it. Earlier versions that it has not dropped yet stay in the files. */
async function* levelOf(directory: string): AsyncGenerator<readonly [string, Buffer]> {
  const { db } = create({ path: join(directory, 'dynamodb') });
  await db.open();
  try {
    for await (const [key, stored] of db.iterator({ gte: '' })) {
      const value = typeof stored === 'string' ? stored : JSON.stringify(stored);
      yield [`key ${key}`, Buffer.from(key)];
      yield [`value of ${key}`, Buffer.from(value)];
      for (const text of value.match(/[A-Za-z0-9+/]{16,}={0,2}/g) ?? [])
        yield [`bytes in ${key}`, Buffer.from(text, 'base64')];
    }
  } finally {
    await db.close();
  }
}

test('the canaries were entered, and come back to those who may see them', async () => {
  expect(canaries.size).toBeGreaterThan(60);
  const { body } = await cloud.as('registrar').post('/v1/patients/search', { mrn: canaries.get('MRN') });
  expect(JSON.stringify(body)).toContain(canaries.get('corrected family'));
  const imported = await cloud.as('registrar').post('/v1/patients/search', { mrn: canaries.get('imported MRN') });
  const diagnoses = await cloud.as('clinician').get(`/v1/patients/${imported.body.patients[0].id}/records/diagnoses`);
  expect(diagnoses.text).toContain(canaries.get('diagnosis'));
});

test('a canary is found in each form that it could have', () => {
  const value = canaries.get('diagnosis') ?? '';
  const around = (text: string): Buffer => Buffer.from(`{"before":"${text}"}`);
  const encoded = ['', 'x', 'xy'].map((before) => around(Buffer.from(`${before}${value} and more`).toString('base64')));
  for (const bytes of [
    around(value),
    ...encoded,
    around(Buffer.from(value).toString('hex')),
    around(value.toUpperCase()),
  ])
    expect(found('here', bytes)).toEqual(['diagnosis in here']);
});

test('no table, log, mail, archive or other file holds a canary in plain text; 45 CFR 164.312(a)(2)(iv)', async () => {
  const answers = (
    await Promise.all(['RecordsTable', 'KeysTable', 'GovernanceTable', 'AuditTable'].map((table) => cloud.items(table)))
  ).flat();
  const text = JSON.stringify(answers, (_, value) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
  );
  const hits = found('the tables', Buffer.from(text));
  await own.stop();
  let places = 0;
  const look = (place: string, bytes: Buffer): void => {
    places++;
    hits.push(...found(place, bytes));
  };
  for (const [place, bytes] of filesOf(cloud.directory)) look(place, bytes);
  for await (const [place, bytes] of levelOf(cloud.directory)) look(place, bytes);
  expect(hits).toEqual([]);
  expect(places).toBeGreaterThan(1000);
});
