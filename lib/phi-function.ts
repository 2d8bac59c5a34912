import { join } from 'node:path';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { SubnetType } from 'aws-cdk-lib/aws-ec2';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Architecture, Code, Function as LambdaFunction, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { type DataProtectionPolicy, LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledgements';
import { roleName } from './functions';
import { sendsTo } from './monitoring';
import type { PhiNetwork } from './network';
import { OwnRole } from './own-role';

export interface PhiFunctionProps {
  /** the `<name>` of `lambda/**\/<name>.lambda.ts` */
  readonly name: string;
  readonly concern: string;
  readonly stage: string;
  /** the folder that holds `<name>/index.js` */
  readonly bundles: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly logsKey: IKey;
  readonly logProtection: DataProtectionPolicy;
  /** absent: a development stage that does without, by its settings */
  readonly network: PhiNetwork | undefined;
  readonly memoryMegabytes?: number;
  readonly timeoutSeconds?: number;
  /** @default 25 */
  readonly instances?: number;
  /** of a function that is called asynchronously: keeps what was given up after its retries, and by which function */
  readonly deadLetters?: Queue;
  /** whether X-Ray keeps traces of it: of a function that lets no error out, since a trace quotes what is thrown */
  readonly traced?: boolean;
  /** called by an event source mapping, which has a queue of its own for what is given up */
  readonly ofStream?: boolean;
}

/**
 * As many instances at once as one function may have, so that none starves the others of the account's quota: 1,000 in a
 * new account, of which AWS keeps 100 unreserved. A synth test adds all of them up.
 */
const instances = 25;

/** The one Lambda construct: a role of its own without a managed policy, an encrypted and masked log group kept six years, its bundle. */
export class PhiFunction extends LambdaFunction {
  /** what AWS calls its role where it gives no name */
  readonly roleId: string;

  constructor(scope: Construct, id: string, props: PhiFunctionProps) {
    const role = new OwnRole(scope, `${id}Role`, {
      roleName: roleName(props.stage, props.name),
      description: `Ward ${props.stage}: ${props.concern}`,
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    });
    const logGroup = new LogGroup(scope, `${id}Logs`, {
      encryptionKey: props.logsKey,
      dataProtectionPolicy: props.logProtection,
      retention: RetentionDays.SIX_YEARS,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    logGroup.grantWrite(role);
    const { deadLetters } = props;
    for (const statement of deadLetters ? sendsTo(deadLetters) : []) role.addToPolicy(statement);
    super(scope, id, {
      description: `Ward ${props.stage}: ${props.concern}`,
      code: Code.fromAsset(join(props.bundles, props.name)),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: props.memoryMegabytes ?? 1024,
      timeout: Duration.seconds(props.timeoutSeconds ?? 10),
      tracing: props.traced ? Tracing.ACTIVE : Tracing.DISABLED,
      reservedConcurrentExecutions: props.instances ?? instances,
      ...(deadLetters && { onFailure: { bind: () => ({ destination: deadLetters.queueArn }) } }),
      environment: { ...props.environment },
      logGroup,
      role,
      ...(props.network && {
        vpc: props.network.vpc,
        vpcSubnets: { subnetType: SubnetType.PRIVATE_ISOLATED },
        securityGroups: [props.network.securityGroup],
      }),
    });
    this.roleId = role.roleId;
    if (props.traced)
      acknowledge(role, {
        'AwsSolutions-IAM5[Resource::*]':
          'xray:PutTraceSegments and xray:PutTelemetryRecords have no resource in IAM: names of functions and durations alone',
      });
    acknowledge(this, { 'HIPAA.Security-LambdaDLQ': withoutDeadLetterQueue(props) });
    if (props.network) role.addManagedPolicy(props.network.connection);
    else
      acknowledge(this, {
        'HIPAA.Security-LambdaInsideVPC':
          'The settings of this development stage do without a network: it costs by the hour and holds no real PHI. A ' +
          'production stage cannot be deployed so',
      });
  }
}

function withoutDeadLetterQueue({ deadLetters, ofStream }: PhiFunctionProps): string {
  if (deadLetters)
    return 'What it gives up goes to the queue as a failure destination’s record, which names the function and holds the event: a dead-letter queue’s letter does not say whose it is';
  return ofStream
    ? 'Called by its event source mapping, synchronously: what it gives up goes to the queue that the mapping names'
    : 'Called synchronously, by API Gateway or Cognito: the caller sees the failure, and no event waits to be retried';
}
