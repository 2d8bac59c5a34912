import { Duration, Stack } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IAlarm,
  type IMetric,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { AnyPrincipal, Effect, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledgements';
import type { Config } from './config';
import { storeKey } from './encryption';
import { roleName } from './functions';

export interface AlarmProps {
  /** a heading of docs/runbook.md: what the alarm means, how to look into it, what ends it */
  readonly heading: string;
  readonly metric: IMetric;
  /** the alarm goes off when the metric is above this; below it where `under` is set */
  readonly threshold: number;
  readonly under?: boolean;
  /** how many periods of the metric in a row; @default 1 */
  readonly periods?: number;
  /** what no data means: nothing happened, or whoever should have spoken is silent */
  readonly silence: 'good' | 'bad';
}

/** Where alarms go, and what was given up after its retries. Neither holds more than identifiers. */
export class Monitoring extends Construct {
  /** whoever is on call subscribes here: docs/deploy.md */
  readonly topic: Topic;
  /** what streams, schedules and logs gave up, for `ward redrive`; of stream batches the outbox has the events themselves */
  readonly failures: Queue;
  /** every alarm by its name, of stacks that come later too: what shows them does not depend on those */
  readonly alarms: IAlarm[] = [];
  readonly #stage: string;

  constructor(scope: Construct, id: string, { config }: { readonly config: Config }) {
    super(scope, id);
    this.#stage = config.stage;
    const ofAlarms = {
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      conditions: { StringEquals: { 'aws:SourceAccount': config.account } },
    };
    const cloudWatch = new PolicyStatement({
      sid: 'AlarmsArePublished',
      ...ofAlarms,
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      resources: ['*'],
    });
    // No conditions: EventBridge calls SNS without the account or the rule that it calls for.
    const eventBridge = { principals: [new ServicePrincipal('events.amazonaws.com')] };
    const rules = new PolicyStatement({
      sid: 'EventsArePublished',
      ...eventBridge,
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      resources: ['*'],
    });
    this.topic = new Topic(this, 'Alarms', {
      displayName: `Ward ${config.stage}: alarms`,
      masterKey: storeKey(this, 'AlarmsKey', 'sns', `Ward ${config.stage}: alarms`, [cloudWatch, rules]),
      enforceSSL: true,
    });
    // The topic's policy stands in place of SNS's own, by which alarms of the account would publish.
    const publishes = { actions: ['sns:Publish'], resources: [this.topic.topicArn] };
    this.topic.addToResourcePolicy(new PolicyStatement({ sid: 'AlarmsPublish', ...ofAlarms, ...publishes }));
    this.topic.addToResourcePolicy(new PolicyStatement({ sid: 'RulesPublish', ...eventBridge, ...publishes }));
    this.failures = new Queue(this, 'Failures', {
      encryption: QueueEncryption.KMS,
      encryptionMasterKey: storeKey(this, 'FailuresKey', 'sqs', `Ward ${config.stage}: what was given up`),
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    // Whoever puts a letter here chooses what an operator starts: no policy of a person's role opens this queue.
    this.failures.addToResourcePolicy(
      new PolicyStatement({
        sid: 'LettersAreOfWardsRoles',
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: ['sqs:SendMessage'],
        resources: [this.failures.queueArn],
        conditions: {
          ArnNotLike: { 'aws:PrincipalArn': `arn:aws:iam::${config.account}:role/${roleName(config.stage, '*')}` },
        },
      }),
    );
    acknowledge(this.failures, {
      'AwsSolutions-SQS3':
        'It is the dead-letter queue, of functions and schedules in other stacks; what comes into it raises an alarm',
    });
    this.alarm(this, 'DeadLetters', {
      heading: 'Dead letters',
      metric: this.failures.metricApproximateNumberOfMessagesVisible({
        period: Duration.minutes(1),
        statistic: 'Maximum',
      }),
      threshold: 0,
      silence: 'good',
    });
  }

  /** @param scope of the stack that has what is measured @param id of the construct */
  alarm(
    scope: Construct,
    id: string,
    { heading, metric, threshold, under = false, periods = 1, silence }: AlarmProps,
  ): Alarm {
    const alarmName = `${heading} (ward-${this.#stage})`;
    this.alarms.push(Alarm.fromAlarmName(this, `Shown ${heading}`, alarmName));
    const alarm = new Alarm(scope, id, {
      alarmName,
      alarmDescription: `docs/runbook.md, "${heading}"`,
      metric,
      threshold,
      comparisonOperator: under ? ComparisonOperator.LESS_THAN_THRESHOLD : ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: periods,
      treatMissingData: silence === 'good' ? TreatMissingData.NOT_BREACHING : TreatMissingData.BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(this.topic));
    return alarm;
  }

  /** @returns what Ward's functions measure themselves, of this stage: they print it into their logs, from where CloudWatch takes it */
  ownMetric(
    metricName: string,
    period: Duration,
    statistic: 'Maximum' | 'Sum' = 'Maximum',
    dimensions: Readonly<Record<string, string>> = {},
  ): Metric {
    const dimensionsMap = { stage: this.#stage, ...dimensions };
    return new Metric({ namespace: 'Ward', metricName, dimensionsMap, statistic, period });
  }
}

/** @returns what a role needs to put a message into the queue, under its key */
export function sendsTo(queue: Queue): readonly PolicyStatement[] {
  const key = queue.encryptionMasterKey;
  return [
    new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [queue.queueArn] }),
    new PolicyStatement({
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      resources: key ? [key.keyArn] : [],
      conditions: { StringEquals: { 'kms:ViaService': `sqs.${Stack.of(queue).region}.amazonaws.com` } },
    }),
  ];
}
