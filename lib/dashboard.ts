import { Duration } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  MathExpression,
  Metric,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { Config } from './config';
import type { Table } from './functions';
import type { Monitoring } from './monitoring';
import type { WardTable } from './records';
import { apiName } from './staged-deployment';
import type { WardFunctions } from './ward-functions';

export interface WardDashboardProps {
  readonly config: Config;
  readonly functions: WardFunctions;
  readonly tables: Readonly<Record<Table, WardTable>>;
  readonly monitoring: Monitoring;
}

const period = Duration.minutes(5);
const [half, third] = [12, 8];

/** What an operations engineer looks at first. Counts, durations and ages alone: no metric of Ward names a person or a record. */
export class WardDashboard extends Construct {
  readonly #stage: string;

  constructor(scope: Construct, id: string, { config, functions, tables, monitoring }: WardDashboardProps) {
    super(scope, id);
    this.#stage = config.stage;
    const own = (name: string, statistic?: 'Sum') => monitoring.ownMetric(name, period, statistic);
    const rows: readonly IWidget[][] = [
      [new AlarmStatusWidget({ title: 'Alarms', alarms: monitoring.alarms, width: 24, height: 4 })],
      [
        graph('API: latency, ms', half, [this.#api('Latency', 'p50'), this.#api('Latency', 'p99')]),
        graph('API: requests and refusals', half, [
          this.#api('Count', 'Sum'),
          this.#api('4XXError', 'Sum'),
          this.#api('5XXError', 'Sum'),
        ]),
      ],
      [
        graph('Audit: sealing lag, ms', third, [
          functions.named('sealer').metric('IteratorAge', { statistic: 'Maximum', period }),
        ]),
        graph('Audit: outbox age, s', third, [own('UnsealedAgeSeconds')]),
        graph('Audit: sealed, signed, found', third, [
          own('EventsSealed', 'Sum'),
          own('CheckpointsSigned', 'Sum'),
          own('VerificationFindings'),
        ]),
      ],
      [
        graph('Duties that are overdue', third, [
          own('OverdueBreachDuties'),
          own('OverdueEmergencyReviews'),
          own('OverdueAccessReviews'),
          own('ExpiringAgreements'),
        ]),
        graph('Mails that wait', third, [own('UnsentAlerts'), own('UnsentBreachReminders'), own('WaitingNoticeMails')]),
        graph('Dead letters', third, [
          monitoring.failures.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum', period }),
        ]),
      ],
      [
        graph('Keys: faults by code', third, [
          this.#search('Ward', 'stage,code', 'KeyFault', `stage="${this.#stage}"`),
        ]),
        graph('Functions: instances, throttles, errors (account)', third, [
          lambda('ConcurrentExecutions', 'Maximum'),
          lambda('Throttles', 'Sum'),
          lambda('Errors', 'Sum'),
        ]),
        graph('Functions: duration, p99 ms', third, [
          this.#search('AWS/Lambda', 'FunctionName', 'Duration', `ward-${this.#stage}-handlers`, 'p99'),
        ]),
      ],
      [
        graph('Tables: throttles', half, [
          ...Object.values(tables).flatMap((table) => [
            ofTable(table, 'ReadThrottleEvents'),
            ofTable(table, 'WriteThrottleEvents'),
          ]),
        ]),
        graph('Tables: units written', half, [
          ...Object.values(tables).map((table) => ofTable(table, 'ConsumedWriteCapacityUnits')),
        ]),
      ],
    ];
    new Dashboard(this, 'Dashboard', { dashboardName: `ward-${this.#stage}`, widgets: rows.map((row) => [...row]) });
  }

  #api(metricName: string, statistic: string): Metric {
    const dimensionsMap = { ApiName: apiName(this.#stage), Stage: this.#stage };
    const label = `${metricName} ${statistic}`;
    return new Metric({ namespace: 'AWS/ApiGateway', metricName, dimensionsMap, statistic, period, label });
  }

  #search(namespace: string, dimensions: string, metric: string, where: string, statistic = 'Sum'): MathExpression {
    const expression = `SEARCH('{${namespace},${dimensions}} MetricName="${metric}" ${where}', '${statistic}', ${period.toSeconds()})`;
    return new MathExpression({ expression, usingMetrics: {}, label: '', period });
  }
}

const graph = (title: string, width: number, left: IMetric[]): GraphWidget =>
  new GraphWidget({ title, width, height: 6, left, leftYAxis: { min: 0 } });

const lambda = (metricName: string, statistic: string): Metric =>
  new Metric({ namespace: 'AWS/Lambda', metricName, statistic, period });

const ofTable = ({ tableName }: WardTable, metricName: string): Metric =>
  new Metric({
    namespace: 'AWS/DynamoDB',
    metricName,
    dimensionsMap: { TableName: tableName },
    statistic: 'Sum',
    period,
  });
