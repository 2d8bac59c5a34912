import { ArnFormat, RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  CfnFlowLog,
  GatewayVpcEndpointAwsService,
  InterfaceVpcEndpointAwsService,
  IpAddresses,
  type ISecurityGroup,
  type IVpc,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { Effect, type IManagedPolicy, ManagedPolicy, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledgements';
import type { Config } from './config';
import { type CalledService, callsOf, type Reachable } from './endpoint-policies';
import { NameFirewall, neededNames } from './name-firewall';
import { OwnRole } from './own-role';

/** Where functions that handle PHI run. */
export interface PhiNetwork {
  readonly vpc: IVpc;
  readonly securityGroup: ISecurityGroup;
  /** what a role needs so that Lambda can put its function here */
  readonly connection: IManagedPolicy;
}

export interface NetworkProps extends Reachable {
  readonly config: Config;
  readonly logsKey: IKey;
}

const https = Port.tcp(443);
const addresses = '10.31.0.0/20';

/** A gateway is a route and costs nothing; of what has none, an interface is paid by the hour and zone. */
const endpoints = {
  dynamodb: GatewayVpcEndpointAwsService.DYNAMODB,
  s3: GatewayVpcEndpointAwsService.S3,
  kms: InterfaceVpcEndpointAwsService.KMS,
  logs: InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
  backup: InterfaceVpcEndpointAwsService.BACKUP,
  'cognito-idp': InterfaceVpcEndpointAwsService.COGNITO_IDP,
  ses: InterfaceVpcEndpointAwsService.EMAIL,
  sns: InterfaceVpcEndpointAwsService.SNS,
} as const satisfies Readonly<Record<CalledService, unknown>>;

/**
 * 45 CFR 164.312(a)(1), (e)(1): subnets without a way out. Its adversary is whoever runs code in a function, by a poisoned
 * dependency. There is no address to send PHI to but AWS services, which take calls on Ward's own resources alone, and no
 * name to look up but theirs. What is left is what Ward itself may send: functions that mail notices may mail anybody.
 */
export class Network extends Construct implements PhiNetwork {
  readonly vpc: Vpc;
  readonly securityGroup: SecurityGroup;
  readonly connection: ManagedPolicy;

  constructor(scope: Construct, id: string, props: NetworkProps) {
    super(scope, id);
    const { config } = props;
    this.vpc = new Vpc(this, 'Vpc', {
      ipAddresses: IpAddresses.cidr(addresses),
      natGateways: 0,
      createInternetGateway: false,
      subnetConfiguration: [{ name: 'Isolated', subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 24 }],
    });
    acknowledge(this.vpc, {
      'CloudFormation-Validate::W3010':
        'Zones are a setting of the stage: an account does not tell them at synthesis, and not every zone has every endpoint',
      'HIPAA.Security-VPCDefaultSecurityGroupClosed':
        'CloudFormation cannot change the group that comes with a network. Nothing is in it, and the network has no way in or out',
    });
    this.securityGroup = new SecurityGroup(this, 'Functions', {
      vpc: this.vpc,
      description: `Ward ${config.stage}: functions`,
      allowAllOutbound: false,
    });
    this.connection = new Connection(this, 'Connection', this);
    const services = this.#endpoints(props);
    new NameFirewall(this, 'Names', {
      config,
      vpc: this.vpc,
      names: neededNames(services, config),
      logsKey: props.logsKey,
    });
    this.#flowLogs(props);
  }

  /** @returns the services that have one */
  #endpoints(props: NetworkProps): readonly CalledService[] {
    const { config } = props;
    const group = new SecurityGroup(this, 'Endpoints', {
      vpc: this.vpc,
      description: `Ward ${config.stage}: endpoints of AWS services`,
      allowAllOutbound: false,
    });
    group.addIngressRule(this.securityGroup, https, 'functions');
    this.securityGroup.addEgressRule(group, https, 'endpoints of AWS services');
    const { dynamodb, s3 } = config.prefixLists ?? {};
    if (!dynamodb || !s3) throw new Error('an isolated network needs the prefix lists of DynamoDB and S3');
    this.securityGroup.addEgressRule(Peer.prefixList(dynamodb), https, 'DynamoDB');
    this.securityGroup.addEgressRule(Peer.prefixList(s3), https, 'S3');
    const services = callsOf(Stack.of(this), config, props);
    for (const [service, statements] of services) {
      const target = endpoints[service];
      const endpoint =
        target instanceof GatewayVpcEndpointAwsService
          ? this.vpc.addGatewayEndpoint(service, { service: target })
          : this.vpc.addInterfaceEndpoint(service, { service: target, securityGroups: [group], open: false });
      for (const statement of statements) endpoint.addToPolicy(statement);
    }
    return [...services.keys()];
  }

  /** Who spoke to whom, refused packets included, kept as long as the access logs. */
  #flowLogs({ config, logsKey }: NetworkProps): void {
    const group = new LogGroup(this, 'Flows', {
      encryptionKey: logsKey,
      retention: RetentionDays.SIX_YEARS,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    const role = new OwnRole(this, 'FlowsRole', {
      description: `Ward ${config.stage}: writes the flow logs`,
      assumedBy: new ServicePrincipal('vpc-flow-logs.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': config.account } },
      }),
    });
    role.addToPolicy(
      new PolicyStatement({
        actions: ['logs:CreateLogStream', 'logs:DescribeLogStreams', 'logs:PutLogEvents'],
        resources: [group.logGroupArn],
      }),
    );
    const flows = new CfnFlowLog(this, 'FlowLog', {
      resourceId: this.vpc.vpcId,
      resourceType: 'VPC',
      trafficType: 'ALL',
      maxAggregationInterval: 60,
      logDestinationType: 'cloud-watch-logs',
      logDestination: Stack.of(this).formatArn({
        service: 'logs',
        resource: 'log-group',
        resourceName: group.logGroupName,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      }),
      deliverLogsPermissionArn: role.roleArn,
    });
    flows.node.addDependency(role);
  }
}

