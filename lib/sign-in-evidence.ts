import { RemovalPolicy } from 'aws-cdk-lib';
import { CfnLogDeliveryConfiguration, UserPoolOperation } from 'aws-cdk-lib/aws-cognito';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { FilterPattern, LogGroup, RetentionDays, SubscriptionFilter } from 'aws-cdk-lib/aws-logs';
import { LambdaDestination } from 'aws-cdk-lib/aws-logs-destinations';
import { Construct } from 'constructs';
import type { Authentication } from './authentication';
import type { Config } from './config';
import { deliverLogs } from './log-delivery';
import type { WardFunctions } from './ward-functions';

export interface SignInEvidenceProps {
  readonly config: Config;
  readonly authentication: Authentication;
  readonly functions: WardFunctions;
  readonly logsKey: IKey;
}

/** 45 CFR 164.308(a)(5)(ii)(C): every sign-in is evidence, and so is every one that failed. */
export class SignInEvidence extends Construct {
  constructor(
    scope: Construct,
    id: string,
    private readonly props: SignInEvidenceProps,
  ) {
    super(scope, id);
    const { authentication, functions } = props;
    authentication.pool.addTrigger(UserPoolOperation.POST_AUTHENTICATION, functions.named('post-authentication'));
    this.#userActivity();
  }

  /** What no trigger sees, failures, challenges and risk: the PLUS tier exports it to a log group, line by line. */
  #userActivity(): void {
    const { config, authentication, functions, logsKey } = this.props;
    const group = new LogGroup(this, 'UserActivity', {
      encryptionKey: logsKey,
      retention: RetentionDays.SIX_YEARS,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    const { logGroupArn, policy } = deliverLogs(this, {
      logGroupName: group.logGroupName,
      policyName: `ward-${config.stage}-user-activity`,
      sid: 'UserActivity',
    });
    const delivery = new CfnLogDeliveryConfiguration(this, 'LogDelivery', {
      userPoolId: authentication.pool.userPoolId,
      logConfigurations: [
        {
          eventSource: 'userAuthEvents',
          logLevel: 'INFO',
          cloudWatchLogsConfiguration: { logGroupArn },
        },
      ],
    });
    delivery.addResourceDependency(policy);
    new SubscriptionFilter(this, 'ToTheAuditLog', {
      logGroup: group,
      destination: new LambdaDestination(functions.named('sign-in-log')),
      filterPattern: FilterPattern.allEvents(),
    });
  }
}
