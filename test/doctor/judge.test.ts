import { judgeAlarms, judgeSubscribers } from '../../bin/doctor/alarms';
import { type CopyFacts, judgeArchive, judgeCopy, judgeDocuments } from '../../bin/doctor/archive';
import { inWords, judgeLog } from '../../bin/doctor/audit-log';
import { judgePoints, judgeVaults, noVault } from '../../bin/doctor/backups';
import { judgeDeadLetters } from '../../bin/doctor/dead-letters';
import { type Finding, isRed } from '../../bin/doctor/finding';
import { judgeFunctions, judgeTriggers } from '../../bin/doctor/functions';
import { judgeKeys } from '../../bin/doctor/keys';
import { judgeLockdown } from '../../bin/doctor/lockdown';
import { judgeLogGroups } from '../../bin/doctor/log-groups';
import { judgeMail } from '../../bin/doctor/mail';
import { document, table } from '../../bin/doctor/print';
import { judgePool } from '../../bin/doctor/sign-in';
import { judgeStacks } from '../../bin/doctor/stage-settings';
import { judgeTables, type TableFacts, tableShapes } from '../../bin/doctor/tables';

const now = new Date('2026-11-23T12:00:00Z');
const ago = (milliseconds: number) => new Date(now.getTime() - milliseconds);
const hour = 3_600_000;
const reds = (findings: readonly Finding[]) => findings.filter(isRed).map(({ says }) => says);

describe('the archive of a production stage, 45 CFR 164.312(c)(1), 164.316(b)(2)(i)', () => {
  const well = { enabled: true, versioned: true, mode: 'COMPLIANCE', days: 2192 };

  test.each([
    ['a lock of six years in compliance mode', well, []],
    ['a lock that an administrator can lift', { ...well, mode: 'GOVERNANCE' }, [/which an administrator can lift/]],
    ['six times 365 days, which leap days make short', { ...well, days: 2190 }, [/less than the 2192/]],
    ['no retention for new objects', { enabled: true, versioned: true }, [/not locked/]],
    ['no lock', { enabled: false, versioned: true }, [/Object Lock is off/]],
    ['no versions', { ...well, versioned: false }, [/versions are not kept/]],
  ])('%s', (_, facts, expected) => {
    expect(reds(judgeArchive(facts, 'production'))).toEqual(expected.map((each) => expect.stringMatching(each)));
  });

  test('a development stage may end: a day in governance mode is well there', () => {
    expect(reds(judgeArchive({ enabled: true, versioned: true, mode: 'GOVERNANCE', days: 1 }, 'development'))).toEqual(
      [],
    );
  });

  test.each(['archive', 'trail'] as const)(
    'a second %s is asked for in production, of every object, 45 CFR 164.308(a)(7)(ii)(A)',
    (store) => {
      const judge = (facts: CopyFacts, kind: 'production' | 'development' = 'production') =>
        judgeCopy(store, facts, kind);
      expect(judge({ all: true, to: 'ward-prod-copy' })).toMatchObject({
        verdict: 'green',
        subject: `second ${store}`,
      });
      expect(judge({ all: false })).toMatchObject({
        verdict: 'red',
        says: `the ${store} is in one Region alone`,
        remedy: expect.stringContaining('`recovery`'),
      });
      expect(judge({ all: false, to: 'ward-prod-copy' }).says).toBe('not every object is copied');
      expect(judge({ all: false }, 'development').verdict).toBe('unseen');
    },
  );

  test('documents must be lockable, and every version kept', () => {
    expect(reds(judgeDocuments({ enabled: true, versioned: true }))).toEqual([]);
    expect(reds(judgeDocuments({ enabled: true, versioned: false }))).toHaveLength(1);
  });
});

test.each([
  ['managed by AWS', { customerManaged: false }, 'is not customer-managed'],
  ['disabled', { state: 'Disabled' }, 'is Disabled'],
  ['about to be deleted', { state: 'PendingDeletion' }, 'is about to be deleted'],
  ['symmetric and not rotated', { rotates: false }, 'is not rotated'],
])('a key that is %s is red', (_, change, says) => {
  const key = {
    id: '1',
    description: 'records',
    customerManaged: true,
    state: 'Enabled',
    symmetric: true,
    rotates: true,
  };
  expect(reds(judgeKeys([key]))).toEqual([]);
  expect(reds(judgeKeys([key, { ...key, ...change }]))).toEqual([says]);
});

