import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { DisableKeyCommand, KMSClient, ScheduleKeyDeletionCommand } from '@aws-sdk/client-kms';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { checks } from '../../bin/doctor/checks';
import { type Entry, examine, isRed } from '../../bin/doctor/finding';
import { openPlace, type Place } from '../../bin/doctor/place';
import { governanceKeys } from '../../lambda/access/governance';
import { type Change, type OwnCloud, ownCloud } from './own-cloud';

/** Looks at a cloud as its operator would. @param later as if so much time had passed since, in milliseconds */
async function examined({ ward }: OwnCloud, later = 0): Promise<readonly Entry[]> {
  const place = await openPlace({ data: ward.directory });
  const at: Place = { ...place, now: new Date(place.now.getTime() + later) };
  return examine(at, checks);
}
/** The cloud is in this process: nothing here may wait for the command without serving it. */
const run = ({ ward }: OwnCloud, ...words: string[]): Promise<{ status: number; out: string }> =>
  new Promise((done) => {
    const all = ['bin/ward.js', '--data', ward.directory, ...words];
    const child = execFile(process.execPath, all, { cwd: resolve(__dirname, '../..') }, (_, out) =>
      done({ status: child.exitCode ?? -1, out }),
    );
  });
const of = (entries: readonly Entry[], check: string) => entries.filter((entry) => entry.check === check);
const reds = (entries: readonly Entry[]) =>
  entries.filter(isRed).map(({ check, subject, says }) => [check, subject, says]);

describe('a fresh laptop cloud', () => {
  let own: OwnCloud;
  beforeAll(async () => {
    own = await ownCloud();
    await own.cloud.settled();
    await own.invoke('checkpointer', {});
    await own.invoke('verification', {});
  });
  afterAll(() => own.remove());

  test('has nothing that is red, and what was not looked at is never green', async () => {
    const entries = await examined(own);
    expect(reds(entries)).toEqual([]);
    for (const check of ['Keys', 'Archive', 'Audit log', 'Tables', 'Sign-in', 'Duties', 'Log groups'])
      expect(of(entries, check).some(({ verdict }) => verdict === 'green')).toBe(true);
    for (const check of ['Backups', 'Dead letters', 'Alarms', 'Mail', 'Functions', 'Stacks'])
      for (const { verdict, says } of of(entries, check))
        expect([verdict, says]).toEqual(['unseen', expect.stringContaining('not on the laptop')]);
  });

  test('every finding names its rule, and every red one what to do', async () => {
    for (const { rule, verdict, remedy } of await examined(own, 10 * 86_400_000)) {
      expect(rule).toMatch(/^45 CFR 164\./);
      expect(remedy === undefined).toBe(verdict !== 'red');
    }
  });

  test('counts every table, log group and key that it looked at', async () => {
    const entries = await examined(own);
    expect(of(entries, 'Tables')[0]?.says).toMatch(/^6 of 6: /);
    const [many = '', all] = /^(\d+) of (\d+): /.exec(of(entries, 'Log groups')[0]?.says ?? '')?.slice(1) ?? [];
    expect([many, Number(many) > 40]).toEqual([all, true]);
    expect(of(entries, 'Keys')[0]?.says).toMatch(/^1\d of 1\d: customer-managed/);
  });

  test('a checkpoint that nobody signs any more, and a verification that did not run, are red in time', async () => {
    expect(reds(await examined(own, 6 * 60_000))).toEqual([
      ['Audit log', 'checkpoint', expect.stringMatching(/the newest is \d+ (s|min) old/)],
    ]);
    expect(reds(await examined(own, 30 * 3_600_000))).toContainEqual([
      'Audit log',
      'verification',
      'no run in the last 26 hours',
    ]);
  });

  test('an access that nobody reviewed for a quarter that is over is red, 45 CFR 164.308(a)(4)(ii)(C)', async () => {
    const entries = await examined(own, 100 * 86_400_000);
    expect(reds(entries)).toContainEqual([
      'Duties',
      expect.stringMatching(/^grants not reviewed for /),
      expect.stringMatching(/^[1-9]$/),
    ]);
  });

  test('an alert that nobody was sent is red, 45 CFR 164.308(a)(1)(ii)(D)', async () => {
    const id = '6a1f1c1e-3d52-4a6c-9a52-4f3f2a7f9b10';
    await own.ward.documents().send(
      new PutCommand({
        TableName: own.ward.output('GovernanceTable'),
        Item: { ...governanceKeys.alert(id), id, kind: 'emergency-access', at: new Date().toISOString() },
      }),
    );
    expect(reds(await examined(own))).toEqual([['Duties', 'alerts not sent', '1']]);
  });

  test('keys that are disabled or about to be deleted are red, 45 CFR 164.312(a)(2)(iv)', async () => {
    const { region, credentials, urls } = own.cloud;
    const client = new KMSClient({ region, credentials, endpoint: urls.kms });
    const [first, second] = own.ward.output('SigningKeys').split(' ');
    expect(second).toBeUndefined();
    await client.send(new DisableKeyCommand({ KeyId: first }));
    const found = reds(await examined(own));
    expect(found).toContainEqual(['Keys', expect.stringContaining('sign'), 'is Disabled']);
    await client.send(new ScheduleKeyDeletionCommand({ KeyId: first }));
    expect(reds(await examined(own))).toContainEqual([
      'Keys',
      expect.stringContaining('sign'),
      'is about to be deleted',
    ]);
  });

  test('the command says it in a table or as JSON, and ends with 1 when something is red', async () => {
    const shown = await run(own, 'doctor');
    expect(shown.out).toMatch(/Keys {2}\(45 CFR 164\.312\(a\)\(2\)\(iv\)\)/);
    expect(shown.out).toMatch(/RED .* is about to be deleted\n +-> cancel the deletion now/);
    expect(shown.out).toMatch(/\d+ green, \d+ red, \d+ unseen\n$/);
    expect(shown.status).toBe(1);
    const json = await run(own, 'doctor', '--json');
    expect(JSON.parse(json.out)).toMatchObject({ ok: false });
    expect(json.status).toBe(1);
  });
});

