/**
 * The services of Ward's resources that AWS lists as HIPAA eligible: under a business associate addendum they may hold or
 * carry PHI. Source: aws.amazon.com/compliance/hipaa-eligible-services-reference, to be read again before a deployment;
 * as known on 2026-11-23.
 */
const eligible: Readonly<Record<string, string>> = {
  ApiGateway: 'Amazon API Gateway',
  Athena: 'Amazon Athena',
  Backup: 'AWS Backup',
  CertificateManager: 'AWS Certificate Manager',
  CloudTrail: 'AWS CloudTrail',
  CloudWatch: 'Amazon CloudWatch',
  CodeDeploy: 'AWS CodeDeploy',
  Cognito: 'Amazon Cognito',
  DynamoDB: 'Amazon DynamoDB',
  EC2: 'Amazon VPC, of Amazon EC2',
  Events: 'Amazon EventBridge',
  Glue: 'AWS Glue',
  GuardDuty: 'Amazon GuardDuty',
  KMS: 'AWS Key Management Service',
  Lambda: 'AWS Lambda',
  Logs: 'Amazon CloudWatch Logs',
  Route53: 'Amazon Route 53',
  Route53Resolver: 'the Resolver of Amazon Route 53',
  S3: 'Amazon Simple Storage Service',
  SES: 'Amazon Simple Email Service',
  SNS: 'Amazon Simple Notification Service',
  SQS: 'Amazon Simple Queue Service',
  Scheduler: 'Amazon EventBridge Scheduler, of Amazon EventBridge',
  SecurityHub: 'AWS Security Hub',
  WAFv2: 'AWS WAF',
};

/** Services that hold settings, never PHI, and are outside of the list for that reason. */
const withoutPhi: Readonly<Record<string, string>> = {
  CDK: 'metadata of the templates themselves',
  IAM: 'roles and policies',
};

/** @param type of a resource, such as AWS::S3::Bucket @returns the service's name in AWS's list, or what it is for; undefined: it is on neither */
export function serviceOf(type: string): string | undefined {
  const service = type.split('::')[1] ?? '';
  if (type === 'Custom::CrossRegionExportReader' || type === 'Custom::CrossRegionExportWriter')
    return 'settings of stacks';
  return eligible[service] ?? withoutPhi[service];
}