test('a signing key is not rotated by KMS, and is well', () => {
  const key = { id: '1', description: '', customerManaged: true, state: 'Enabled', symmetric: false, rotates: false };
  expect(reds(judgeKeys([key]))).toEqual([]);
});

test('a stage without any key, table or alarm is red: nothing was looked at', () => {
  for (const findings of [
    judgeKeys([]),
    judgeTables([]),
    judgeAlarms([]),
    judgeLogGroups([]),
    judgeStacks([], 'production'),
  ])
    expect(reds(findings)).toEqual(['there is none']);
});

test.each([
  ['MFA is optional', { mfa: 'OPTIONAL' }, 'is OPTIONAL'],
  ['passwords are short', { passwordLength: 8 }, '8 characters at least'],
  ['anybody can sign up', { selfSignUp: true }, 'anybody can make one'],
  ['threats are only noted', { threatProtection: 'AUDIT' }, 'is AUDIT'],
  ['the pool can be deleted', { deletionProtected: false }, 'the pool can be deleted'],
])('a user pool where %s is red, 45 CFR 164.312(d)', (_, change, says) => {
  const pool = {
    mfa: 'ON',
    passwordLength: 14,
    selfSignUp: false,
    threatProtection: 'ENFORCED',
    deletionProtected: true,
  };
  expect(reds(judgePool(pool))).toEqual([]);
  expect(reds(judgePool({ ...pool, ...change }))).toEqual([says]);
});

describe('the audit log, 45 CFR 164.312(b)', () => {
  const well = { now, began: ago(48 * hour), checkpoint: ago(60_000), verification: { at: ago(hour), value: 0 } };

  test('is well when events are sealed, signed and verified', () => {
    expect(reds(judgeLog(well))).toEqual([]);
  });

  test.each([
    ['an event has waited eleven minutes', { unsealedSince: ago(660_000) }, /has waited 11 min/],
    ['nobody has signed for six minutes', { checkpoint: ago(360_000) }, /is 6 min old/],
    ['the log has no checkpoint', { checkpoint: undefined }, /none is in the archive/],
    ['a promise is broken for 16 minutes', { missingSince: ago(960_000) }, /promised event for 16 min/],
    ['the verification found something', { verification: { at: ago(hour), value: 3 } }, /3 findings/],
    ['nobody has verified', { verification: undefined }, /no run in the last 26 hours/],
  ])('is red when %s', (_, change, says) => {
    const { checkpoint, verification, ...rest } = { ...well, ...change };
    const facts = { ...rest, ...(checkpoint && { checkpoint }), ...(verification && { verification }) };
    expect(reds(judgeLog(facts))).toEqual([expect.stringMatching(says)]);
  });

  test('of a stage that has just been deployed is not green where nothing could be seen', () => {
    expect(judgeLog({ now }).map(({ verdict }) => verdict)).toEqual(['green', 'unseen', 'green', 'unseen']);
  });
});

describe('backups, 45 CFR 164.308(a)(7)(ii)(A)', () => {
  test('a recovery point of two days and an hour is red, and one that is not there', () => {
    expect(reds(judgePoints([{ name: 'a', newest: ago(47 * hour) }], now))).toEqual([]);
    const found = reds(judgePoints([{ name: 'a', newest: ago(49 * hour) }, { name: 'b' }], now));
    expect(found).toEqual(['the newest is 2 days old', 'has none']);
  });

  test('a production vault that can be unlocked is red', () => {
    const locked = { name: 'v', locked: true, lockDate: ago(hour) };
    expect(reds(judgeVaults([locked], 'production', now))).toEqual([]);
    expect(reds(judgeVaults([{ name: 'v', locked: false }], 'production', now))).toEqual(['is not locked']);
    expect(reds(judgeVaults([{ name: 'v', locked: true }], 'production', now))).toEqual([
      'is locked in governance mode, which an administrator can lift',
    ]);
    expect(reds(judgeVaults([{ ...locked, lockDate: ago(-hour) }], 'production', now))).toHaveLength(1);
    expect(reds(judgeVaults([{ name: 'v', locked: true }], 'development', now))).toEqual([]);
  });

  test('no vault is red in production, and never green', () => {
    expect([noVault('production').verdict, noVault('development').verdict]).toEqual(['red', 'unseen']);
  });
});

