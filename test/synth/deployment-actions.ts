/** A resource that a call is on, and the calls. */
type Calls = readonly [resource: string, actions: readonly string[]];

const region = 'us-east-1';
const account = '123456789012';
const arn = (service: string, resource: string): string => `arn:aws:${service}:${region}:${account}:${resource}`;
const calls = (service: string, resource: string, actions: string): Calls => [
  resource,
  actions.split(' ').map((action) => `${service}:${action}`),
];
export const deployedKey = arn('kms', 'key/1');
export const deployedAlias = arn('kms', 'alias/ward-prod-replica');
const role = `arn:aws:iam::${account}:role/ward-prod-patients`;
const pass = calls('iam', role, 'PassRole');
const serviceLinked = calls('iam', `arn:aws:iam::${account}:role/aws-service-role/a/b`, 'CreateServiceLinkedRole');
const rest = calls('apigateway', arn('apigateway', '/restapis/1'), 'POST GET PATCH PUT DELETE');
const ec2 = (actions: string) => calls('ec2', '*', actions);
const wafv2 = (actions: string) => calls('wafv2', '*', actions);
const pool = (actions: string) => calls('cognito-idp', arn('cognito-idp', 'userpool/1'), actions);
const backup = (actions: string) => calls('backup', arn('backup', 'x'), actions);
const logs = (actions: string) => calls('logs', '*', actions);
const lambda = (actions: string) => calls('lambda', arn('lambda', 'function:ward-prod-patients'), actions);
const resolver = (actions: string) => calls('route53resolver', '*', actions);
const rolePolicies = calls('iam', role, 'PutRolePolicy GetRolePolicy DeleteRolePolicy');

/**
 * What CloudFormation calls to create, read, update and delete each type of the templates, as the schemas of the types and the
 * service authorization reference have it. Left out: deleting keys, which are retained and which nobody who deploys may end.
 */
