import type { Duration } from 'aws-cdk-lib';
import { Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnSchedule, ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import type { Config } from './config';
import { roleName } from './functions';
import { type Monitoring, sendsTo } from './monitoring';
import { OwnRole } from './own-role';
import type { PhiFunction } from './phi-function';

export interface FunctionScheduleProps {
  readonly config: Config;
  readonly target: PhiFunction;
  /** minutes or more */
  readonly every: Duration;
  readonly monitoring: Monitoring;
}

/** Starts a function again and again, under a role that may start this function alone. What cannot be started is a dead letter. */
export class FunctionSchedule extends Construct {
  readonly target: PhiFunction;
  /** what AWS calls its role where it gives no name */
  readonly roleId: string;

  constructor(scope: Construct, id: string, { config, target, every, monitoring }: FunctionScheduleProps) {
    super(scope, id);
    const role = new OwnRole(this, 'Role', {
      roleName: roleName(config.stage, `start-${id}`),
      description: `Ward ${config.stage}: starts ${id}`,
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    });
    role.addToPolicy(new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [target.functionArn] }));
    for (const statement of sendsTo(monitoring.failures)) role.addToPolicy(statement);
    const schedule = new CfnSchedule(this, 'Schedule', {
      description: `Ward ${config.stage}: ${id}`,
      scheduleExpression: ScheduleExpression.rate(every).expressionString,
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: target.functionArn,
        roleArn: role.roleArn,
        deadLetterConfig: { arn: monitoring.failures.queueArn },
        retryPolicy: { maximumEventAgeInSeconds: 3600, maximumRetryAttempts: 2 },
      },
    });
    schedule.node.addDependency(role);
    this.target = target;
    this.roleId = role.roleId;
  }
}
