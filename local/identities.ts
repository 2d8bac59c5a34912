import { createHash } from 'node:crypto';
import { isObject, type Json } from './intrinsics';

/** What an identity may be made of. `property` gives a resolved property, or undefined where the template has none. */
export interface Unnamed {
  readonly type: string;
  readonly stack: string;
  readonly id: string;
  readonly account: string;
  readonly region: string;
  readonly property: (name: string) => Json | undefined;
}

/** What `Ref` gives under the key `Ref`, and each attribute of `Fn::GetAtt` under its own name. */
export type Identity = Readonly<Record<string, string>>;

/**
 * A resource's names on the laptop: the template's own name where it gives one, else one made of stack and logical id, so
 * that a table or key keeps its name, and with it its data, from one start to the next.
 * @throws Error naming a type that is not in the table
 */
export function identityOf(resource: Unnamed): Identity {
  const rule = Object.hasOwn(rules, resource.type) ? rules[resource.type] : undefined;
  if (!rule) throw new Error(`${resource.stack}: ${resource.id} is an ${resource.type}, which is not emulated`);
  return rule(resource);
}

type Rule = (resource: Unnamed) => Identity;

const text = (resource: Unnamed, name: string): string | undefined => {
  const value = resource.property(name);
  return typeof value === 'string' ? value : undefined;
};

const digest = ({ stack, id, type }: Unnamed): string =>
  createHash('sha256')
    .update(JSON.stringify([type, stack, id]))
    .digest('hex');

/** `<stack>-<logical id>`; one that is too long for its service keeps its beginning and ends in a hash, as in CloudFormation. */
function name(resource: Unnamed, property: string, limit = 255): string {
  const given = text(resource, property);
  if (given !== undefined) return given;
  const whole = `${resource.stack}-${resource.id}`;
  return whole.length <= limit ? whole : `${whole.slice(0, limit - 9)}-${digest(resource).slice(0, 8)}`;
}

function uuid(resource: Unnamed): string {
  const hex = digest(resource);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}

const arn = (service: string, { region, account }: Unnamed, resource: string): string =>
  `arn:aws:${service}:${region}:${account}:${resource}`;

const hashed: Rule = (resource) => ({ Ref: digest(resource).slice(0, 10) });

function keyId(resource: Unnamed): string {
  return resource.property('MultiRegion') === true ? `mrk-${digest(resource).slice(0, 32)}` : uuid(resource);
}

const table: Rule = (resource) => {
  const Ref = name(resource, 'TableName');
  const Arn = arn('dynamodb', resource, `table/${Ref}`);
  return { Ref, Arn, TableId: uuid(resource), StreamArn: `${Arn}/stream/1970-01-01T00:00:00.000` };
};

function simple(property: string, attribute: (resource: Unnamed, name: string) => Record<string, string>): Rule {
  return (resource) => {
    const Ref = name(resource, property);
    return { Ref, ...attribute(resource, Ref) };
  };
}

/** A network is not emulated, but functions that are in one refer to it. */
const network = (prefix: string, ...attributes: readonly string[]): Rule => {
  return (resource) => {
    const Ref = `${prefix}-${digest(resource).slice(0, 17)}`;
    return { Ref, ...Object.fromEntries(attributes.map((attribute) => [attribute, Ref])) };
  };
};

