import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Secret, TOTP } from 'otpauth';
import { demoBundle } from '../../local/demo-patients';
import { type OwnCloud, ownCloud } from './own-cloud';
import { cloneOf, idOf, partsOf } from './scene';

let own: OwnCloud;
let home: string;
beforeAll(async () => {
  own = await ownCloud();
  home = join(own.directory, 'home');
  mkdirSync(home);
});
const children = new Set<ChildProcess>();
afterAll(async () => {
  for (const child of children) child.kill();
  await own.remove();
});

interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly errors: string;
}

/**
 * Runs `ward` as a person at a shell.
 * @param answers by a part of the question; each is given when the question has been asked
 */
function run(
  words: readonly string[],
  answers: readonly (readonly [question: string, answer: (out: string) => string])[] = [],
): Promise<Ended> {
  return new Promise((done, reject) => {
    const child = spawn(process.execPath, ['bin/ward.js', '--data', own.ward.directory, ...words], {
      cwd: resolve(__dirname, '../..'),
      env: { ...process.env, WARD_HOME: home },
    });
    let [out, errors, seen] = ['', '', 0];
    const open = [...answers];
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      for (let next = open[0]; next; next = open[0]) {
        const at = out.indexOf(`${next[0]}: \n`, seen);
        if (at < 0) break;
        seen = at + next[0].length;
        child.stdin.write(`${next[1](out)}\n`);
        open.shift();
      }
    });
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    children.add(child);
    child.once('error', reject);
    child.once('close', (status) => {
      children.delete(child);
      done({ status, out, errors });
    });
    if (open.length === 0) child.stdin.end();
  });
}
const as = (name: string, ...words: string[]): Promise<Ended> => run(['--as', name, ...words]);

/** One sentence, no stack, and an exit status that a script sees. */
function expectFailure({ status, errors }: Ended, sentence: RegExp): void {
  expect(errors).toMatch(sentence);
  expect(errors.trim().split('\n').length).toBeLessThanOrEqual(3);
  expect(errors).not.toMatch(/^\s+at |node_modules/m);
  expect(status).toBe(1);
}

/** @returns the temporary password that was mailed to somebody */
function invitation(email: string): string {
  const folder = join(own.ward.directory, 'mail');
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, name);
    if (!statSync(path).isFile()) continue;
    const text = readFileSync(path, 'utf8');
    if (!text.includes(email)) continue;
    const password = /temporary password (\S+)\. /.exec(JSON.parse(text).body.text)?.[1];
    if (password) return password;
  }
  throw new Error('nobody was invited');
}

const email = `${randomUUID()}@example.org`;
const password = `My own ${randomUUID()} 1!`;
let person = '';
let secret = '';
let patient = '';

test('nobody is signed in at first, and is told how to; where Ward does not run, that is said', async () => {
  expectFailure(await as('registrar', 'whoami'), /^nobody is signed in here: sign in with "npx ward .*"$/m);
  const { errors } = await as('registrar', 'whoami');
  expect(errors).toContain(`"npx ward --data ${own.ward.directory} --as registrar login"`);
  expect((await run(['whoami'])).errors).toContain(`"npx ward --data ${own.ward.directory} login"`);
  const elsewhere = await run(['--data', join(home, 'nothing'), 'whoami']);
  expectFailure(elsewhere, /there is no .*cloud\.json .*Ward does not run here/);
});

test('an administrator signs in and creates somebody, whom a mail invites', async () => {
  const login = await as('admin', 'login', '--demo', 'admin');
  expect([login.status, login.errors]).toEqual([0, '']);
  expect(login.out).toMatch(/^signed in: .*"role":"admin"/m);
  const created = await as('admin', 'users', 'create', '--email', email, '--role', 'registrar');
  expect([created.status, created.errors]).toEqual([0, '']);
  expect(JSON.parse(created.out)).toMatchObject({ role: 'registrar', status: 'active' });
  person = JSON.parse(created.out).id;
  expectFailure(
    await as('admin', 'users', 'create', '--email', email, '--role', 'registrar'),
    /account with this e-mail/,
  );
  expectFailure(await as('admin', 'users', 'create', '--email', 'nobody', '--role', 'registrar'), /e-mail address/);
});

