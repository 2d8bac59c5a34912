import { type OwnCloud, ownCloud } from './own-cloud';
import { caredFor, newMrn } from './scene';
import type { Response, Ward } from './ward';

/** Long enough for calls that a function makes at once to arrive at once, on a machine that is busy. */
const arrivalMilliseconds = 250;

/**
 * Counts round trips: the first call of a function opens a stage, whatever else it asks before it has an answer belongs to
 * the same stage, and all of them are answered together. A call that needs an earlier answer can only open another one.
 */
class Stages {
  /** whose calls count: other functions work on streams at the same time */
  #role: string | undefined;
  #open: { readonly calls: string[]; readonly over: Promise<void> } | undefined;
  readonly #stages: string[][] = [];

  observe = async (service: string, role: string, operation: string): Promise<void> => {
    if (role !== this.#role) return;
    if (!this.#open) {
      const calls: string[] = [];
      this.#stages.push(calls);
      const over = new Promise<void>((resolve) => {
        setTimeout(() => {
          this.#open = undefined;
          resolve();
        }, arrivalMilliseconds);
      });
      this.#open = { calls, over };
    }
    this.#open.calls.push(`${service} ${operation}`);
    await this.#open.over;
  };

  /** @returns the stages of one request in a function, each with its calls in alphabetical order */
  async of(name: string, request: () => Promise<Response>): Promise<string[][]> {
    this.#stages.length = 0;
    this.#role = `ward-local-${name}`;
    try {
      const { status, text } = await request();
      if (status >= 300) throw new Error(`${status}: ${text}`);
    } finally {
      this.#role = undefined;
    }
    return this.#stages.map((calls) => calls.sort());
  }
}

const stages = new Stages();
let own: OwnCloud;
let cloud: Ward;
let patient: string;
beforeAll(async () => {
  own = await ownCloud(undefined, {
    intercept: async (service, call, pass) => {
      const operation = String(call.headers['x-amz-target']).split('.').at(-1) ?? '';
      const role = call.caller.arn.split('/').at(-1) ?? '';
      if (service === 'DYNAMODB' || service === 'KMS') await stages.observe(service, role, operation);
      return pass(call);
    },
  });
  cloud = own.ward;
  patient = await caredFor({}, 'clinician', cloud);
  for (const name of ['clinician', 'clinician2', 'registrar']) await cloud.tokens(name);
});
afterAll(() => own.remove());

const notes = (): string => `/v1/patients/${patient}/records/notes`;
/** How often a request is made before it is counted: a function has two threads at most, each with a cache of its own. */
async function warm(make: () => Promise<Response>): Promise<void> {
  await Promise.all(Array.from({ length: 6 }, make));
}
const last = (found: readonly string[][]): string[] | undefined => found.at(-1);

test('a read takes two round trips: decision, record and key at once; then its event', async () => {
  const read = () => cloud.as('clinician').get(notes());
  await warm(read);
  const found = await stages.of('entries', read);
  expect(found).toHaveLength(2);
  expect(found[0]).toContain('DYNAMODB BatchGetItem');
  expect(last(found)).toEqual(['DYNAMODB PutItem']);
});

test('a read of one entry and of the structured categories takes two', async () => {
  const { body } = await cloud.as('clinician').post(notes(), { text: 'seen' });
  const paths = { entries: `${notes()}/${body.id}`, patients: `/v1/patients/${patient}` };
  for (const [name, path] of Object.entries(paths)) {
    const read = () => cloud.as('clinician').get(path);
    await warm(read);
    expect(await stages.of(name, read)).toHaveLength(2);
  }
});

test('a read under a key that is not in memory takes three', async () => {
  const read = () => cloud.as('clinician').get(notes());
  await warm(read);
  // Of a patient whom no thread of the function has met.
  const other = await caredFor({}, 'clinician', cloud);
  const found = await stages.of('entries', () =>
    cloud.as('registrar').get(`/v1/patients/${other}/records/demographics`),
  );
  expect(found).toHaveLength(3);
  expect(found[1]).toEqual(['KMS Decrypt']);
  expect(last(found)).toEqual(['DYNAMODB PutItem']);
});

test('a write takes two: the event and the record are one transaction', async () => {
  const write = () => cloud.as('clinician').post(notes(), { text: 'seen' });
  await warm(write);
  const found = await stages.of('entry-changes', write);
  expect(found).toHaveLength(2);
  expect(last(found)).toEqual(['DYNAMODB TransactWriteItems']);

  const { body } = await write();
  let version = 1;
  const change = () =>
    cloud.as('clinician').put(`${notes()}/${body.id}`, { text: 'again' }, { 'if-match': `"${version++}"` });
  await change();
  const changed = await stages.of('entry-changes', change);
  expect(changed).toHaveLength(2);
  expect(last(changed)).toEqual(['DYNAMODB TransactWriteItems']);
});

test('a denial takes two', async () => {
  const denied = async (): Promise<Response> => {
    const answer = await cloud.as('clinician2').get(notes());
    expect(answer.status).toBe(403);
    return { ...answer, status: 200 };
  };
  await warm(denied);
  const found = await stages.of('entries', denied);
  expect(found).toHaveLength(2);
  expect(last(found)).toEqual(['DYNAMODB PutItem']);
});

test('a search takes one more: what the index names can only be read after it', async () => {
  const search = () => cloud.as('registrar').post('/v1/patients/search', { mrn: newMrn() });
  await warm(search);
  expect(await stages.of('search', search)).toHaveLength(3);
});