/** on the interfaces between a function and its network */
const interfaceChanges = [
  'ec2:AssignPrivateIpAddresses',
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:UnassignPrivateIpAddresses',
];
/** EC2 knows no resource for these */
const interfaceLooks = ['ec2:DescribeNetworkInterfaces', 'ec2:DescribeSubnets'];

/**
 * What Lambda does under a function's role to connect it, in one policy for all of them. The function's own code has all of EC2
 * denied: Lambda alone calls without `lambda:SourceFunctionArn`.
 */
class Connection extends ManagedPolicy {
  constructor(scope: Construct, id: string, { vpc, securityGroup }: Omit<PhiNetwork, 'connection'>) {
    const { account, region } = Stack.of(scope);
    const ec2 = `arn:aws:ec2:${region}:${account}`;
    const interfaces = `${ec2}:network-interface/*`;
    super(scope, id, {
      description: 'Ward: lets Lambda connect functions to their network',
      statements: [
        new PolicyStatement({
          actions: interfaceChanges,
          resources: [
            interfaces,
            `${ec2}:security-group/${securityGroup.securityGroupId}`,
            ...vpc.isolatedSubnets.map(({ subnetId }) => `${ec2}:subnet/${subnetId}`),
          ],
        }),
        new PolicyStatement({ actions: interfaceLooks, resources: ['*'] }),
        new PolicyStatement({
          effect: Effect.DENY,
          actions: ['ec2:*'],
          resources: ['*'],
          conditions: { Null: { 'lambda:SourceFunctionArn': 'false' } },
        }),
      ],
    });
    const reason =
      'Lambda connects a function under its role, to interfaces whose ids nobody knows beforehand; EC2 has no narrower ' +
      'resource for it, and the code of the function has all of EC2 denied';
    acknowledge(this, {
      'AwsSolutions-IAM5[Resource::*]': reason,
      [`AwsSolutions-IAM5[Resource::${interfaces}]`]: reason,
    });
  }
}