test('a first sign-in asks for an own password and an authenticator, whose secret it shows', async () => {
  const temporary = invitation(email);
  const code = (out: string): string => {
    secret = /or type the secret: ([A-Z2-7]+)/.exec(out)?.[1] ?? '';
    return new TOTP({ secret: Secret.fromBase32(secret) }).generate();
  };
  const login = await run(
    ['--as', 'registrar', 'login', '--user', email],
    [
      ['Password', () => temporary],
      ['New password', () => password],
      ['Once more', () => `${password}?`],
      ['New password', () => password],
      ['Once more', () => password],
      ['Code of your authenticator', code],
    ],
  );
  expect([login.status, login.errors]).toEqual([0, '']);
  expect(login.out).toContain('They are not the same.');
  expect(login.out).toMatch(/[▄█▀]{10}/); // the QR code
  expect(login.out).toMatch(/^signed in: .*"role":"registrar"/m);
  for (const hidden of [temporary, password, 'eyJ']) expect(login.out).not.toContain(hidden);
});

test('tokens are kept in files that nobody else may read', () => {
  expect(statSync(home).mode & 0o777).toBe(0o700);
  const files = readdirSync(home);
  expect(files.filter((name) => name.startsWith('session-'))).toHaveLength(2);
  for (const name of files) expect([name, statSync(join(home, name)).mode & 0o777]).toEqual([name, 0o600]);
});

test('a wrong password is refused in one sentence', async () => {
  const answers: Parameters<typeof run>[1] = [['Password', () => 'Not mine 12345!']];
  expectFailure(await run(['--as', 'other', 'login', '--user', email], answers), /Incorrect username or password/);
});

/** enough entries for two parts */
function longBundle(seed: number): ReturnType<typeof cloneOf> {
  const bundle = cloneOf(demoBundle(seed));
  const observation = bundle.entry.find(({ resource }) => resource['resourceType'] === 'Observation');
  const more = Array.from({ length: 120 }, () => {
    const id = randomUUID();
    return { fullUrl: `urn:uuid:${id}`, resource: { ...observation?.resource, id } };
  });
  return { ...bundle, entry: [...bundle.entry, ...more] };
}
const write = (name: string, content: object): string => {
  const path = join(own.directory, name);
  writeFileSync(path, JSON.stringify(content));
  return path;
};

describe('an import', () => {
  test('brings in each file whole, names what is refused, and ends with a status that says so', async () => {
    const spoilt = cloneOf(demoBundle(12));
    Object.assign(spoilt.entry[4]?.resource ?? {}, { status: 'unheard-of' });
    const files = [
      write('one.json', demoBundle(11)),
      write('spoilt.json', spoilt),
      write('no.json', []),
      write('two.json', demoBundle(13)),
    ];
    const imported = await as('registrar', 'import', ...files);
    expect(imported.status).toBe(1);
    expect(imported.out).toMatch(/^one\.json: patient [0-9a-f-]{36}, \d+ entries stored, 0 were there already$/m);
    expect(imported.out).toMatch(/^two\.json: patient [0-9a-f-]{36}, \d+ entries stored, 0 were there already$/m);
    expect(imported.out).toMatch(/^spoilt\.json: The bundle was refused; nothing of it is stored\n {2}entry 4: /m);
    expect(imported.out).toMatch(/^no\.json: .*resourceType Bundle/m);
    expect(imported.out).not.toContain('unheard-of');
    patient = /^one\.json: patient (\S+),/m.exec(imported.out)?.[1] ?? '';

    const again = await as('registrar', 'import', join(own.directory, 'one.json'));
    expect([again.status, again.out]).toEqual([
      0,
      expect.stringMatching(/0 entries stored, [1-9]\d* were there already/),
    ]);
  });

  test('that was cut off goes on with what is missing', async () => {
    const file = write('long.json', longBundle(14));
    const parts = partsOf(JSON.parse(readFileSync(file, 'utf8')));
    expect(parts).toHaveLength(2);
    const session = readdirSync(home).find((name) => name.endsWith('-registrar.json')) ?? '';
    const { accessToken } = JSON.parse(readFileSync(join(home, session), 'utf8'));
    const registrar = own.ward.with(`Bearer ${accessToken}`);
    const id = idOf(await registrar.post('/v1/imports', { parts: 2 }), 201);
    await registrar.put(`/v1/imports/${id}/parts/1`, { entries: parts[0] });
    const fingerprint = createHash('sha256').update(readFileSync(file)).digest('hex');
    writeFileSync(join(home, 'imports.json'), JSON.stringify({ [fingerprint]: id }));

    const resumed = await as('registrar', 'import', file);
    expect([resumed.status, resumed.out]).toEqual([
      0,
      expect.stringMatching(/long\.json: patient \S+, \d+ entries stored/),
    ]);
    expect((await registrar.get(`/v1/imports/${id}`)).body).toMatchObject({ id, state: 'committed' });
    const staged = (await own.ward.events()).filter(
      ({ action, resources }) => action === 'import.stage' && resources[0]?.id === id,
    );
    expect(staged).toHaveLength(2);
    expect(JSON.parse(readFileSync(join(home, 'imports.json'), 'utf8'))).toEqual({});
  });
});

