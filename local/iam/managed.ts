import type { Json } from '../intrinsics';

const allow = (...actions: string[]): Json => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }],
});

const logs = ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'];

/**
 * Policies that AWS keeps, by ARN. Those of services that do not run on the laptop are here without their statements, so that
 * a role made for such a service may do nothing here.
 */
const policies: Readonly<Record<string, Json>> = {
  'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole': allow(...logs),
  'arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole': allow(
    ...logs,
    'ec2:CreateNetworkInterface',
    'ec2:DescribeNetworkInterfaces',
    'ec2:DescribeSubnets',
    'ec2:DeleteNetworkInterface',
    'ec2:AssignPrivateIpAddresses',
    'ec2:UnassignPrivateIpAddresses',
  ),
  'arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess': allow(
    'xray:PutTraceSegments',
    'xray:PutTelemetryRecords',
    'xray:GetSamplingRules',
    'xray:GetSamplingTargets',
    'xray:GetSamplingStatisticSummaries',
  ),
  'arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs': allow(
    'logs:CreateLogGroup',
    'logs:CreateLogStream',
    'logs:DescribeLogGroups',
    'logs:DescribeLogStreams',
    'logs:PutLogEvents',
    'logs:GetLogEvents',
    'logs:FilterLogEvents',
  ),
  'arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup': nothing(),
  'arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForRestores': nothing(),
  'arn:aws:iam::aws:policy/AWSBackupServiceRolePolicyForS3Backup': nothing(),
  'arn:aws:iam::aws:policy/AWSBackupServiceRolePolicyForS3Restore': nothing(),
  'arn:aws:iam::aws:policy/service-role/AWS_ConfigRole': nothing(),
};

function nothing(): Json {
  return { Version: '2012-10-17', Statement: [] };
}

/** undefined for a policy that is not in the table */
export function managedPolicy(arn: string): Json | undefined {
  return Object.hasOwn(policies, arn) ? policies[arn] : undefined;
}
