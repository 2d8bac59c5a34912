import { routes } from '../../../lambda/http/routes';
import { declarations } from '../../../lib/functions';
import type { Synthesized } from '../assembly';
import { roleStatements } from '../policy';

const named = (description: string): boolean => description.startsWith('Ward prod: ');

export function describeOperations({ production }: { readonly production: Synthesized }): void {
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

  const startedBy = (...callers: readonly string[]): string[] =>
    declarations
      .filter(([, { calledBy = 'api' }]) => callers.includes(calledBy))
      .map(([name]) => name.replaceAll('-', ''))
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

  test('whoever runs dead letters again starts nothing that the API calls, and has proved a second factor', () => {
    const [[id, { Properties }] = ['', { Properties: {} }]] = running
      .resources('AWS::IAM::Role')
      .filter(([, role]) => role.Properties.RoleName === 'ward-prod-redrive');
    expect(Properties.AssumeRolePolicyDocument.Statement).toEqual([
      expect.objectContaining({ Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } } }),
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
    const startable = startedBy('schedule', 'stream', 'logs').filter((name) => name !== 'sealer');
    expect(idsIn(invoked).sort()).toEqual(startable);
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
