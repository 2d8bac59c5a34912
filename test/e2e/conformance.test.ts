import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { conformance } from '../../bin/conformance/run';
import { type Entry, isRed } from '../../bin/doctor/finding';
import { Session } from '../../bin/session';
import { readTarget } from '../../bin/target';
import { type Change, type OwnCloud, ownCloud } from './own-cloud';
import { registered } from './scene';

jest.setTimeout(300_000); // some five hundred requests, to functions that start cold

const everybody = ['clinician', 'admin', 'auditor', 'registrar', 'billing', 'patient'];
let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'ward-home-'));
  process.env['WARD_HOME'] = home;
});
afterAll(() => rmSync(home, { recursive: true }));

/** Tries everything, as test users who are signed in on this machine. */
async function tried(
  { ward }: OwnCloud,
  people: readonly string[] = everybody,
  patient?: string,
): Promise<readonly Entry[]> {
  for (const name of people) new Session(readTarget({ data: ward.directory }), name).save(await ward.tokens(name));
  return conformance({ data: ward.directory }, people, patient);
}
const reds = (entries: readonly Entry[]) =>
  entries.filter(isRed).map(({ check, subject, says }) => [check, subject, says]);

describe('a laptop cloud as it is synthesized', () => {
  let own: OwnCloud;
  beforeAll(async () => {
    own = await ownCloud();
    await own.ward.as('admin').get('/v1/users');
    await own.cloud.settled();
    await own.invoke('checkpointer', {});
  });
  afterAll(() => own.remove());

  test('stands every attack; versions of TLS are not on the laptop, and not green', async () => {
    const entries = await tried(own, everybody, await registered({}, own.ward.as('registrar')));
    expect(reds(entries)).toEqual([]);
    expect(entries.filter(({ verdict }) => verdict === 'unseen')).toMatchObject([
      { check: 'Transmission', says: 'not on the laptop' },
    ]);
    expect(entries.filter(({ verdict }) => verdict === 'green').map(({ subject }) => subject)).toEqual([
      'no token',
      'a good token',
      'tokens that are not good',
      'unknown routes and methods',
      'security headers',
      'a page of a foreign origin',
      'bodies',
      'refusals',
      ...everybody,
      'events of the refusals',
      'delete a locked version',
      'write over a name',
      'write over a name, if it is new',
      'shorten a lock',
      'off the care team',
      'on the care team',
      'categories of a role',
      'events of these looks',
      'a session that was signed out',
    ]);
  });

  test('refuses a stage that is production, or of which the outputs do not say what it is', async () => {
    const outputs = Object.assign({}, ...Object.values(own.cloud.outputs));
    const file = join(home, 'outputs.json');
    const cloud = { ...own.cloud, outputs: { stack: { ...outputs, Kind: 'production' } } };
    writeFileSync(join(home, 'cloud.json'), JSON.stringify(cloud));
    await expect(conformance({ data: home }, [])).rejects.toThrow('this stage is production');
    const { Kind, ...others } = outputs;
    expect(Kind).toBe('development');
    writeFileSync(file, JSON.stringify({ stack: others }));
    await expect(conformance({ outputs: file, data: home }, [])).rejects.toThrow('must hold Stage, Kind');
  });
});

test('a gateway that lost its headers and an archive that lost its policy are red; code refuses where the authorizer is gone', async () => {
  const weaken: Change = ({ Resources }) => {
    for (const { Type, Properties } of Object.values(Resources)) {
      if (Type === 'AWS::ApiGateway::Method' && Properties['OperationName'] === 'user.list') {
        Properties['AuthorizationType'] = 'NONE';
        delete Properties['AuthorizerId'];
        delete Properties['AuthorizationScopes'];
      }
      if (Type === 'AWS::ApiGateway::GatewayResponse') delete Properties['ResponseParameters'];
      if (Type === 'AWS::S3::BucketPolicy')
        Object.assign(Properties, { PolicyDocument: { Version: '2012-10-17', Statement: [] } });
    }
  };
  const own = await ownCloud(weaken);
  try {
    await own.ward.as('admin').get('/v1/users');
    await own.cloud.settled();
    await own.invoke('checkpointer', {});
    expect(reds(await tried(own, ['admin']))).toEqual([
      ['Requests', 'security headers', expect.stringContaining('a refusal of the gateway 401')],
      ['Archive', 'write over a name', 'was done'],
    ]);
  } finally {
    await own.remove();
  }
});
