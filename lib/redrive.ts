import { CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import { ArnPrincipal, CompositePrincipal, PolicyStatement, type PrincipalBase } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { Config } from './config';
import { declarations, type FunctionName } from './functions';
import { conditionsOf } from './grants';
import type { Monitoring } from './monitoring';
import { OwnRole } from './own-role';
import type { PhiFunction } from './phi-function';
import type { WardTable } from './records';
import { FunctionSchedule } from './schedule';

export interface RedriveProps {
  readonly config: Config;
  /** of whichever stacks; those that the API or the user pool calls are left out */
  readonly functions: ReadonlyMap<FunctionName, PhiFunction>;
  readonly outbox: WardTable;
  readonly monitoring: Monitoring;
}

const ofItself = ['schedule', 'stream', 'logs'];

/**
 * What `ward redrive` works as. Nobody calls functions by hand (docs/policies/guard-rails.json) but a role of Ward: this one
 * starts what runs without a person, and nothing that the API calls, to which whoever calls it could claim to be anybody.
 * The people whom the stage's settings name may assume it; where they name nobody, there is no such role.
 */
export class Redrive extends Construct {
  constructor(scope: Construct, id: string, { config, functions, outbox, monitoring }: RedriveProps) {
    super(scope, id);
    const started = declarations.flatMap(([name, { calledBy = 'api' }]) => {
      const handler = functions.get(name);
      return handler && ofItself.includes(calledBy) ? [[name, handler] as const] : [];
    });
    const { failures } = monitoring;
    const schedules = Stack.of(this)
      .node.findAll()
      .filter((each) => each instanceof FunctionSchedule);
    const senders = started.map(([name, handler]) => {
      const starting = schedules.filter(({ target }) => target === handler);
      return `${name}=${[handler, ...starting].map(({ roleId }) => roleId).join(',')}`;
    });
    const output = (name: string, value: string) => new CfnOutput(Stack.of(this), name, { value });
    output('FailuresQueue', failures.queueUrl);
    output('StartedFunctions', started.map(([name, handler]) => `${name}=${handler.functionName}`).join(' '));
    output('LetterSenders', senders.join(' '));
    if (config.redriveOperators.length === 0) return;
    const role = new OwnRole(this, 'Role', {
      roleName: `ward-${config.stage}-redrive`,
      description: `Ward ${config.stage}: runs again what was given up`,
      assumedBy: new CompositePrincipal(...config.redriveOperators.map(operator)),
      maxSessionDuration: Duration.hours(4),
    });
    output('RedriveRole', role.roleArn);
    const { region } = Stack.of(this);
    const allow = (actions: string[], resources: string[], conditions = {}) =>
      role.addToPolicy(new PolicyStatement({ actions, resources, conditions }));
    const via = (service: string) => ({ StringEquals: { 'kms:ViaService': `${service}.${region}.amazonaws.com` } });
    allow(['sqs:ChangeMessageVisibility', 'sqs:DeleteMessage', 'sqs:ReceiveMessage'], [failures.queueArn]);
    if (failures.encryptionMasterKey) allow(['kms:Decrypt'], [failures.encryptionMasterKey.keyArn], via('sqs'));
    allow(
      ['lambda:InvokeFunction'],
      // What the sealer gave up is the reconciler's to seal.
      started.filter(([name]) => name !== 'sealer').map(([, handler]) => handler.functionArn),
    );
    const lanes = { actions: ['Query'], partitions: ['LANES', 'LANE#*'], inTransaction: false } as const;
    allow(['dynamodb:Query'], [outbox.tableArn], conditionsOf(lanes));
    allow(['kms:Decrypt'], [outbox.key.keyArn], via('dynamodb'));
  }
}

/** A user proves a second factor on the way here. Of a role AWS does not tell it: whoever signs in to that role proves it there. */
function operator(arn: string): PrincipalBase {
  const principal = new ArnPrincipal(arn);
  return arn.includes(':user/')
    ? principal.withConditions({ Bool: { 'aws:MultiFactorAuthPresent': 'true' } })
    : principal;
}
