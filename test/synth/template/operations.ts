import { routes } from '../../../lambda/http/routes';
import type { Synthesized } from '../assembly';

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
