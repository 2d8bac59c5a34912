import { ArnFormat, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { CfnLogDeliveryConfiguration, UserPoolOperation } from 'aws-cdk-lib/aws-cognito';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { CfnResourcePolicy, FilterPattern, LogGroup, RetentionDays, SubscriptionFilter } from 'aws-cdk-lib/aws-logs';
import { LambdaDestination } from 'aws-cdk-lib/aws-logs-destinations';
import { Construct } from 'constructs';
import type { Authentication } from './authentication';
import type { Config } from './config';
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
    const { account, region } = Stack.of(this);
    // As Cognito wants it: without the `:*` that CloudFormation's own attribute ends in.
    const logGroupArn = Stack.of(this).formatArn({
      service: 'logs',
      resource: 'log-group',
      resourceName: group.logGroupName,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    // Cognito would write this policy itself, over whatever else is in it, with the rights of whoever deploys.
    const policy = new CfnResourcePolicy(this, 'Delivery', {
      policyName: `ward-${config.stage}-user-activity`,
      policyDocument: Stack.of(this).toJsonString({
        Version: '2012-10-17',
        Statement: [
          {
            Sid: 'UserActivity',
            Effect: 'Allow',
            Principal: { Service: 'delivery.logs.amazonaws.com' },
            Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
            Resource: `${logGroupArn}:log-stream:*`,
            Condition: {
              StringEquals: { 'aws:SourceAccount': account },
              ArnLike: { 'aws:SourceArn': `arn:aws:logs:${region}:${account}:*` },
            },
          },
        ],
      }),
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
