import { randomUUID } from 'node:crypto';
import type { Intercept } from '../../local/intercept';
import type { Call, Reply } from '../../local/service';
import { type OwnCloud, ownCloud, stored } from './own-cloud';
import { demographics, expectProblem, idOf, join, told } from './scene';
import type { Response, Ward } from './ward';

jest.setTimeout(60_000); // several requests a test, on a machine that may be busy

const operationOf = ({ headers }: Call): string => String(headers['x-amz-target'] ?? '').split('.')[1] ?? '';
const failure = (code: string, message = ''): Reply => ({
  status: 400,
  headers: { 'content-type': 'application/x-amz-json-1.1' },
  body: JSON.stringify({ __type: code, message }),
});

let own: OwnCloud;
let cloud: Ward;
let intercept: Intercept = (_, call, next) => next(call);
/** what the test does to calls, until the end of `during` */
async function under<T>(between: Intercept, during: () => Promise<T>): Promise<T> {
  intercept = between;
  try {
    return await during();
  } finally {
    intercept = (_, call, next) => next(call);
  }
}

beforeAll(async () => {
  own = await ownCloud(undefined, { intercept: (service, call, next) => intercept(service, call, next) });
  cloud = own.ward;
  for (const name of ['registrar', 'clinician', 'compliance', 'admin']) await cloud.tokens(name);
}, 60_000);
afterAll(() => own.remove());

const registrar = () => cloud.as('registrar');
const clinician = () => cloud.as('clinician');
const register = () => registrar().post('/v1/patients', { demographics: demographics({}) });
/** Somebody whose key no function but the one that made it has in its memory. */
async function patient(): Promise<string> {
  const id = idOf(await register(), 201);
  await join(id, 'clinician', cloud);
  return id;
}
const notesOf = (id: string) => `/v1/patients/${id}/records/notes`;
const metrics = (code: string): number =>
  own.ward
    .files()
    .filter(({ path }) => path.includes('/logs/'))
    .reduce(
      (sum, { bytes }) => sum + bytes.toString().split(`\\"code\\":\\"${code}\\",\\"KeyFault\\":1`).length - 1,
      0,
    );

describe('KMS fails: nothing is shown, nothing is stored, and it is a metric', () => {
  const pending = 'arn:aws:kms:us-east-1:000000000000:key/1 is pending deletion.';
  test.each([
    ['throttled', () => failure('ThrottlingException')],
    ['denied', () => failure('AccessDeniedException')],
    ['wrong-context', () => failure('InvalidCiphertextException')],
    ['disabled', () => failure('DisabledException')],
    ['pending-deletion', () => failure('KMSInvalidStateException', pending)],
    ['timeout', () => failure('DependencyTimeoutException')],
    ['invalid', () => failure('IncorrectKeyException')],
    ['unavailable', () => failure('KMSInternalException')],
  ] as const)(
    '%s',
    async (code, reply) => {
      const id = await patient();
      const before = await stored(cloud);
      const seen = metrics(code);
      const fails: Intercept = async (service, call, next) => (service === 'KMS' ? reply() : next(call));
      await under(fails, async () => {
        const answers: Response[] = [
          await clinician().get(`/v1/patients/${id}`),
          await clinician().get(notesOf(id)),
          await clinician().post(notesOf(id), { text: 'never stored' }),
          await registrar().patch(`/v1/patients/${id}`, { gender: 'other' }, 1),
          await register(),
          await cloud.as('compliance').post(`/v1/patients/${id}/keys`, {}),
        ];
        const [read, empty, ...writes] = answers;
        if (read) expectProblem(read, 503, 'unavailable');
        // A category without entries needs no key.
        expect(empty?.status).toBe(200);
        for (const answer of writes) expectProblem(answer, 503, 'unavailable', 'never stored');
      });
      const unsession = (items: string[]) => items.filter((item) => !item.includes('"SESSION#'));
      expect(unsession(await stored(cloud))).toEqual(unsession(before));
      expect(metrics(code)).toBe(seen + 5);
      expect((await clinician().get(`/v1/patients/${id}`)).status).toBe(200);
    },
    60_000,
  );

  test('once: throttling that passes is nothing that anybody sees', async () => {
    const id = await patient();
    let asked = 0;
    const once: Intercept = async (service, call, next) => {
      if (service !== 'KMS' || operationOf(call) !== 'Decrypt') return next(call);
      return ++asked === 1 ? failure('ThrottlingException') : next(call);
    };
    const { status } = await under(once, () => clinician().get(`/v1/patients/${id}`));
    expect([status, asked]).toEqual([200, 2]);
  });

  test('by not answering: it is given up in time to say so', async () => {
    const id = await patient();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const silent: Intercept = async (service, call, next) => {
      if (service === 'KMS') await held;
      return next(call);
    };
    const answer = await under(silent, () => clinician().get(`/v1/patients/${id}`)).finally(() => release());
    expectProblem(answer, 503, 'unavailable');
  }, 30_000);
});