const rules: Readonly<Record<string, Rule>> = {
  'AWS::ApiGateway::Account': hashed,
  'AWS::ApiGateway::Authorizer': (resource) => ({ ...hashed(resource), AuthorizerId: digest(resource).slice(0, 10) }),
  'AWS::ApiGateway::BasePathMapping': hashed,
  'AWS::ApiGateway::BasePathMappingV2': hashed,
  'AWS::ApiGateway::Deployment': (resource) => ({ ...hashed(resource), DeploymentId: digest(resource).slice(0, 10) }),
  'AWS::ApiGateway::DomainName': simple('DomainName', (resource) => ({
    RegionalDomainName: `d-${digest(resource).slice(0, 10)}.execute-api.${resource.region}.amazonaws.com`,
    RegionalHostedZoneId: 'Z1UJRXOUMOOFQ8',
  })),
  'AWS::ApiGateway::GatewayResponse': hashed,
  'AWS::ApiGateway::Method': hashed,
  'AWS::ApiGateway::Model': simple('Name', () => ({})),
  'AWS::ApiGateway::RequestValidator': (resource) => ({
    ...hashed(resource),
    RequestValidatorId: digest(resource).slice(0, 10),
  }),
  'AWS::ApiGateway::Resource': (resource) => ({ ...hashed(resource), ResourceId: digest(resource).slice(0, 10) }),
  'AWS::ApiGateway::RestApi': (resource) => ({
    Ref: digest(resource).slice(0, 10),
    RestApiId: digest(resource).slice(0, 10),
    RootResourceId: digest(resource).slice(10, 20),
  }),
  'AWS::ApiGateway::Stage': simple('StageName', () => ({})),
  'AWS::Athena::NamedQuery': (resource) => ({ Ref: uuid(resource), NamedQueryId: uuid(resource) }),
  'AWS::Athena::WorkGroup': simple('Name', () => ({})),
  'AWS::Backup::BackupPlan': (resource) => ({
    Ref: uuid(resource),
    BackupPlanId: uuid(resource),
    BackupPlanArn: arn('backup', resource, `backup-plan:${uuid(resource)}`),
  }),
  'AWS::Backup::BackupSelection': hashed,
  'AWS::Backup::BackupVault': simple('BackupVaultName', (resource, Ref) => ({
    BackupVaultName: Ref,
    BackupVaultArn: arn('backup', resource, `backup-vault:${Ref}`),
  })),
  'AWS::Backup::RestoreTestingPlan': simple('RestoreTestingPlanName', (resource, Ref) => ({
    RestoreTestingPlanArn: arn('backup', resource, `restore-testing-plan:${Ref}`),
  })),
  'AWS::Backup::RestoreTestingSelection': simple('RestoreTestingSelectionName', () => ({})),
  'AWS::CDK::Metadata': hashed,
  'AWS::CertificateManager::Certificate': (resource) => ({
    Ref: arn('acm', resource, `certificate/${uuid(resource)}`),
  }),
  'AWS::CloudTrail::Trail': simple('TrailName', (resource, Ref) => ({
    Arn: arn('cloudtrail', resource, `trail/${Ref}`),
  })),
  'AWS::CloudWatch::Alarm': simple('AlarmName', (resource, Ref) => ({
    Arn: arn('cloudwatch', resource, `alarm:${Ref}`),
  })),
  'AWS::CloudWatch::CompositeAlarm': simple('AlarmName', (resource, Ref) => ({
    Arn: arn('cloudwatch', resource, `alarm:${Ref}`),
  })),
  'AWS::CloudWatch::Dashboard': simple('DashboardName', () => ({})),
  'AWS::CodeDeploy::Application': simple('ApplicationName', () => ({})),
  'AWS::CodeDeploy::DeploymentGroup': simple('DeploymentGroupName', () => ({})),
  'AWS::Cognito::LogDeliveryConfiguration': hashed,
  'AWS::Cognito::UserPool': (resource) => {
    const Ref = `${resource.region}_${digest(resource).slice(0, 9)}`;
    const ProviderName = `cognito-idp.${resource.region}.amazonaws.com/${Ref}`;
    return {
      Ref,
      UserPoolId: Ref,
      Arn: arn('cognito-idp', resource, `userpool/${Ref}`),
      ProviderName,
      ProviderURL: `https://${ProviderName}`,
    };
  },
  'AWS::Cognito::UserPoolClient': (resource) => ({
    Ref: digest(resource).slice(0, 26),
    ClientId: digest(resource).slice(0, 26),
  }),
  'AWS::Cognito::UserPoolDomain': simple('Domain', () => ({})),
  'AWS::Cognito::UserPoolGroup': simple('GroupName', () => ({})),
  'AWS::Cognito::UserPoolResourceServer': simple('Identifier', () => ({})),
  'AWS::Cognito::UserPoolRiskConfigurationAttachment': hashed,
  'AWS::DynamoDB::GlobalTable': table,
  'AWS::DynamoDB::Table': table,
  'AWS::EC2::FlowLog': network('fl', 'Id'),
  'AWS::EC2::InternetGateway': network('igw', 'InternetGatewayId'),
  'AWS::EC2::Route': hashed,
  'AWS::EC2::RouteTable': network('rtb', 'RouteTableId'),
  'AWS::EC2::SecurityGroup': network('sg', 'GroupId', 'Id'),
  'AWS::EC2::SecurityGroupEgress': network('sgr', 'Id'),
  'AWS::EC2::SecurityGroupIngress': network('sgr', 'Id'),
  'AWS::EC2::Subnet': network('subnet', 'SubnetId'),
  'AWS::EC2::SubnetRouteTableAssociation': network('rtbassoc', 'Id'),
  'AWS::EC2::VPC': (resource) => ({
    ...network('vpc', 'VpcId')(resource),
    CidrBlock: text(resource, 'CidrBlock') ?? '10.0.0.0/16',
    DefaultSecurityGroup: `sg-${digest(resource).slice(17, 34)}`,
  }),
  'AWS::EC2::VPCEndpoint': network('vpce', 'Id'),
  'AWS::EC2::VPCGatewayAttachment': hashed,
  'AWS::Events::EventBus': simple('Name', (resource, Ref) => ({
    Arn: arn('events', resource, `event-bus/${Ref}`),
    Name: Ref,
  })),
  'AWS::Events::Rule': simple('Name', (resource, Ref) => ({ Arn: arn('events', resource, `rule/${Ref}`) })),
  'AWS::Glue::Database': (resource) => {
    const input = resource.property('DatabaseInput');
    const given = isObject(input) ? input['Name'] : undefined;
    return { Ref: typeof given === 'string' ? given : name(resource, 'DatabaseName').toLowerCase() };
  },
  'AWS::Glue::Table': (resource) => {
    const input = resource.property('TableInput');
    const given = isObject(input) ? input['Name'] : undefined;
    return { Ref: typeof given === 'string' ? given : name(resource, 'Name').toLowerCase() };
  },
  'AWS::IAM::ManagedPolicy': (resource) => {
    const path = text(resource, 'Path') ?? '/';
    const Ref = `arn:aws:iam::${resource.account}:policy${path}${name(resource, 'ManagedPolicyName', 128)}`;
    return { Ref, PolicyArn: Ref };
  },
  'AWS::IAM::Policy': simple('PolicyName', () => ({})),
  'AWS::IAM::Role': (resource) => {
    const Ref = name(resource, 'RoleName', 64);
    const path = text(resource, 'Path') ?? '/';
    return {
      Ref,
      Arn: `arn:aws:iam::${resource.account}:role${path}${Ref}`,
      RoleId: `AROA${digest(resource).slice(0, 17).toUpperCase()}`,
    };
  },
  'AWS::KMS::Alias': simple('AliasName', () => ({})),
  'AWS::KMS::Key': (resource) => ({
    Ref: keyId(resource),
    KeyId: keyId(resource),
    Arn: arn('kms', resource, `key/${keyId(resource)}`),
  }),
  'AWS::KMS::ReplicaKey': (resource) => {
    const Ref = text(resource, 'PrimaryKeyArn')?.split('/').at(-1) ?? '';
    return { Ref, KeyId: Ref, Arn: arn('kms', resource, `key/${Ref}`) };
  },
  'AWS::Lambda::Alias': (resource) => {
    const Ref = `${functionArn(resource)}:${text(resource, 'Name') ?? ''}`;
    return { Ref, AliasArn: Ref };
  },
  'AWS::Lambda::EventInvokeConfig': hashed,
  'AWS::Lambda::EventSourceMapping': (resource) => ({ Ref: uuid(resource), Id: uuid(resource) }),
  'AWS::Lambda::Function': simple('FunctionName', (resource, Ref) => ({
    Arn: arn('lambda', resource, `function:${Ref}`),
  })),
  'AWS::Lambda::Permission': (resource) => ({ Ref: resource.id, Id: resource.id }),
  'AWS::Lambda::Version': (resource) => {
    const Ref = `${functionArn(resource)}:1`;
    return { Ref, FunctionArn: Ref, Version: '1' };
  },
  'AWS::Logs::LogGroup': simple('LogGroupName', (resource, Ref) => ({
    Arn: arn('logs', resource, `log-group:${Ref}:*`),
  })),
  'AWS::Logs::MetricFilter': simple('FilterName', () => ({})),
  'AWS::Logs::QueryDefinition': (resource) => ({ Ref: uuid(resource), QueryDefinitionId: uuid(resource) }),
  'AWS::Logs::ResourcePolicy': simple('PolicyName', () => ({})),
  'AWS::Logs::SubscriptionFilter': simple('FilterName', () => ({})),
  'AWS::Route53::HostedZone': (resource) => ({ Ref: `Z${digest(resource).slice(0, 13).toUpperCase()}` }),
  'AWS::Route53::RecordSet': simple('Name', () => ({})),
  'AWS::Route53Resolver::FirewallConfig': network('rslvr-fc', 'Id'),
  'AWS::Route53Resolver::FirewallDomainList': network('rslvr-fdl', 'Id'),
  'AWS::Route53Resolver::FirewallRuleGroup': network('rslvr-frg', 'Id'),
  'AWS::Route53Resolver::FirewallRuleGroupAssociation': network('rslvr-frgassoc', 'Id'),
  'AWS::Route53Resolver::ResolverQueryLoggingConfig': network('rqlc', 'Id'),
  'AWS::Route53Resolver::ResolverQueryLoggingConfigAssociation': network('rqlca', 'Id'),
  'AWS::S3::Bucket': (resource) => {
    const Ref = name(resource, 'BucketName', 63).toLowerCase();
    return {
      Ref,
      Arn: `arn:aws:s3:::${Ref}`,
      DomainName: `${Ref}.s3.amazonaws.com`,
      RegionalDomainName: `${Ref}.s3.${resource.region}.amazonaws.com`,
    };
  },
  'AWS::S3::BucketPolicy': simple('Bucket', () => ({})),
  'AWS::SES::ConfigurationSet': simple('Name', () => ({})),
  'AWS::SES::ConfigurationSetEventDestination': (resource) => ({
    ...hashed(resource),
    Id: digest(resource).slice(0, 10),
  }),
  'AWS::SES::EmailIdentity': simple('EmailIdentity', () => ({})),
  'AWS::SNS::Subscription': (resource) => ({ Ref: `${text(resource, 'TopicArn') ?? ''}:${uuid(resource)}` }),
  'AWS::SNS::Topic': (resource) => {
    const TopicName = name(resource, 'TopicName');
    const Ref = arn('sns', resource, TopicName);
    return { Ref, TopicArn: Ref, TopicName };
  },
  'AWS::SNS::TopicPolicy': (resource) => ({ ...hashed(resource), Id: digest(resource).slice(0, 10) }),
  'AWS::SQS::Queue': (resource) => {
    const QueueName = name(resource, 'QueueName', 80);
    const Ref = `https://sqs.${resource.region}.amazonaws.com/${resource.account}/${QueueName}`;
    return { Ref, QueueUrl: Ref, QueueName, Arn: arn('sqs', resource, QueueName) };
  },
  'AWS::SQS::QueuePolicy': (resource) => ({ ...hashed(resource), Id: digest(resource).slice(0, 10) }),
  'AWS::SSM::Parameter': simple('Name', (resource) => ({
    Type: text(resource, 'Type') ?? 'String',
    Value: text(resource, 'Value') ?? '',
  })),
  'AWS::Scheduler::Schedule': simple('Name', (resource, Ref) => ({
    Arn: arn('scheduler', resource, `schedule/${text(resource, 'GroupName') ?? 'default'}/${Ref}`),
  })),
  'AWS::Scheduler::ScheduleGroup': simple('Name', (resource, Ref) => ({
    Arn: arn('scheduler', resource, `schedule-group/${Ref}`),
  })),
  'AWS::WAFv2::LoggingConfiguration': simple('ResourceArn', () => ({})),
  'AWS::WAFv2::WebACL': (resource) => {
    const Name = name(resource, 'Name');
    const scope = text(resource, 'Scope') === 'CLOUDFRONT' ? 'global' : 'regional';
    const Arn = arn('wafv2', resource, `${scope}/webacl/${Name}/${uuid(resource)}`);
    return { Ref: `${Name}|${uuid(resource)}|${scope.toUpperCase()}`, Arn, Id: uuid(resource) };
  },
  'AWS::WAFv2::WebACLAssociation': hashed,
};

function functionArn(resource: Unnamed): string {
  const named = text(resource, 'FunctionName') ?? '';
  return named.startsWith('arn:') ? named : arn('lambda', resource, `function:${named}`);
}