export const deploymentActions: Readonly<Record<string, readonly Calls[]>> = {
  'AWS::ApiGateway::Account': [rest, pass],
  'AWS::ApiGateway::Authorizer': [rest],
  'AWS::ApiGateway::BasePathMapping': [rest],
  'AWS::ApiGateway::Deployment': [rest],
  'AWS::ApiGateway::DomainName': [rest, calls('acm', '*', 'DescribeCertificate')],
  'AWS::ApiGateway::GatewayResponse': [rest],
  'AWS::ApiGateway::Method': [rest],
  'AWS::ApiGateway::Model': [rest],
  'AWS::ApiGateway::RequestValidator': [rest],
  'AWS::ApiGateway::Resource': [rest],
  'AWS::ApiGateway::RestApi': [rest],
  'AWS::ApiGateway::Stage': [rest, logs('CreateLogDelivery DescribeLogGroups PutResourcePolicy')],
  'AWS::Athena::NamedQuery': [calls('athena', '*', 'CreateNamedQuery GetNamedQuery DeleteNamedQuery')],
  'AWS::Athena::WorkGroup': [calls('athena', '*', 'CreateWorkGroup GetWorkGroup UpdateWorkGroup DeleteWorkGroup')],
  'AWS::Backup::BackupPlan': [backup('CreateBackupPlan GetBackupPlan UpdateBackupPlan DeleteBackupPlan')],
  'AWS::Backup::BackupSelection': [
    backup('CreateBackupSelection GetBackupSelection DeleteBackupSelection'),
    pass,
    serviceLinked,
  ],
  'AWS::Backup::BackupVault': [
    backup('CreateBackupVault DescribeBackupVault DeleteBackupVault PutBackupVaultAccessPolicy'),
    backup('PutBackupVaultLockConfiguration GetBackupVaultAccessPolicy TagResource'),
    calls('backup-storage', '*', 'Mount MountCapsule'),
    calls('kms', deployedKey, 'CreateGrant GenerateDataKey Decrypt RetireGrant DescribeKey'),
  ],
  'AWS::Backup::RestoreTestingPlan': [
    backup('CreateRestoreTestingPlan GetRestoreTestingPlan UpdateRestoreTestingPlan DeleteRestoreTestingPlan'),
  ],
  'AWS::Backup::RestoreTestingSelection': [
    backup('CreateRestoreTestingSelection GetRestoreTestingSelection UpdateRestoreTestingSelection'),
    backup('DeleteRestoreTestingSelection'),
    pass,
  ],
  'AWS::CloudTrail::Trail': [
    calls('cloudtrail', '*', 'CreateTrail StartLogging StopLogging UpdateTrail PutEventSelectors AddTags DeleteTrail'),
    calls('cloudtrail', '*', 'GetTrail GetTrailStatus GetEventSelectors DescribeTrails ListTags'),
    serviceLinked,
  ],
  'AWS::CloudWatch::Alarm': [calls('cloudwatch', '*', 'PutMetricAlarm DescribeAlarms DeleteAlarms TagResource')],
  'AWS::CloudWatch::Dashboard': [calls('cloudwatch', '*', 'PutDashboard GetDashboard DeleteDashboards')],
  'AWS::CodeDeploy::Application': [
    calls('codedeploy', '*', 'CreateApplication GetApplication UpdateApplication DeleteApplication'),
  ],
  'AWS::CodeDeploy::DeploymentGroup': [
    calls('codedeploy', '*', 'CreateDeploymentGroup GetDeploymentGroup UpdateDeploymentGroup DeleteDeploymentGroup'),
    pass,
  ],
  'AWS::Cognito::LogDeliveryConfiguration': [
    pool('SetLogDeliveryConfiguration GetLogDeliveryConfiguration'),
    logs('CreateLogDelivery GetLogDelivery UpdateLogDelivery DeleteLogDelivery PutResourcePolicy'),
  ],
  'AWS::Cognito::UserPool': [
    pool('CreateUserPool DescribeUserPool UpdateUserPool DeleteUserPool SetUserPoolMfaConfig TagResource'),
    serviceLinked,
  ],
  'AWS::Cognito::UserPoolClient': [
    pool('CreateUserPoolClient DescribeUserPoolClient UpdateUserPoolClient DeleteUserPoolClient'),
  ],
  'AWS::Cognito::UserPoolResourceServer': [
    pool('CreateResourceServer DescribeResourceServer UpdateResourceServer DeleteResourceServer'),
  ],
  'AWS::Cognito::UserPoolRiskConfigurationAttachment': [pool('SetRiskConfiguration DescribeRiskConfiguration')],
  'AWS::DynamoDB::GlobalTable': [
    calls(
      'dynamodb',
      arn('dynamodb', 'table/ward-prod-data-AuditA4B1C2D3-1A2B3C'),
      'CreateTable DescribeTable UpdateTable DeleteTable UpdateContinuousBackups UpdateTimeToLive PutResourcePolicy TagResource',
    ),
    calls('kms', deployedKey, 'CreateGrant Decrypt DescribeKey Encrypt GenerateDataKey ReEncryptFrom ReEncryptTo'),
    serviceLinked,
  ],
  'AWS::EC2::FlowLog': [
    ec2('CreateFlowLogs DescribeFlowLogs DeleteFlowLogs CreateTags'),
    logs('CreateLogDelivery DeleteLogDelivery'),
    pass,
  ],
  'AWS::EC2::RouteTable': [ec2('CreateRouteTable DescribeRouteTables DeleteRouteTable CreateTags')],
  'AWS::EC2::SecurityGroup': [
    ec2('CreateSecurityGroup DescribeSecurityGroups DeleteSecurityGroup RevokeSecurityGroupEgress CreateTags'),
  ],
  'AWS::EC2::SecurityGroupEgress': [ec2('AuthorizeSecurityGroupEgress RevokeSecurityGroupEgress')],
  'AWS::EC2::SecurityGroupIngress': [ec2('AuthorizeSecurityGroupIngress RevokeSecurityGroupIngress')],
  'AWS::EC2::Subnet': [ec2('CreateSubnet DescribeSubnets ModifySubnetAttribute DeleteSubnet CreateTags')],
  'AWS::EC2::SubnetRouteTableAssociation': [ec2('AssociateRouteTable DisassociateRouteTable')],
  'AWS::EC2::VPC': [ec2('CreateVpc DescribeVpcs ModifyVpcAttribute DeleteVpc CreateTags')],
  'AWS::EC2::VPCEndpoint': [
    ec2('CreateVpcEndpoint DescribeVpcEndpoints ModifyVpcEndpoint DeleteVpcEndpoints CreateTags'),
    // private DNS
    calls('route53', '*', 'AssociateVPCWithHostedZone'),
  ],
  'AWS::Events::EventBusPolicy': [calls('events', '*', 'PutPermission DescribeEventBus RemovePermission')],
  'AWS::Events::Rule': [
    calls('events', '*', 'PutRule DescribeRule PutTargets ListTargetsByRule RemoveTargets DeleteRule TagResource'),
    pass,
  ],
  'AWS::Glue::Database': [calls('glue', '*', 'CreateDatabase GetDatabase UpdateDatabase DeleteDatabase')],
  'AWS::Glue::Table': [calls('glue', '*', 'CreateTable GetTable UpdateTable DeleteTable')],
  'AWS::GuardDuty::Detector': [
    calls('guardduty', '*', 'CreateDetector GetDetector UpdateDetector DeleteDetector TagResource'),
    serviceLinked,
  ],
  'AWS::IAM::ManagedPolicy': [
    calls('iam', role, 'AttachRolePolicy DetachRolePolicy'),
    calls(
      'iam',
      `arn:aws:iam::${account}:policy/ward-prod-network-NetworkConnectionE93EA02B-1A2B3C`,
      'CreatePolicy GetPolicy GetPolicyVersion CreatePolicyVersion ListPolicyVersions ListEntitiesForPolicy DeletePolicyVersion DeletePolicy',
    ),
  ],
  'AWS::IAM::Policy': [rolePolicies],
  'AWS::IAM::Role': [
    rolePolicies,
    calls('iam', role, 'CreateRole GetRole TagRole UntagRole AttachRolePolicy DetachRolePolicy DeleteRole'),
    calls('iam', role, 'ListAttachedRolePolicies ListRolePolicies PutRolePermissionsBoundary'),
    calls('iam', role, 'UpdateRole UpdateRoleDescription UpdateAssumeRolePolicy'),
  ],
  'AWS::KMS::Alias': [deployedAlias, deployedKey].map((resource) =>
    calls('kms', resource, 'CreateAlias UpdateAlias DeleteAlias'),
  ),
  'AWS::KMS::Key': [
    calls(
      'kms',
      deployedKey,
      'CreateKey DescribeKey EnableKeyRotation GetKeyPolicy GetKeyRotationStatus ListResourceTags',
    ),
    calls('kms', deployedKey, 'PutKeyPolicy TagResource UntagResource UpdateKeyDescription'),
  ],
  'AWS::KMS::ReplicaKey': [calls('kms', deployedKey, 'ReplicateKey CreateKey DescribeKey PutKeyPolicy TagResource')],
  'AWS::Lambda::Alias': [
    lambda('CreateAlias GetAlias UpdateAlias DeleteAlias'),
    calls('codedeploy', '*', 'CreateDeployment GetDeployment GetDeploymentConfig RegisterApplicationRevision'),
  ],
  'AWS::Lambda::EventInvokeConfig': [
    lambda('PutFunctionEventInvokeConfig GetFunctionEventInvokeConfig UpdateFunctionEventInvokeConfig'),
    lambda('DeleteFunctionEventInvokeConfig'),
  ],
  'AWS::Lambda::EventSourceMapping': [
    lambda('CreateEventSourceMapping GetEventSourceMapping UpdateEventSourceMapping DeleteEventSourceMapping'),
  ],
  'AWS::Lambda::Function': [
    lambda('CreateFunction GetFunction UpdateFunctionCode UpdateFunctionConfiguration DeleteFunction TagResource'),
    lambda('PutFunctionConcurrency'),
    calls('s3', 'arn:aws:s3:::cdk-hnb659fds-assets-123456789012-us-east-1/bundle.zip', 'GetObject'),
    ec2('DescribeSecurityGroups DescribeSubnets DescribeVpcs'),
    pass,
  ],
  'AWS::Lambda::Permission': [lambda('AddPermission GetPolicy RemovePermission')],
  'AWS::Lambda::Version': [lambda('PublishVersion ListVersionsByFunction DeleteFunction')],
  'AWS::Logs::LogGroup': [
    logs('CreateLogGroup DescribeLogGroups DeleteLogGroup PutRetentionPolicy AssociateKmsKey TagResource'),
    logs('PutDataProtectionPolicy GetDataProtectionPolicy CreateLogDelivery'),
  ],
  'AWS::Logs::ResourcePolicy': [logs('PutResourcePolicy DescribeResourcePolicies DeleteResourcePolicy')],
  'AWS::Logs::SubscriptionFilter': [logs('PutSubscriptionFilter DescribeSubscriptionFilters DeleteSubscriptionFilter')],
  'AWS::Route53Resolver::FirewallConfig': [resolver('UpdateFirewallConfig GetFirewallConfig'), ec2('DescribeVpcs')],
  'AWS::Route53Resolver::FirewallDomainList': [
    resolver('CreateFirewallDomainList GetFirewallDomainList ListFirewallDomains UpdateFirewallDomains'),
    resolver('DeleteFirewallDomainList TagResource'),
  ],
  'AWS::Route53Resolver::FirewallRuleGroup': [
    resolver('CreateFirewallRuleGroup GetFirewallRuleGroup CreateFirewallRule ListFirewallRules UpdateFirewallRule'),
    resolver('DeleteFirewallRule DeleteFirewallRuleGroup TagResource'),
  ],
  'AWS::Route53Resolver::FirewallRuleGroupAssociation': [
    resolver('AssociateFirewallRuleGroup GetFirewallRuleGroupAssociation UpdateFirewallRuleGroupAssociation'),
    resolver('DisassociateFirewallRuleGroup'),
    ec2('DescribeVpcs'),
  ],
  'AWS::Route53Resolver::ResolverQueryLoggingConfig': [
    resolver('CreateResolverQueryLogConfig GetResolverQueryLogConfig DeleteResolverQueryLogConfig'),
    logs('CreateLogDelivery GetLogDelivery DeleteLogDelivery ListLogDeliveries DescribeLogGroups PutResourcePolicy'),
    logs('DescribeResourcePolicies'),
  ],
  'AWS::Route53Resolver::ResolverQueryLoggingConfigAssociation': [
    resolver('AssociateResolverQueryLogConfig GetResolverQueryLogConfigAssociation DisassociateResolverQueryLogConfig'),
    ec2('DescribeVpcs'),
  ],
  'AWS::S3::Bucket': [
    calls(
      's3',
      'arn:aws:s3:::ward-prod-archive-bucket83908e77-1a2b3c',
      'CreateBucket PutBucketObjectLockConfiguration PutBucketVersioning PutEncryptionConfiguration PutBucketPublicAccessBlock',
    ),
    calls(
      's3',
      'arn:aws:s3:::ward-prod-archive-bucket83908e77-1a2b3c',
      'PutLifecycleConfiguration PutReplicationConfiguration PutBucketTagging PutBucketOwnershipControls DeleteBucket',
    ),
    pass,
  ],
  'AWS::S3::BucketPolicy': [
    calls(
      's3',
      'arn:aws:s3:::ward-prod-archive-bucket83908e77-1a2b3c',
      'PutBucketPolicy GetBucketPolicy DeleteBucketPolicy',
    ),
  ],
  'AWS::SNS::Topic': [calls('sns', '*', 'CreateTopic GetTopicAttributes SetTopicAttributes TagResource DeleteTopic')],
  'AWS::SNS::TopicPolicy': [calls('sns', '*', 'SetTopicAttributes')],
  'AWS::SQS::Queue': [calls('sqs', '*', 'CreateQueue GetQueueAttributes SetQueueAttributes TagQueue DeleteQueue')],
  'AWS::SQS::QueuePolicy': [calls('sqs', '*', 'SetQueueAttributes')],
  'AWS::Scheduler::Schedule': [
    calls('scheduler', '*', 'CreateSchedule GetSchedule UpdateSchedule DeleteSchedule'),
    pass,
  ],
  'AWS::SecurityHub::Hub': [
    calls('securityhub', '*', 'EnableSecurityHub DescribeHub UpdateSecurityHubConfiguration DisableSecurityHub'),
    serviceLinked,
  ],
  'AWS::SecurityHub::Standard': [
    calls('securityhub', '*', 'BatchEnableStandards GetEnabledStandards BatchDisableStandards'),
  ],
  'AWS::WAFv2::LoggingConfiguration': [
    wafv2('PutLoggingConfiguration GetLoggingConfiguration DeleteLoggingConfiguration'),
    logs('CreateLogDelivery DeleteLogDelivery PutResourcePolicy DescribeResourcePolicies DescribeLogGroups'),
    serviceLinked,
  ],
  'AWS::WAFv2::WebACL': [wafv2('CreateWebACL GetWebACL UpdateWebACL DeleteWebACL TagResource')],
  'AWS::WAFv2::WebACLAssociation': [
    wafv2('AssociateWebACL GetWebACLForResource DisassociateWebACL'),
    calls('apigateway', arn('apigateway', '/restapis/1/stages/prod'), 'SetWebACL'),
  ],
};