test('an export is a file that only its owner reads, and never overwrites one', async () => {
  await as('clinician', 'login', '--demo', 'clinician');
  const output = join(own.directory, 'export.json');
  const exporting = () => as('clinician', 'export', patient, '--output', output);
  expectFailure(await exporting(), /^This is not permitted$/m);
  const path = `/v1/patients/${patient}/care-team/${own.ward.user('clinician').sub}`;
  expect((await as('admin', 'request', 'PUT', path, '--body', '{}')).status).toBe(0);
  expect(await exporting()).toEqual({ status: 0, out: `written to ${output}\n`, errors: '' });
  expect(statSync(output).mode & 0o777).toBe(0o600);
  const exported: unknown = JSON.parse(readFileSync(output, 'utf8'));
  expect(exported).toMatchObject({ resourceType: 'Bundle', type: 'collection' });
  expectFailure(await exporting(), /EEXIST/);
});

test('a request names what is wrong with it', async () => {
  const wrong = await as('registrar', 'request', 'POST', '/v1/patients/search', '--body', '{"mrn":7}');
  expectFailure(wrong, /not what it must be\n {2}400 urn:ward:problem:invalid-input\n {2}\w+/);
  const found = await as('registrar', 'request', 'POST', '/v1/patients/search', '--body', '{"mrn":"DEMO-000011"}');
  expect([found.status, JSON.parse(found.out).patients[0].id]).toEqual([0, patient]);
});

test('a backup says that Ward runs before it asks for a passphrase, and a restore that there is no such file', async () => {
  const file = join(own.directory, 'ward.backup');
  const backup = await run(['backup', file]);
  expectFailure(backup, /already runs/);
  const restore = await run(['restore', file, '--replace']);
  expectFailure(restore, /There is no /);
  expect(backup.out + restore.out).not.toContain('Passphrase');
});

test('who has signed out is nobody again', async () => {
  expect((await as('registrar', 'logout')).status).toBe(0);
  expectFailure(await as('registrar', 'whoami'), /nobody is signed in here/);
});

test('who is suspended is told what that is, and who can help', async () => {
  expect((await as('admin', 'users', 'suspend', person, '--reason', 'leave')).status).toBe(0);
  const login = await run(['--as', 'registrar', 'login', '--user', email], [['Password', () => password]]);
  expectFailure(login, /^this account is suspended or disabled: an administrator or a compliance officer can say why/);
  expectFailure(
    await run(['contain', 'user', person, '--release']),
    /^a suspension ends through the API.*ward users reinstate/,
  );
});

test('who signs in under a lockdown is told that they are signed in and why nothing goes', async () => {
  expect((await run(['contain', 'lockdown'])).status).toBe(0);
  // Who has not signed in before: a code is good once, and the other clinician's may be the same still.
  const login = await as('clinician2', 'login', '--demo', 'clinician2');
  expectFailure(login, /^you are signed in, but Ward is locked down, your role is frozen, or you are suspended/);
  expectFailure(await as('clinician2', 'whoami'), /^you are signed in, but Ward is locked down/);
  expect((await as('compliance', 'login', '--demo', 'compliance')).status).toBe(0);
});
