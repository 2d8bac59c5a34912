import { routes } from '../../../lambda/http/routes';
import { declarations } from '../../../lib/functions';
import type { Stages } from '../assembly';
import { roleStatements, statementsOf } from '../policy';

const named = (description: string): boolean => description.startsWith('Ward prod: ');

export function describeOperations({ production, apart }: Pick<Stages, 'production' | 'apart'>): void {
  const { running, handlers, api } = production;

  test('X-Ray traces the functions that the API calls, which let no error out, and never the API itself', () => {
    const functions = (all: typeof running) =>
      all.resources('AWS::Lambda::Function').filter(([, { Properties }]) => named(String(Properties.Description)));
    const traced = functions(running).filter(([, { Properties }]) => Properties.TracingConfig?.Mode === 'Active');
    expect(traced.map(([id]) => id)).toEqual(functions(handlers).map(([id]) => id));
    expect(traced.length).toBe(new Set(routes.map((route) => route.function)).size);
    expect(functions(running).length).toBeGreaterThan(traced.length);
    expect(api.only('AWS::ApiGateway::Stage').Properties.TracingEnabled).toBe(false);
  });

  const startable = (...callers: readonly string[]) =>
    declarations.filter(([, { calledBy = 'api' }]) => callers.includes(calledBy)).map(([name]) => name);
  const startedBy = (...callers: readonly string[]): string[] =>
    startable(...callers)
      .map((name) => name.replaceAll('-', ''))
      .sort();
  const idsIn = (value: unknown): string[] =>
    [
      ...JSON.stringify(value).matchAll(
        /(?:ExportsOutput(?:Ref|FnGetAtt)|"(?:Ref|Fn::GetAtt)":\[?")(\w+?)[0-9A-F]{8}/g,
      ),
    ].map(([, id = '']) => id.toLowerCase());

  test('what an asynchronous start gives up goes to the queue in a form that names the function', () => {
    const kept = running.resources('AWS::Lambda::EventInvokeConfig').map(([, { Properties }]) => {
      expect(JSON.stringify(Properties.DestinationConfig.OnFailure)).toMatch(/Failures/);
      return idsIn(Properties.FunctionName)[0];
    });
    expect(kept.sort()).toEqual(startedBy('schedule', 'logs'));
    for (const [, { Properties }] of running.resources('AWS::Lambda::Function'))
      expect(Properties.DeadLetterConfig).toBeUndefined();
  });

  test('whoever runs dead letters again starts nothing that the API calls, is named by the settings, and as a user has proved a second factor', () => {
    const [[id, { Properties }] = ['', { Properties: {} }]] = running
      .resources('AWS::IAM::Role')
      .filter(([, role]) => role.Properties.RoleName === 'ward-prod-redrive');
    expect(Properties.AssumeRolePolicyDocument.Statement).toEqual([
      {
        Effect: 'Allow',
        Action: 'sts:AssumeRole',
        Principal: { AWS: 'arn:aws:iam::123456789012:user/on-call' },
        Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } },
      },
      { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: 'arn:aws:iam::123456789012:role/on-call' } },
    ]);
    const own = roleStatements(running).filter(({ where }) => where === id);
    expect(own.flatMap(({ actions }) => actions).sort()).toEqual([
      'dynamodb:Query',
      'kms:Decrypt',
      'kms:Decrypt',
      'lambda:InvokeFunction',
      'sqs:ChangeMessageVisibility',
      'sqs:DeleteMessage',
      'sqs:ReceiveMessage',
    ]);
    const invoked = own.find(({ actions }) => actions.includes('lambda:InvokeFunction'))?.resources;
    expect(idsIn(invoked).sort()).toEqual(startedBy('schedule', 'stream', 'logs').filter((name) => name !== 'sealer'));
  });

  test('where the settings name nobody, no role runs dead letters again', () => {
    const roles = apart.running.resources('AWS::IAM::Role').map(([, { Properties }]) => Properties.RoleName);
    expect(roles).toContain('ward-apart-checkpointer');
    expect(roles).not.toContain('ward-apart-redrive');
    expect(Object.keys(apart.byName['WardOperations']?.json.Outputs ?? {})).not.toContain('RedriveRole');
  });

  test('the queue takes letters of Ward’s roles alone, and each role that sends one is named so - 45 CFR 164.312(c)(1)', () => {
    const policies = running.resources('AWS::SQS::QueuePolicy').map(([, { Properties }]) => Properties.PolicyDocument);
    const denials = policies
      .flatMap((policy) => statementsOf('Failures', policy))
      .filter(({ actions }) => actions.includes('sqs:SendMessage'));
    expect(denials).toEqual([
      expect.objectContaining({
        effect: 'Deny',
        principal: { AWS: '*' },
        condition: { ArnNotLike: { 'aws:PrincipalArn': 'arn:aws:iam::123456789012:role/ward-prod-*' } },
      }),
    ]);
    const senders = new Set(
      roleStatements(running)
        .filter(({ actions }) => actions.includes('sqs:SendMessage'))
        .map(({ where }) => where),
    );
    expect(senders.size).toBeGreaterThan(20);
    const named = running.resources('AWS::IAM::Role').filter(([id]) => senders.has(id));
    for (const [, { Properties }] of named) expect(Properties.RoleName).toMatch(/^ward-prod-[a-z-]+$/);
  });

  test('of each function that runs without a person the outputs name the roles that send its letters', () => {
    const { LetterSenders } = (production.byName['WardOperations']?.json.Outputs ?? {}) as Record<string, unknown>;
    const told = JSON.stringify(LetterSenders).replaceAll(/\{"Fn::(GetAtt|ImportValue)"[^}]*\}/g, 'role');
    for (const name of startable('schedule')) expect(told).toMatch(new RegExp(`[" ]${name}=",role,",",role[,\\]]`));
    for (const name of startable('stream', 'logs')) expect(told).toMatch(new RegExp(`[" ]${name}=",role(,"[ "]|\\])`));
  });

  test('one dashboard shows every alarm of the stage', () => {
    const body = JSON.stringify(running.only('AWS::CloudWatch::Dashboard').Properties.DashboardBody);
    const alarms = running
      .resources('AWS::CloudWatch::Alarm')
      .map(([, { Properties }]) => String(Properties.AlarmName));
    expect(alarms.length).toBeGreaterThan(15);
    expect(alarms.filter((name) => !body.includes(`:alarm:${name}`))).toEqual([]);
    for (const metric of [
      'Latency',
      '5XXError',
      '4XXError',
      'IteratorAge',
      'UnsealedAgeSeconds',
      'KeyFault',
      'Throttles',
    ])
      expect(body).toContain(metric);
  });

  test.each(['API latency', 'Function throttles', 'Table throttles', 'Table errors', 'Key throttling'])(
    '%s has an alarm',
    (heading) => {
      const names = running.resources('AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties.AlarmName);
      expect(names).toContain(`${heading} (ward-prod)`);
    },
  );

  test('no alarm has more metrics than CloudWatch takes in one', () => {
    for (const [, { Properties }] of running.resources('AWS::CloudWatch::Alarm')) {
      const metrics: readonly { readonly MetricStat?: unknown }[] = Properties.Metrics ?? [];
      expect(metrics.filter(({ MetricStat }) => MetricStat !== undefined).length).toBeLessThanOrEqual(10);
    }
  });
}