test('an alarm that goes off leads to its page of the runbook; one that calls nobody is red', () => {
  const alarm = { name: 'Sealing lag (ward-prod)', state: 'OK', acts: true };
  expect(reds(judgeAlarms([alarm]))).toEqual([]);
  expect(judgeAlarms([{ ...alarm, state: 'ALARM' }])).toMatchObject([
    { says: 'goes off', remedy: 'docs/runbook.md, "Sealing lag"' },
  ]);
  expect(reds(judgeAlarms([{ ...alarm, acts: false }]))).toEqual(['calls nobody']);
  expect(reds(judgeAlarms([{ ...alarm, state: 'INSUFFICIENT_DATA' }]))).toEqual(['is INSUFFICIENT_DATA']);
  expect([judgeSubscribers(0).verdict, judgeSubscribers(1).verdict]).toEqual(['red', 'green']);
});

test('mails of a production stage come from a verified sender, out of the sandbox', () => {
  const well = { sender: { verified: true, signed: true }, productionAccess: true, sendingEnabled: true };
  expect(reds(judgeMail(well, 'production'))).toEqual([]);
  expect(reds(judgeMail({ ...well, productionAccess: false }, 'production'))).toHaveLength(1);
  expect(reds(judgeMail({ ...well, sender: { verified: false, signed: false } }, 'production'))).toHaveLength(2);
  const none = { productionAccess: true, sendingEnabled: true };
  expect(judgeMail(none, 'production')[0]?.verdict).toBe('red');
  expect(judgeMail(none, 'development')[0]?.verdict).toBe('unseen');
});

test('log groups are kept six years under our key, 45 CFR 164.316(b)(2)(i)', () => {
  expect(
    reds(
      judgeLogGroups([
        { name: 'a', retentionDays: 2192, key: 'k' },
        { name: 'b', key: 'k' },
      ]),
    ),
  ).toEqual([]);
  expect(reds(judgeLogGroups([{ name: 'a', retentionDays: 2190 }]))).toEqual([
    'is kept for 2190 days',
    'is under a key of AWS',
  ]);
});

test('functions that cannot run, or run on another runtime, are red', () => {
  const well = { name: 'entries', state: 'Active', lastUpdate: 'Successful', runtime: 'nodejs24.x' };
  expect(reds(judgeFunctions([well]))).toEqual([]);
  const found = judgeFunctions([{ ...well, state: 'Failed', lastUpdate: 'Failed', runtime: 'nodejs20.x' }]);
  expect(reds(found)).toEqual(['is Failed', 'its last update failed', 'runs on nodejs20.x']);
});

test('a trigger that is off, or reads the stream of a table that was replaced, is red, 45 CFR 164.312(b)', () => {
  const stream = 'arn:aws:dynamodb:us-east-1:123456789012:table/outbox/stream/2026-11-23';
  const well = { name: 'sealer', state: 'Enabled', reads: stream };
  expect(reds(judgeTriggers([well], stream))).toEqual([]);
  expect(reds(judgeTriggers([{ ...well, state: 'Disabled' }], stream))).toEqual(['its trigger is Disabled']);
  const old = 'reads a stream that the outbox has no more';
  expect(reds(judgeTriggers([{ ...well, reads: stream.replace('23', '01') }], stream))).toEqual([old]);
  expect(reds(judgeTriggers([well], undefined))).toEqual([old]);
  expect(reds(judgeTriggers([{ name: '1', state: 'gone', reads: '' }], stream))).toEqual(['its trigger is gone']);
  expect(reds(judgeTriggers([], stream))).toEqual(['there is none']);
});

