import { Duration } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { Config } from './config';
import { declarations, type Table } from './functions';
import type { Monitoring } from './monitoring';
import type { WardTable } from './records';
import { apiName } from './staged-deployment';
import type { WardFunctions } from './ward-functions';

export interface ServiceAlarmsProps {
  readonly config: Config;
  readonly functions: WardFunctions;
  readonly tables: Readonly<Record<Table, WardTable>>;
  readonly monitoring: Monitoring;
}

const period = Duration.minutes(5);
/** of 99 in 100 requests; a read takes two round trips, so this is a service that waits */
const slowestMilliseconds = 3000;
/** which calls of which table requests wait for: an alarm takes ten metrics */
const calls: readonly (readonly [Table, readonly string[]])[] = [
  ['governance', ['BatchGetItem', 'TransactWriteItems']],
  ['records', ['Query', 'GetItem', 'TransactWriteItems']],
  ['keys', ['GetItem', 'TransactWriteItems']],
  ['audit', ['PutItem', 'TransactWriteItems']],
];

/** 45 CFR 164.308(a)(7)(ii)(C): says when AWS slows Ward down or refuses it, before people stop waiting. */
export class ServiceAlarms extends Construct {
  constructor(scope: Construct, id: string, { config, functions, tables, monitoring }: ServiceAlarmsProps) {
    super(scope, id);
    const { stage } = config;
    monitoring.alarm(this, 'ApiLatency', {
      heading: 'API latency',
      metric: new Metric({
        namespace: 'AWS/ApiGateway',
        metricName: 'Latency',
        dimensionsMap: { ApiName: apiName(stage), Stage: stage },
        statistic: 'p99',
        period,
      }),
      threshold: slowestMilliseconds,
      periods: 3,
      silence: 'good',
    });
    // Of the account and Region: a function is also refused because of what others in the account use.
    monitoring.alarm(this, 'FunctionThrottles', {
      heading: 'Function throttles',
      metric: new Metric({ namespace: 'AWS/Lambda', metricName: 'Throttles', statistic: 'Sum', period }),
      threshold: 0,
      silence: 'good',
    });
    const all = Object.values(tables);
    const [index, log] = [tables.auditIndex, tables.auditLog];
    monitoring.alarm(this, 'TableThrottles', {
      heading: 'Table throttles',
      metric: sum([
        ...all.filter((table) => table !== log).map((table) => ofTable(table, 'WriteThrottleEvents')),
        ...all.filter((table) => table !== index).map((table) => ofTable(table, 'ReadThrottleEvents')),
      ]),
      threshold: 0,
      silence: 'good',
    });
    monitoring.alarm(this, 'TableErrors', {
      heading: 'Table errors',
      metric: sum(
        calls.flatMap(([table, operations]) =>
          operations.map((Operation) => ofTable(tables[table], 'SystemErrors', { Operation })),
        ),
      ),
      threshold: 0,
      silence: 'good',
    });
    monitoring.alarm(this, 'KeyThrottling', {
      heading: 'Key throttling',
      metric: monitoring.ownMetric('KeyFault', period, 'Sum', { code: 'throttled' }),
      threshold: 0,
      silence: 'good',
    });
    const readers = streamReaders(functions);
    if (readers.length > 0)
      monitoring.alarm(this, 'StreamLag', {
        heading: 'Stream lag',
        metric: new MathExpression({
          expression: `MAX([${Object.keys(named(readers)).join(',')}])`,
          usingMetrics: named(readers),
          period,
        }),
        threshold: Duration.minutes(10).toMilliseconds(),
        silence: 'good',
      });
  }
}

/** The readers of a stream beside the sealer, which has an alarm of its own. */
function streamReaders(functions: WardFunctions): readonly IMetric[] {
  return [...declarations]
    .filter(([name, { calledBy }]) => calledBy === 'stream' && name !== 'sealer')
    .map(([name]) => functions.named(name).metric('IteratorAge', { statistic: 'Maximum', period }));
}

function ofTable({ tableName }: WardTable, metricName: string, more: Readonly<Record<string, string>> = {}): Metric {
  const dimensionsMap = { TableName: tableName, ...more };
  return new Metric({ namespace: 'AWS/DynamoDB', metricName, dimensionsMap, statistic: 'Sum', period });
}

const named = (metrics: readonly IMetric[]): Record<string, IMetric> =>
  Object.fromEntries(metrics.map((metric, index) => [`m${index}`, metric]));

/** A metric that nobody has sent yet counts as none. */
function sum(metrics: readonly IMetric[]): MathExpression {
  const usingMetrics = named(metrics);
  const terms = Object.keys(usingMetrics).map((name) => `FILL(${name},0)`);
  return new MathExpression({ expression: terms.join('+'), usingMetrics, period });
}
