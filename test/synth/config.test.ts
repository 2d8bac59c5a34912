import cdk from '../../cdk.json';
import { parseConfig } from '../../lib/config';
import { productionStage } from './assembly';

const parse = (settings: unknown): unknown => parseConfig({ stages: { prod: settings } }, 'prod');
const complaints = (settings: unknown): string[] => {
  try {
    parse(settings);
  } catch (error) {
    return error instanceof Error ? error.message.split('\n') : [];
  }
  return [];
};

test('the stage that cdk.json has is a development stage of nobody', () => {
  expect(parseConfig(cdk.context.ward)).toMatchObject({ stage: 'local', kind: 'development', account: '000000000000' });
});

test('a complete production stage is taken as it is written', () => {
  expect(parse(productionStage)).toMatchObject({ ...productionStage, stage: 'prod' });
});

test('a stage that says nothing of sessions ends them after 15 idle minutes, patients’ after 30, all after 12 hours', () => {
  const sessions = { workforceIdleMinutes: 15, patientIdleMinutes: 30, absoluteHours: 12 };
  expect(parse(productionStage)).toMatchObject({ sessions });
  expect(complaints({ ...productionStage, sessions: { workforceIdleMinutes: 600 } })).toHaveLength(1);
});

test.each<[setting: string, value: unknown, allowed: string]>([
  ['kind', 'prod-like', 'development or production'],
  ['kind', undefined, 'development or production'],
  ['organization', '', '1 to 63 lower-case letters'],
  ['organization', 'Example Health', '1 to 63 lower-case letters'],
  ['organization', '-example', '1 to 63 lower-case letters'],
  ['organization', 'a/b', '1 to 63 lower-case letters'],
  ['account', 123456789012, '12 digits, in quotes'],
  ['account', '12345', '12 digits'],
  ['account', '000000000000', 'an AWS account that exists'],
  ['region', 'Frankfurt', 'an AWS Region such as us-east-1'],
  ['relyingParty', 'https://app.example.org', 'the domain that passkeys belong to'],
  ['relyingParty', 'localhost', 'a domain of yours'],
  ['webOrigins', 'https://app.example.org', 'a list of origins'],
  ['webOrigins', ['http://localhost:3000'], 'https origins alone'],
  ['mailFrom', 'nobody', 'the e-mail address that invitations come from'],
  ['mailFrom', undefined, 'an e-mail address verified in SES'],
  ['network', 'public', 'isolated or none'],
  ['network', 'none', 'isolated in production'],
  ['prefixLists', undefined, 'the prefix lists of the Region'],
  ['prefixLists', 'pl-63a5400a', 'an object'],
  ['availabilityZones', ['a'], 'two or three letters of zones'],
  ['domain', 'api.example.org', 'an object'],
  ['mutualTls', { truststore: 's3://trust/clients.pem' }, 'given for mutual TLS'],
  ['waf', [], 'an object'],
  ['guardDuty', 'yes', 'true or false'],
  ['archiveAccount', '123456789012', 'another account than that of the stage'],
  ['archiveAccount', '12', '12 digits'],
  ['canary', 'somebody', 'the id of a patient who is nobody'],
  ['recovery', { region: 'us-east-1' }, 'another Region than that of the stage'],
  ['recovery', { region: 'west' }, 'an AWS Region'],
  [
    'recovery',
    { region: 'us-west-2', keys: { patient: 'alias/x', signing: ['mrk-00000000000000000000000000000000'] } },
    'the id of a multi-Region key',
  ],
  ['keyAdministrators', ['admin'], 'the ARN of a role'],
  ['redriveOperators', ['arn:aws:iam::123456789012:root'], 'the ARN of a user or role'],
  ['multiRegionKeys', 1, 'true or false'],
])('a wrong %s (%j) is one line that names it and what it must be', (setting, value, allowed) => {
  const lines = complaints({ ...productionStage, [setting]: value });
  expect(lines).toHaveLength(1);
  const named = setting === 'mutualTls' ? 'domain' : setting;
  expect(lines[0]).toMatch(
    new RegExp(`^cdk\\.json ward\\.stages\\.prod\\.${named}(\\.0|\\.region|\\.keys\\.patient)? must be `),
  );
  expect(lines[0]).toContain(allowed);
});

test.each(['*', 'https://*.example.org', 'https://app.example.org/path', 'http://app.example.org', 'null'])(
  'the origin %s is refused',
  (origin) => {
    expect(complaints({ ...productionStage, webOrigins: [origin] })[0]).toContain(
      'ward.stages.prod.webOrigins.0 must be ',
    );
  },
);

test('all wrong settings are told at once, and no value is repeated', () => {
  const lines = complaints({ ...productionStage, account: 'hunter2', region: 'hunter2', organization: 'HUNTER2' });
  expect(lines).toHaveLength(3);
  expect(lines.join()).not.toMatch(/hunter2/i);
});

