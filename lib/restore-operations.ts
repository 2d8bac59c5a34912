import { CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import { CfnRule } from 'aws-cdk-lib/aws-events';
import { CfnPermission } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { Config } from './config';
import type { FunctionName } from './functions';
import type { Monitoring } from './monitoring';
import { FunctionSchedule } from './schedule';
import { predecessorVariables } from './succession';
import type { WardFunctions } from './ward-functions';

export interface RestoreOperationsProps {
  readonly config: Config;
  readonly functions: WardFunctions;
  readonly monitoring: Monitoring;
}

const replay = 'restore-replay' satisfies FunctionName;
const validation = 'restore-validation' satisfies FunctionName;

/** 45 CFR 164.308(a)(7)(ii)(B): what finds that tables went back, and says so until two people have released them. */
export class RestoreOperations extends Construct {
  constructor(scope: Construct, id: string, { config, functions, monitoring }: RestoreOperationsProps) {
    super(scope, id);
    const target = functions.named(replay);
    new FunctionSchedule(this, replay, { config, target, every: Duration.minutes(1), monitoring });
    monitoring.alarm(this, 'RestoreWaits', {
      heading: 'Restore waits',
      metric: monitoring.ownMetric('RestoresWaiting', Duration.minutes(5)),
      threshold: 0,
      silence: 'bad', // who does not look does not lock down either
    });
    monitoring.alarm(this, 'ReplayFailure', {
      heading: 'Restore replay failure',
      metric: monitoring.ownMetric('RestoreReplayFailures', Duration.minutes(5)),
      threshold: 0,
      silence: 'good',
    });
    this.#validation({ config, functions, monitoring });
    new CfnOutput(Stack.of(this), 'RestoreReplayFunction', { value: target.functionName });
    const { PREDECESSOR_ORIGIN, PREDECESSOR_ARCHIVE } = predecessorVariables(config);
    if (PREDECESSOR_ORIGIN) new CfnOutput(Stack.of(this), 'PredecessorLog', { value: PREDECESSOR_ORIGIN });
    if (PREDECESSOR_ARCHIVE) new CfnOutput(Stack.of(this), 'PredecessorArchive', { value: PREDECESSOR_ARCHIVE });
  }
  /** 45 CFR 164.308(a)(7)(ii)(D): each table and bucket that a test restored is looked into before AWS Backup removes it again. */
  #validation({ config, functions, monitoring }: RestoreOperationsProps): void {
    const target = functions.named(validation);
    const { account } = Stack.of(this);
    const rule = new CfnRule(this, 'Validation', {
      name: `ward-${config.stage}-restored`,
      description: `Ward ${config.stage}: a table or bucket was restored to test its backup`,
      eventPattern: {
        source: ['aws.backup'],
        account: [account],
        'detail-type': ['Restore Job State Change'],
        detail: { status: ['COMPLETED'], resourceType: ['DynamoDB', 'S3'], restoreTestingPlanArn: [{ exists: true }] },
      },
      targets: [
        {
          id: 'Validation',
          arn: target.functionArn,
          retryPolicy: { maximumEventAgeInSeconds: 3600, maximumRetryAttempts: 2 },
        },
      ],
    });
    new CfnPermission(this, 'ValidationStarts', {
      action: 'lambda:InvokeFunction',
      functionName: target.functionArn,
      principal: 'events.amazonaws.com',
      sourceArn: rule.attrArn,
    });
    // AWS Backup is not on a laptop, where nobody would answer.
    if (config.stage !== 'local')
      new FunctionSchedule(this, validation, { config, target, every: Duration.hours(12), monitoring });
    monitoring.alarm(this, 'ValidationFailure', {
      heading: 'Restore validation failure',
      metric: monitoring.ownMetric('RestoreValidationFailures', Duration.minutes(5)),
      threshold: 0,
      silence: 'good',
    });
    monitoring.alarm(this, 'Unvalidated', {
      heading: 'No restore validated',
      metric: monitoring.ownMetric('UnvalidatedStores', Duration.days(1)),
      threshold: 0,
      silence: config.stage === 'local' ? 'good' : 'bad',
    });
  }
}
