import { ArnFormat, Stack } from 'aws-cdk-lib';
import { CfnResourcePolicy } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

export interface LogDeliveryProps {
  /** of the group that a service of AWS writes into; a token where CloudFormation names it */
  readonly logGroupName: string;
  readonly policyName: string;
  readonly sid: string;
}

export interface LogDelivery {
  /** without the `:*` that CloudFormation's own attribute ends in, as the services want it */
  readonly logGroupArn: string;
  /** whatever starts the delivery depends on it */
  readonly policy: CfnResourcePolicy;
}

/**
 * Lets AWS deliver logs of this account into one group. Cognito and the WAF would write such a policy themselves, over
 * whatever else is in it, with the rights of whoever deploys.
 */
export function deliverLogs(scope: Construct, { logGroupName, policyName, sid }: LogDeliveryProps): LogDelivery {
  const stack = Stack.of(scope);
  const { account, region } = stack;
  const logGroupArn = stack.formatArn({
    service: 'logs',
    resource: 'log-group',
    resourceName: logGroupName,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
  const policy = new CfnResourcePolicy(scope, 'Delivery', {
    policyName,
    policyDocument: stack.toJsonString({
      Version: '2012-10-17',
      Statement: [
        {
          Sid: sid,
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
  return { logGroupArn, policy };
}
