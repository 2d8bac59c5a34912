import { CfnOutput, Duration } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { EventSourceMapping, FilterCriteria, FilterRule, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { Config } from './config';
import { storeKey } from './encryption';
import type { FunctionName } from './functions';
import { type Monitoring, sendsTo } from './monitoring';
import type { PhiFunction } from './phi-function';
import type { WardTable } from './records';
import { FunctionSchedule } from './schedule';
import { readsStream } from './stream';
import type { WardFunctions } from './ward-functions';

export interface DetectionProps {
  readonly config: Config;
  readonly functions: WardFunctions;
  readonly outbox: WardTable;
  readonly monitoring: Monitoring;
}

const detector = 'detector' satisfies FunctionName;
const sweep = 'alert-sweep' satisfies FunctionName;
const sweepMinutes = 5;

/** 45 CFR 164.308(a)(1)(ii)(D), 164.308(a)(6)(ii): what looks at every access as it is recorded, and where alerts go. */
export class Detection extends Construct {
  /** whoever reacts to alerts subscribes here; a message names an alert and a rule, nobody */
  readonly topic: Topic;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: DetectionProps,
  ) {
    super(scope, id);
    const { config, functions, monitoring } = props;
    this.topic = new Topic(this, 'Alerts', {
      displayName: `Ward ${config.stage}: alerts`,
      masterKey: storeKey(this, 'AlertsKey', 'sns', `Ward ${config.stage}: alerts`),
      enforceSSL: true,
    });
    for (const name of [detector, sweep] as const) this.#mayPublish(functions.named(name));
    this.#stream();
    new FunctionSchedule(this, sweep, {
      config,
      target: functions.named(sweep),
      every: Duration.minutes(sweepMinutes),
      monitoring,
    });
    this.#alarms();
    new CfnOutput(this, 'AlertTopic', { value: this.topic.topicArn }).overrideLogicalId('AlertTopic');
  }

  #mayPublish(handler: PhiFunction): void {
    const { config } = this.props;
    const key = this.topic.masterKey;
    if (!key) throw new Error('the topic has no key');
    handler.addEnvironment('ALERT_TOPIC', this.topic.topicArn);
    handler.addEnvironment('DETECTION_SETTINGS', JSON.stringify(config.detection));
    handler.addToRolePolicy(new PolicyStatement({ actions: ['sns:Publish'], resources: [this.topic.topicArn] }));
    handler.addToRolePolicy(
      new PolicyStatement({
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        resources: [key.keyArn],
        conditions: { StringEquals: { 'kms:ViaService': `sns.${config.region}.amazonaws.com` } },
      }),
    );
  }

  /** The second reader of the outbox's stream, of the two that DynamoDB serves: the sealer is the other. */
  #stream(): void {
    const { config, functions, outbox, monitoring } = this.props;
    const target = functions.named(detector);
    const stream = readsStream(target, outbox, config.region);
    for (const statement of sendsTo(monitoring.failures)) target.addToRolePolicy(statement);
    new EventSourceMapping(this, 'Stream', {
      target,
      eventSourceArn: stream,
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: 100,
      // No window: a containment counts in seconds.
      filters: [
        FilterCriteria.filter({
          eventName: FilterRule.isEqual('INSERT'),
          dynamodb: { Keys: { PK: { S: FilterRule.beginsWith('LANE#') } } },
        }),
      ],
      reportBatchItemFailures: true,
      bisectBatchOnError: true,
      retryAttempts: 10,
      onFailure: { bind: () => ({ destination: monitoring.failures.queueArn }) },
    });
  }

  #alarms(): void {
    const { functions, monitoring } = this.props;
    const metric = (name: string) => monitoring.ownMetric(name, Duration.minutes(15));
    monitoring.alarm(this, 'OverdueAlertReviews', {
      heading: 'Overdue alert reviews',
      metric: metric('OverdueAlertReviews'),
      threshold: 0,
      silence: 'bad',
    });
    monitoring.alarm(this, 'UnsentAlertDeliveries', {
      heading: 'Unsent alert deliveries',
      metric: metric('UnsentAlertDeliveries'),
      threshold: 0,
      silence: 'bad',
    });
    // By Lambda's own metric: a detector that is broken says nothing.
    monitoring.alarm(this, 'DetectionLag', {
      heading: 'Detection lag',
      metric: functions.named(detector).metric('IteratorAge', { statistic: 'Maximum', period: Duration.minutes(5) }),
      threshold: Duration.minutes(10).toMilliseconds(),
      silence: 'good',
    });
  }
}
