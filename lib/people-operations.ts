import { ArnFormat, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { CfnLogDeliveryConfiguration, UserPoolOperation } from 'aws-cdk-lib/aws-cognito';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { CfnResourcePolicy, FilterPattern, LogGroup, RetentionDays, SubscriptionFilter } from 'aws-cdk-lib/aws-logs';
import { LambdaDestination } from 'aws-cdk-lib/aws-logs-destinations';
import { Construct } from 'constructs';
import type { Authentication } from './authentication';
import type { Config } from './config';
import type { FunctionName } from './functions';
import type { Monitoring } from './monitoring';
import type { PhiFunction } from './phi-function';
import { FunctionSchedule } from './schedule';

export interface PeopleOperationsProps {
  readonly config: Config;
  readonly authentication: Authentication;
  readonly functions: ReadonlyMap<string, PhiFunction>;
  readonly monitoring: Monitoring;
  readonly logsKey: IKey;
}

/** 45 CFR 164.308(a)(5)(ii)(C), (a)(4)(ii)(C): every sign-in is evidence, and everybody's access is reviewed each quarter. */
export class PeopleOperations extends Construct {
  constructor(
    scope: Construct,
    id: string,
    private readonly props: PeopleOperationsProps,
  ) {
    super(scope, id);
    const { authentication } = props;
    authentication.pool.addTrigger(UserPoolOperation.POST_AUTHENTICATION, this.#function('post-authentication'));
    this.#userActivity();
    this.#reviews();
  }

  #function(name: FunctionName): PhiFunction {
    const found = this.props.functions.get(name);
    if (!found) throw new Error(`lib/functions.ts declares no ${name}`);
    return found;
  }

  /** What no trigger sees, failures, challenges and risk: the PLUS tier exports it to a log group, line by line. */
  #userActivity(): void {
    const { config, authentication, logsKey } = this.props;
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
      destination: new LambdaDestination(this.#function('sign-in-log')),
      filterPattern: FilterPattern.allEvents(),
    });
  }

  #reviews(): void {
    const { config, monitoring } = this.props;
    const name = 'people-sweep' satisfies FunctionName;
    new FunctionSchedule(this, name, { config, target: this.#function(name), every: Duration.hours(1), monitoring });
    monitoring.alarm('OverdueAccessReviews', {
      heading: 'Overdue access reviews',
      metric: new Metric({
        namespace: 'Ward',
        metricName: 'OverdueAccessReviews',
        dimensionsMap: { stage: config.stage },
        statistic: 'Maximum',
        period: Duration.hours(3),
      }),
      threshold: 0,
      silence: 'bad',
    });
  }
}