test('a stage that was changed is red where it was changed', async () => {
  const weaken: Change = ({ Resources }) => {
    for (const { Type, Properties } of Object.values(Resources)) {
      if (Type === 'AWS::Cognito::UserPool') Properties['MfaConfiguration'] = 'OPTIONAL';
      if (Type === 'AWS::S3::Bucket') delete Properties['ObjectLockConfiguration'];
      if (Type === 'AWS::DynamoDB::GlobalTable') {
        const [replica] = Array.isArray(Properties['Replicas']) ? Properties['Replicas'] : [];
        Object.assign(replica, { PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false } });
        Object.assign(replica, { DeletionProtectionEnabled: false });
      }
      if (Type === 'AWS::Logs::LogGroup') Object.assign(Properties, { RetentionInDays: 30, KmsKeyId: undefined });
      if (Type === 'AWS::KMS::Key' && Properties['KeySpec'] === undefined) Properties['EnableKeyRotation'] = false;
    }
  };
  const own = await ownCloud(weaken);
  try {
    const entries = await examined(own);
    expect(of(entries, 'Sign-in').filter(isRed)).toMatchObject([{ subject: 'second factor', says: 'is OPTIONAL' }]);
    expect(of(entries, 'Archive').filter(isRed)).toMatchObject(
      [{ subject: 'archive', says: /not locked/ }].map(() => ({
        subject: 'archive',
        says: expect.stringContaining('new objects are not locked'),
      })),
    );
    const says = (check: string) => [...new Set(of(entries, check).map((entry) => entry.says))].sort();
    expect(says('Tables')).toEqual(['can be deleted', 'has no point-in-time recovery']);
    expect(says('Log groups')).toEqual(['is kept for 30 days', 'is under a key of AWS']);
    expect(says('Keys')).toEqual([expect.stringMatching(/^1 of 1\d/), 'is not rotated']);
  } finally {
    await own.remove();
  }
});

test('events that wait in the outbox are red after ten minutes, 45 CFR 164.312(b)', async () => {
  const severed: Change = ({ Resources }) => {
    for (const [id, { Type }] of Object.entries(Resources))
      if (Type === 'AWS::Lambda::EventSourceMapping') delete Resources[id];
  };
  const own = await ownCloud(severed);
  try {
    await own.ward.as('admin').get('/v1/users');
    expect(reds(await examined(own))).toEqual([]);
    const late = reds(await examined(own, 11 * 60_000));
    expect(late).toContainEqual(['Audit log', 'sealing lag', expect.stringMatching(/^an event has waited 1\d min$/)]);
    expect(late).toContainEqual(['Audit log', 'checkpoint', 'none is in the archive']);
    await own.invoke('checkpointer', {});
    const promised = reds(await examined(own, 20 * 60_000));
    expect(promised).toContainEqual([
      'Audit log',
      'outbox age',
      expect.stringContaining('has lacked a promised event'),
    ]);
  } finally {
    await own.remove();
  }
});

test('what cannot be looked at is red', async () => {
  const entries = await examine({}, [
    { name: 'Broken', rule: '45 CFR 164.312(b)', look: async () => Promise.reject(new TypeError('secret')) },
  ]);
  expect(entries).toMatchObject([{ verdict: 'red', says: 'could not be looked at: TypeError' }]);
  expect(JSON.stringify(entries)).not.toContain('secret');
});
