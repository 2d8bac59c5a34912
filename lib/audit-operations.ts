import { Duration } from 'aws-cdk-lib';
import { EventSourceMapping, FilterCriteria, FilterRule, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { Config } from './config';
import type { FunctionName } from './functions';
import { type Monitoring, sendsTo } from './monitoring';
import type { WardTable } from './records';
import { FunctionSchedule } from './schedule';
import { readsStream } from './stream';
import type { WardFunctions } from './ward-functions';

export interface AuditOperationsProps {
  readonly config: Config;
  readonly functions: WardFunctions;
  readonly outbox: WardTable;
  readonly monitoring: Monitoring;
}

/** How long events gather before they are sealed: an hour of a busy clinic is sixty objects, of a laptop's test none waits. */
const sealingWindowSeconds = { production: 60, development: 2 } as const;

/** 45 CFR 164.312(b), (c): what moves events from the outbox into the locked archive, and what says when it does not. */
export class AuditOperations extends Construct {
  constructor(
    scope: Construct,
    id: string,
    private readonly props: AuditOperationsProps,
  ) {
    super(scope, id);
    this.#streamToSealer();
    this.#schedule('checkpointer', Duration.minutes(1));
    this.#schedule('reconciler', Duration.minutes(15));
    this.#schedule('verification', Duration.days(1));
    this.#alarms();
  }

  #streamToSealer(): void {
    const { config, functions, outbox, monitoring } = this.props;
    const sealer = functions.named('sealer');
    const stream = readsStream(sealer, outbox, config.region);
    for (const statement of sendsTo(monitoring.failures)) sealer.addToRolePolicy(statement);
    new EventSourceMapping(this, 'Stream', {
      target: sealer,
      eventSourceArn: stream,
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: 1000,
      maxBatchingWindow: Duration.seconds(sealingWindowSeconds[config.kind]),
      // Only what is new and of a lane: an expired item is a REMOVE, and no event is ever modified.
      filters: [
        FilterCriteria.filter({
          eventName: FilterRule.isEqual('INSERT'),
          dynamodb: { Keys: { PK: { S: FilterRule.beginsWith('LANE#') } } },
        }),
      ],
      bisectBatchOnError: true,
      // What is given up here is in the outbox still, and the reconciler seals it.
      retryAttempts: 10,
      onFailure: { bind: () => ({ destination: monitoring.failures.queueArn }) },
    });
  }

  #schedule(name: FunctionName, every: Duration): void {
    const { config, functions, monitoring } = this.props;
    new FunctionSchedule(this, name, { config, target: functions.named(name), every, monitoring });
  }

  #alarms(): void {
    const { functions, monitoring } = this.props;
    // By Lambda's own metric: a sealer that is broken says nothing.
    monitoring.alarm(this, 'SealingLag', {
      heading: 'Sealing lag',
      metric: functions.named('sealer').metric('IteratorAge', { statistic: 'Maximum', period: Duration.minutes(5) }),
      threshold: Duration.minutes(10).toMilliseconds(),
      silence: 'good',
    });
    monitoring.alarm(this, 'CheckpointStaleness', {
      heading: 'Checkpoint staleness',
      metric: monitoring.ownMetric('CheckpointsSigned', Duration.minutes(5), 'Sum'),
      threshold: 1,
      under: true,
      silence: 'bad',
    });
    monitoring.alarm(this, 'OutboxAge', {
      heading: 'Outbox age',
      metric: monitoring.ownMetric('UnsealedAgeSeconds', Duration.minutes(5)),
      threshold: Duration.minutes(15).toSeconds(),
      silence: 'bad',
    });
    monitoring.alarm(this, 'OutboxContradiction', {
      heading: 'Outbox contradiction',
      metric: monitoring.ownMetric('ContradictedLanes', Duration.minutes(15)),
      threshold: 0,
      silence: 'good',
    });
    monitoring.alarm(this, 'VerificationFailure', {
      heading: 'Verification failure',
      metric: monitoring.ownMetric('VerificationFindings', Duration.days(1)),
      threshold: 0,
      silence: 'bad',
    });
  }
}