/** Holds every transaction that stores an entry until `meanwhile` is done. @returns how many there were */
function beforeEachWrite(meanwhile: (attempt: number) => Promise<unknown>) {
  let attempts = 0;
  const between: Intercept = async (service, call, next) => {
    const isWrite = service === 'DYNAMODB' && operationOf(call) === 'TransactWriteItems';
    if (isWrite && call.caller.arn.includes('ward-local-entry-changes') && call.body.includes('"C#notes#'))
      await meanwhile(++attempts);
    return next(call);
  };
  return { between, attempts: () => attempts };
}

describe('a write that is in flight', () => {
  const rotate = (id: string) => cloud.as('compliance').post(`/v1/patients/${id}/keys`, {});
  const entriesOf = async (id: string) => (await clinician().get(notesOf(id))).body.entries;

  test('when the key is rotated is made again under the new key', async () => {
    const id = await patient();
    const { between, attempts } = beforeEachWrite(async (attempt) => (attempt === 1 ? rotate(id) : undefined));
    const answer = await under(between, () => clinician().post(notesOf(id), { text: 'in flight' }));
    expect([answer.status, attempts()]).toEqual([201, 2]);
    expect(await entriesOf(id)).toHaveLength(1);
    expect((await cloud.eventsOf(answer.requestId)).map(told)).toEqual([
      expect.objectContaining({ action: 'record.create', outcome: 'permit', status: 201 }),
    ]);
  });

  test('when the key is rotated time after time says so, once, and has stored nothing', async () => {
    const id = await patient();
    const { between, attempts } = beforeEachWrite(() => rotate(id));
    const answer = await under(between, () => clinician().post(notesOf(id), { text: 'in flight' }));
    expectProblem(answer, 409, 'conflict', 'in flight');
    expect(attempts()).toBe(2);
    expect(await entriesOf(id)).toEqual([]);
    expect((await cloud.eventsOf(answer.requestId)).map(told)).toEqual([
      expect.objectContaining({ action: 'record.create', outcome: 'error', reason: 'conflict', status: 409 }),
    ]);
  });

  test('when the record is disposed of stores nothing. 45 CFR 164.310(d)(2)(i)', async () => {
    const id = await patient();
    const officer = cloud.as('compliance');
    const asked = await officer.post('/v1/approvals', { kind: 'disposal', subject: id, reason: 'court-order' });
    await cloud.as('admin').post(`/v1/approvals/${asked.body.id}/approve`, {});
    const { between } = beforeEachWrite(() =>
      officer.post(`/v1/patients/${id}/disposal`, { approval: asked.body.id }).then(({ status }) => {
        expect(status).toBe(200);
      }),
    );
    const answer = await under(between, () => clinician().post(notesOf(id), { text: `in flight ${randomUUID()}` }));
    expectProblem(answer, 410, 'gone', 'in flight');
    const items = await cloud.partition('RecordsTable', `P#${id}`);
    expect(items.filter(({ category }) => category === 'notes')).toEqual([]);
    expect((await cloud.eventsOf(answer.requestId)).map(told)).toEqual([
      expect.objectContaining({ action: 'record.create', outcome: 'error', reason: 'gone', status: 410 }),
    ]);
  });
});

test('a stack that is configured with another organization serves nothing, and says why', async () => {
  const id = await patient();
  await own.stop();
  const other = (text: string) =>
    text
      .replaceAll('"ORGANIZATION":"ward-local"', '"ORGANIZATION":"other-clinic"')
      .replaceAll(
        '"kms:EncryptionContext:organization":"ward-local"',
        '"kms:EncryptionContext:organization":"other-clinic"',
      );
  own = await ownCloud((template) => Object.assign(template, JSON.parse(other(JSON.stringify(template)))), {
    directory: own.directory,
  });
  cloud = own.ward;
  const answers = [
    await clinician().get(`/v1/patients/${id}`),
    await clinician().post(notesOf(id), { text: 'never stored' }),
    await register(),
    await registrar().post('/v1/patients/search', { mrn: 'T-1' }),
    await registrar().post('/v1/imports', { parts: 1 }),
    await cloud.as('compliance').post(`/v1/patients/${id}/keys`, {}),
  ];
  for (const answer of answers) expectProblem(answer, 503, 'organization-mismatch');
  expect(metrics('organization-mismatch')).toBe(answers.length);
}, 60_000);