test('a table that was restored, and has nothing of what it was beside its items, is red, 45 CFR 164.308(a)(7)(ii)(B)', () => {
  const facts = (name: string): TableFacts => {
    const { expires, stream } = tableShapes[name] ?? {};
    return {
      name,
      deletionProtected: true,
      pointInTimeRecovery: true,
      key: 'k',
      ...(expires && { expiresBy: 'ttl' }),
      ...(stream && { stream }),
      resourcePolicy: name === 'AuditTable',
    };
  };
  expect(reds(judgeTables(Object.keys(tableShapes).map(facts)))).toEqual([]);
  const restored = { deletionProtected: false, pointInTimeRecovery: false, key: 'k', resourcePolicy: false };
  const missing = ['has no point-in-time recovery', 'can be deleted'];
  expect(reds(judgeTables([{ name: 'KeysTable', ...restored }]))).toEqual(missing);
  expect(reds(judgeTables([{ name: 'AuditTable', ...restored }]))).toEqual([
    ...missing,
    'items do not expire',
    'has no stream',
    'has no policy: whoever IAM allows can change its events',
  ]);
  expect(reds(judgeTables([{ ...facts('KeysTable'), expiresBy: 'ttl', stream: 'KEYS_ONLY' }]))).toEqual([
    'items end by ttl',
    'has a stream of KEYS_ONLY',
  ]);
});

test('stacks of production are protected, whole and as they were deployed', () => {
  const well = { name: 'ward-prod-data', status: 'UPDATE_COMPLETE', terminationProtection: true, drifted: false };
  expect(reds(judgeStacks([well], 'production'))).toEqual([]);
  const found = judgeStacks(
    [{ ...well, status: 'UPDATE_ROLLBACK_COMPLETE', terminationProtection: false, drifted: true }],
    'production',
  );
  expect(reds(found)).toEqual(['is UPDATE_ROLLBACK_COMPLETE', 'can be deleted', 'was changed beside the deployment']);
});

test('a dead letter is red, also one that somebody has taken; so is a queue that does not tell', () => {
  expect(judgeDeadLetters({ waiting: 0, taken: 0 }).verdict).toBe('green');
  expect(judgeDeadLetters({ waiting: 2, taken: 1 })).toMatchObject({
    says: '3 letters',
    remedy: 'docs/runbook.md, "Dead letters"',
  });
  expect(judgeDeadLetters({ waiting: Number.NaN, taken: 0 }).verdict).toBe('red');
});

test('a table and a document for machines say the same', () => {
  const entries = [
    { check: 'A', rule: '45 CFR 164.312(b)', subject: 'one', verdict: 'green', says: 'well' },
    { check: 'A', rule: '45 CFR 164.312(b)', subject: 'second', verdict: 'red', says: 'ill', remedy: 'do this' },
    { check: 'B', rule: '45 CFR 164.312(c)', subject: 'third', verdict: 'unseen', says: 'not on the laptop' },
  ] as const;
  expect(table(entries, false)).toEqual([
    'A  (45 CFR 164.312(b))',
    '  green   one     well',
    '  RED     second  ill',
    '                  -> do this',
    '',
    'B  (45 CFR 164.312(c))',
    '  unseen  third   not on the laptop',
    '',
    '1 green, 1 red, 1 unseen',
  ]);
  expect(JSON.parse(document(entries))).toMatchObject({ ok: false, findings: [{}, { remedy: 'do this' }, {}] });
});

test('ages are told in the unit in which they are felt', () => {
  expect([40_000, 720_000, 3 * hour, 50 * hour].map(inWords)).toEqual(['40 s', '12 min', '3 h', '2 days']);
});

describe('lockdown', () => {
  const now = new Date('2026-03-10T12:00:00.000Z');
  const item = {
    kind: 'lockdown',
    target: 'system',
    reason: 'incident',
    author: 'restore',
    at: '2026-03-10T11:00:00.000Z',
    expiresAt: '2026-03-11T11:00:00.000Z',
    version: 1,
  } as const;

  test.each([
    ['nobody locked anything down', undefined, 'green'],
    ['a lockdown that is over', { ...item, expiresAt: '2026-03-10T11:30:00.000Z' }, 'green'],
    ['a lockdown', item, 'red'],
    ['what waits after a restore', { ...item, reason: 'restored', restore: 'a-restore' }, 'red'],
  ] as const)('%s is told', (_, control, verdict) => {
    expect(judgeLockdown(control as Parameters<typeof judgeLockdown>[0], now)).toMatchObject({ verdict });
  });
});