test('an unknown setting is named beside those that there are', () => {
  expect(complaints({ ...productionStage, organisation: 'x' })).toEqual([
    expect.stringMatching(/ward\.stages\.prod has no setting organisation; it has kind, organization, account/),
  ]);
});

test.each([
  ['a stage that is not there', 'nowhere'],
  ['no name', 7],
  ['an inherited name', 'toString'],
])('%s is answered with the stages that there are', (_, stage) => {
  expect(() => parseConfig({ stages: { local: {}, prod: {} } }, stage)).toThrow(
    'stage must be one that cdk.json has under ward.stages: local, prod',
  );
});

test.each([undefined, 'local', {}, { stages: [] }, { stages: {}, more: 1 }])(
  'a ward context of %j is refused',
  (ward) => {
    expect(() => parseConfig(ward)).toThrow(/cdk\.json/);
  },
);

test('the name of a stage fits into the names of roles', () => {
  expect(() => parseConfig({ stages: { 'Prod!': productionStage } }, 'Prod!')).toThrow('the name of a stage must be');
});

test('settings that are no object are refused by name', () => {
  expect(complaints('production')).toEqual(['cdk.json ward.stages.prod must be an object']);
});

describe('a stage that stands by for another', () => {
  const keys = { patient: `mrk-${'c'.repeat(32)}`, signing: [`mrk-${'d'.repeat(32)}`] };
  const lost = { ...productionStage, recovery: { region: 'us-west-2', standby: 'second', keys } };
  const second = { ...productionStage, region: 'us-west-2', succeeds: { stage: 'lost', fingerprint: 'e'.repeat(64) } };
  const told = (stages: Readonly<Record<string, unknown>>, stage = 'second'): string[] => {
    try {
      parseConfig({ stages }, stage);
      return [];
    } catch (error) {
      return error instanceof Error ? error.message.split('\n') : [];
    }
  };

  test('knows the settings of that one, which it must fit', () => {
    expect(parseConfig({ stages: { lost, second } }, 'second')).toMatchObject({
      predecessor: { stage: 'lost', ...lost },
    });
    expect(parseConfig({ stages: { lost, second } }, 'lost')).not.toHaveProperty('predecessor');
  });

  test.each<[string, Readonly<Record<string, unknown>>, RegExp[]]>([
    ['none of that name', { second }, [/second\.succeeds\.stage must be another stage/]],
    [
      'itself',
      { second: { ...second, succeeds: { ...second.succeeds, stage: 'second' } } },
      [/succeeds\.stage must be another/],
    ],
    [
      'a fingerprint that is none',
      { lost, second: { ...second, succeeds: { stage: 'lost', fingerprint: 'x' } } },
      [/succeeds\.fingerprint must be .*64/],
    ],
    [
      'another organization',
      { lost, second: { ...second, organization: 'other' } },
      [/second\.organization must be that of/],
    ],
    ['another account', { lost, second: { ...second, account: '210987654321' } }, [/second\.account must be that of/]],
    [
      'another Region',
      { lost, second: { ...second, region: 'us-west-1' } },
      [/lost\.recovery\.region must be that of second/],
    ],
    [
      'another stand-by',
      { lost: { ...lost, recovery: { ...lost.recovery, standby: 'third' } }, second },
      [/lost\.recovery\.standby must be second/],
    ],
    [
      'no replica',
      { lost: { ...lost, recovery: { ...lost.recovery, keys: undefined } }, second },
      [/lost\.recovery\.keys must be given with patient/],
    ],
    [
      'a wrong stage',
      { lost: { ...lost, relyingParty: 'nowhere' }, second },
      [/^cdk\.json ward\.stages\.lost\.relyingParty must be/],
    ],
    [
      'a replica of a replica',
      { lost, second: { ...second, recovery: { region: 'us-east-1', keys } } },
      [/second\.recovery\.keys\.patient must be absent/],
    ],
    [
      'copies in another account',
      { lost: { ...lost, recovery: { ...lost.recovery, account: '345678901234' } }, second },
      [/lost\.recovery\.account must be that of the stage/],
    ],
  ])('%s is a line that names the setting', (_, stages, lines) => {
    expect(told(stages)).toEqual(lines.map((line) => expect.stringMatching(line)));
  });

  test('the way back: the first stage succeeds the second, and opens with its own key', () => {
    const back = { region: 'us-east-1', standby: 'lost', keys: { signing: [`mrk-${'f'.repeat(32)}`] } };
    const stages = {
      lost: { ...lost, succeeds: { stage: 'second', fingerprint: 'a'.repeat(64) } },
      second: { ...second, recovery: back },
    };
    expect(told(stages, 'lost')).toEqual([]);
    expect(told(stages, 'second')).toEqual([]);
  });
});
