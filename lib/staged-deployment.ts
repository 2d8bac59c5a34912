import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { LambdaApplication, LambdaDeploymentConfig, LambdaDeploymentGroup } from 'aws-cdk-lib/aws-codedeploy';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Alias, type Version } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledgements';
import type { Config } from './config';
import type { Monitoring } from './monitoring';
import { OwnRole } from './own-role';
import type { PhiFunction } from './phi-function';
import type { WardFunctions } from './ward-functions';

export interface StagedDeploymentProps {
  readonly config: Config;
  readonly functions: WardFunctions;
  readonly monitoring: Monitoring;
}

/** the alias that the API calls */
export const live = 'live';
/** the name of a stage's API, by which its metrics are found */
export const apiName = (stage: string): string => `ward-${stage}`;
/** of five minutes: more than a patient's key that cannot be had for a moment, fewer than a version that does not work */
const mostServerErrors = 10;

/**
 * 45 CFR 164.308(a)(7)(ii)(C): a new version gets a tenth of the requests for five minutes, and none when requests fail.
 * A version that fails answers 5xx, whether it crashes or says so itself, so one alarm watches every function.
 */
export class StagedDeployment extends Construct {
  readonly live: ReadonlyMap<string, Alias>;

  constructor(scope: Construct, id: string, { config, functions, monitoring }: StagedDeploymentProps) {
    super(scope, id);
    const alarm = monitoring.alarm(this, 'ServerErrors', {
      heading: 'Server errors',
      metric: new Metric({
        namespace: 'AWS/ApiGateway',
        metricName: '5XXError',
        dimensionsMap: { ApiName: apiName(config.stage), Stage: config.stage },
        statistic: 'Sum',
        period: Duration.minutes(5),
      }),
      threshold: mostServerErrors,
      silence: 'good',
    });
    const application = new LambdaApplication(this, 'Application', { applicationName: `ward-${config.stage}` });
    const role = new OwnRole(this, 'Role', {
      description: `Ward ${config.stage}: moves the live alias of functions from one version to the next, and back`,
      assumedBy: new ServicePrincipal('codedeploy.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': config.account } },
      }),
    });
    this.#maySwitch(role);
    const steps =
      config.kind === 'production'
        ? LambdaDeploymentConfig.CANARY_10PERCENT_5MINUTES
        : LambdaDeploymentConfig.ALL_AT_ONCE;
    const aliases = new Map<string, Alias>();
    for (const [name, handler] of functions.byName()) {
      const alias = new Alias(this, name, { aliasName: live, version: versionOf(handler) });
      const group = new LambdaDeploymentGroup(this, `${name}-group`, {
        application,
        alias,
        role: role.withoutPolicyUpdates(),
        deploymentConfig: steps,
        alarms: [alarm],
        autoRollback: { failedDeployment: true, stoppedDeployment: true, deploymentInAlarm: true },
      });
      group.node.addDependency(role);
      aliases.set(name, alias);
    }
    this.live = aliases;
  }

  /** By the name that CloudFormation begins the stack's functions with: forty ARNs would not fit into a role's policy. */
  #maySwitch(role: OwnRole): void {
    const { stackName } = Stack.of(this);
    const functions = Stack.of(this).formatArn({
      service: 'lambda',
      resource: 'function',
      resourceName: `${stackName}-*`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    role.addToPolicy(
      new PolicyStatement({
        actions: ['lambda:GetAlias', 'lambda:GetProvisionedConcurrencyConfig', 'lambda:UpdateAlias'],
        resources: [functions],
      }),
    );
    role.addToPolicy(new PolicyStatement({ actions: ['cloudwatch:DescribeAlarms'], resources: ['*'] }));
    acknowledge(role, {
      [`AwsSolutions-IAM5[Resource::${functions}]`]:
        'CodeDeploy moves the aliases of the functions of this stack, whose names begin with the name of the stack',
      'AwsSolutions-IAM5[Resource::*]':
        'cloudwatch:DescribeAlarms takes no single alarm where the caller asks by several names: states of alarms alone',
    });
  }
}

/** Versions stay when the next one comes: a deployment that is taken back goes on with the one before. */
const versionOf = (handler: PhiFunction): Version => handler.currentVersion;
