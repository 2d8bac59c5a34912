import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  AccountRootPrincipal,
  AnyPrincipal,
  Effect,
  PolicyDocument,
  PolicyStatement,
  type PolicyStatementProps,
  ServicePrincipal,
} from 'aws-cdk-lib/aws-iam';
import { CfnReplicaKey, type IKey, Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { type Config, readConfig } from './config';
import { declarations, type KeyPurpose, keyPurposes, type PatientKeyAction, roleName } from './functions';

/** AWS takes a log group for the log of a web ACL by its name alone. */
export const webAclLogs = (stage: string): string => `aws-waf-logs-ward-${stage}`;

/** What an administrator does with a key: everything but using it. Replication is left out: a replica has a policy of its own. */
const administration = [
  'CancelKeyDeletion',
  'CreateAlias',
  'DeleteAlias',
  'DescribeKey',
  'DisableKey',
  'EnableKey',
  'EnableKeyRotation',
  'GetKeyPolicy',
  'GetKeyRotationStatus',
  'ListGrants',
  'ListKeyPolicies',
  'ListKeyRotations',
  'ListResourceTags',
  'PutKeyPolicy',
  'RevokeGrant',
  'RotateKeyOnDemand',
  'ScheduleKeyDeletion',
  'TagResource',
  'UntagResource',
  'UpdateAlias',
  'UpdateKeyDescription',
].map((action) => `kms:${action}`);

const use = [
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
];

/** A grant is a way to use a key that its policy does not show: only a service may get one, for a store of its own. */
const grantsToServicesAlone = (): PolicyStatement =>
  new PolicyStatement({
    sid: 'GrantsToServicesAlone',
    effect: Effect.DENY,
    principals: [new AnyPrincipal()],
    actions: ['kms:CreateGrant'],
    resources: ['*'],
    conditions: { BoolIfExists: { 'kms:GrantIsForAWSResource': 'false', 'aws:PrincipalIsAWSService': 'false' } },
  });

/** A customer-managed key that CDK's default policy, under which any IAM policy grants everything, does not reach. */
function customerKey(
  scope: Construct,
  id: string,
  props: {
    readonly description: string;
    readonly multiRegion: boolean;
    readonly statements: readonly PolicyStatement[];
    /** @default symmetric, rotated every year */
    readonly signs?: boolean;
  },
): Key {
  const config = readConfig(scope.node);
  return new Key(scope, id, {
    description: props.description,
    multiRegion: props.multiRegion && config.multiRegionKeys,
    ...(props.signs
      ? { keySpec: KeySpec.ECC_NIST_EDWARDS25519, keyUsage: KeyUsage.SIGN_VERIFY }
      : { enableKeyRotation: true }),
    pendingWindow: Duration.days(30),
    removalPolicy: RemovalPolicy.RETAIN,
    policy: policyOf(scope, props.statements),
  });
}

function policyOf(scope: Construct, statements: readonly PolicyStatement[]): PolicyDocument {
  const config = readConfig(scope.node);
  return new PolicyDocument({
    statements: [
      new PolicyStatement({
        sid: 'Administer',
        principals: [new AccountRootPrincipal()],
        actions: administration,
        resources: ['*'],
      }),
      grantsToServicesAlone(),
      ...(config.kind === 'production' ? guards(scope, config.keyAdministrators) : []),
      ...statements,
    ],
  });
}

/**
 * A key that opens or vouches is replicated into the recovery Region of the stage, by a deployment, and nowhere else: a replica
 * has a policy of its own, which would be a way around this one. Without such a Region nobody replicates it.
 */
function replication(scope: Construct, { recovery, keyAdministrators }: Config): PolicyStatement[] {
  const statement = (sid: string, conditions: Record<string, unknown>, allow = false) =>
    new PolicyStatement({
      sid,
      effect: allow ? Effect.ALLOW : Effect.DENY,
      principals: [allow ? new AccountRootPrincipal() : new AnyPrincipal()],
      actions: ['kms:ReplicateKey'],
      resources: ['*'],
      conditions,
    });
  if (!recovery) return [statement('NoReplica', {})];
  const there = { 'kms:ReplicaRegion': recovery.region };
  const deployment = [deploymentRole(scope, recovery.region), ...keyAdministrators];
  return [
    statement('ReplicaForRecovery', { StringEquals: there }, true),
    statement('ReplicaThereAlone', { StringNotEquals: there }),
    statement('ReplicaByDeploymentOnly', { ArnNotEquals: { 'aws:PrincipalArn': deployment } }),
  ];
}

/**
 * The replicas of the keys that open and vouch, by the ids that the first deployment gave them: `mrk-…`. The one that opens is
 * for the stage that stands by, where there is one, and for nobody else: the functions of this stage have the original.
 */
export function replicaKeys(scope: Construct, config: Config): readonly CfnReplicaKey[] {
  const { patient, signing = [] } = config.recovery?.keys ?? {};
  const { standby: opener = config.stage } = config.recovery ?? {};
  const replica = (id: string, keyId: string, description: string, statements: readonly PolicyStatement[]) => {
    const key = new CfnReplicaKey(scope, id, {
      primaryKeyArn: `arn:aws:kms:${config.region}:${config.account}:key/${keyId}`,
      description: `Ward ${config.stage}: ${description}`,
      pendingWindowInDays: 30,
      keyPolicy: policyOf(scope, statements),
    });
    key.applyRemovalPolicy(RemovalPolicy.RETAIN);
    return key;
  };
  return [
    ...(patient ? [replica('PatientKey', patient, 'wraps patient keys', patientKeyUse(scope, config, opener))] : []),
    ...signing.map((id, index) =>
      replica(`SigningKey${index + 1}`, id, 'signs the audit log', signingKeyUse(scope, config)),
    ),
  ];
}

/**
 * In production: whoever ends a key destroys what it opens, and whoever writes its policy lets themselves in. Both are denied to
 * everybody, root included, but to the deployment and the roles of the settings. Who is the deployment, the guard rails of
 * docs/policies say: an account alone cannot keep its administrators from that role. docs/deploy.md says how a key is ended.
 */
function guards(scope: Construct, keyAdministrators: readonly string[]): PolicyStatement[] {
  const deny = (sid: string, actions: string[], exempt: readonly string[]) =>
    new PolicyStatement({
      sid,
      effect: Effect.DENY,
      principals: [new AnyPrincipal()],
      actions,
      resources: ['*'],
      ...(exempt.length > 0 && { conditions: { ArnNotEquals: { 'aws:PrincipalArn': [...exempt] } } }),
    });
  return [
    deny(
      'NobodyEndsIt',
      [
        'kms:DeleteImportedKeyMaterial',
        'kms:DisableKey',
        'kms:DisableKeyRotation',
        'kms:ScheduleKeyDeletion',
        'kms:UpdatePrimaryRegion',
      ],
      keyAdministrators,
    ),
    deny('PolicyByDeploymentOnly', ['kms:PutKeyPolicy'], [deploymentRole(scope), ...keyAdministrators]),
  ];
}

/** the role of `cdk bootstrap` by which CloudFormation changes the stack */
export function deploymentRole(scope: Construct, region = Stack.of(scope).region): string {
  const stack = Stack.of(scope);
  const qualifier = stack.synthesizer.bootstrapQualifier ?? 'hnb659fds';
  return stack.formatArn({
    service: 'iam',
    region: '',
    resource: 'role',
    resourceName: `cdk-${qualifier}-cfn-exec-role-${stack.account}-${region}`,
  });
}

/**
 * A key for one store: whoever IAM allows uses it through that service alone, so holding the key opens nothing beside
 * the store's own permissions. 45 CFR 164.312(a)(2)(iv). Multi-Region, because that cannot be changed later, unless the stage
 * says that its keys stay where they are.
 */
export function storeKey(
  scope: Construct,
  id: string,
  service: 'backup' | 'dynamodb' | 's3' | 'sqs' | 'sns',
  description: string,
  statements: readonly PolicyStatement[] = [],
): Key {
  const via = { 'kms:ViaService': `${service}.${Stack.of(scope).region}.amazonaws.com` };
  const store = [
    new PolicyStatement({
      sid: 'UseThroughTheStore',
      principals: [new AccountRootPrincipal()],
      actions: use,
      resources: ['*'],
      conditions: { StringEquals: via },
    }),
  ];
  if (service === 'dynamodb' || service === 'backup')
    store.push(
      new PolicyStatement({
        sid: 'TheStoreKeepsAGrant',
        principals: [new AccountRootPrincipal()],
        actions: ['kms:CreateGrant'],
        resources: ['*'],
        conditions: { StringEquals: via, Bool: { 'kms:GrantIsForAWSResource': 'true' } },
      }),
    );
  if (service === 'dynamodb')
    store.push(
      new PolicyStatement({
        sid: 'TheStoreLooksAtItsKey',
        principals: [new ServicePrincipal('dynamodb.amazonaws.com')],
        actions: ['kms:DescribeKey', 'kms:GetKeyPolicy', 'kms:GetKeyRotationStatus', 'kms:ListGrants'],
        resources: ['*'],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
      }),
    );
  return customerKey(scope, id, { description, multiRegion: true, statements: [...store, ...statements] });
}

/** The key of the log groups of one stage. Logs hold no PHI, so it stays in its Region. */
export function logsKey(scope: Construct, id: string, config: Config): Key {
  return customerKey(scope, id, {
    description: `Ward ${config.stage}: log groups`,
    multiRegion: false,
    statements: [
      new PolicyStatement({
        sid: 'Logs',
        principals: [new ServicePrincipal(`logs.${config.region}.amazonaws.com`)],
        actions: use,
        resources: ['*'],
        conditions: {
          ArnLike: {
            'kms:EncryptionContext:aws:logs:arn': [`ward-${config.stage}-*`, webAclLogs(config.stage)].map(
              (name) => `arn:aws:logs:${config.region}:${config.account}:log-group:${name}`,
            ),
          },
        },
      }),
    ],
  });
}

/**
 * The key that signs checkpoints of the audit log. Its adversary is whoever would vouch for a log of their own making: the
 * checkpointer alone signs, with this algorithm over whole messages. Its public half is no secret. Asymmetric keys do not
 * rotate by themselves: docs/deploy.md says how one key vouches for the next.
 */
export function signingKey(scope: Construct, id: string, config: Config): Key {
  return customerKey(scope, id, {
    description: `Ward ${config.stage}: signs the audit log`,
    multiRegion: true,
    signs: true,
    statements: signingKeyUse(scope, config),
  });
}

function signingKeyUse(scope: Construct, config: Config): PolicyStatement[] {
  const account = new AccountRootPrincipal();
  const signers = declarations
    .filter(([, { signingKey: uses }]) => uses?.includes('Sign'))
    .map(([name]) => roleArn(scope, config.stage, name));
  const signer = { 'aws:PrincipalArn': signers };
  const algorithm = { 'kms:SigningAlgorithm': 'ED25519_SHA_512', 'kms:MessageType': 'RAW' };
  const statement = (sid: string, actions: string[], more: PolicyStatementProps = {}) =>
    new PolicyStatement({ sid, principals: [account], actions, resources: ['*'], ...more });
  const deny = { effect: Effect.DENY, principals: [new AnyPrincipal()] };
  return [
    statement('PublicHalf', ['kms:GetPublicKey']),
    statement('SignCheckpoints', ['kms:Sign'], {
      conditions: { ArnEquals: signer, StringEquals: algorithm },
    }),
    statement('NobodyElse', ['kms:Sign'], { ...deny, conditions: { ArnNotEquals: signer } }),
    statement('NoWayAround', ['kms:CreateGrant'], deny),
    ...replication(scope, config),
  ];
}

/** By condition, not as principals: KMS and S3 refuse a policy whose principals do not exist yet. */
export function roleArn(scope: Construct, stage: string, functionName: string): string {
  // Functions are in the account of the stage, also where the policy is of the archive in another one.
  return `arn:aws:iam::${readConfig(scope.node).account}:role/${roleName(stage, functionName)}`;
}

/**
 * The key that wraps patient keys and nothing else. Its adversary is an administrator of the account: the root statement
 * lets IAM administer, never use; the functions named here use it for this organization and a stated purpose alone; and
 * no other principal can be let in without a change of this policy, which the account's trail shows. docs/decisions/010.
 */
export function patientKey(scope: Construct, id: string, config: Config): IKey {
  const replica = config.predecessor?.recovery?.keys?.patient;
  // Of a stage that stands by: what it takes over opens under the same key material, which AWS keeps in both Regions.
  if (replica) return Key.fromKeyArn(scope, id, `arn:aws:kms:${config.region}:${config.account}:key/${replica}`);
  return customerKey(scope, id, {
    description: `Ward ${config.stage}: wraps patient keys`,
    multiRegion: true,
    statements: patientKeyUse(scope, config),
  });
}

/** @param stage whose functions use it */
function patientKeyUse(scope: Construct, config: Config, stage = config.stage): PolicyStatement[] {
  const users = (action: PatientKeyAction, purpose: KeyPurpose) =>
    declarations
      .filter(([, { patientKey: uses }]) => uses?.[action]?.includes(purpose))
      .map(([name]) => roleArn(scope, stage, name));
  const allow = (action: PatientKeyAction, purpose: KeyPurpose) =>
    new PolicyStatement({
      sid: `${action}For${purpose}`,
      principals: [new AccountRootPrincipal()],
      actions: [`kms:${action}`],
      resources: ['*'],
      conditions: {
        ArnEquals: { 'aws:PrincipalArn': users(action, purpose) },
        StringEquals: {
          'kms:EncryptionContext:organization': config.organization,
          'kms:EncryptionContext:purpose': purpose,
        },
      },
    });
  const deny = (sid: string, actions: string[], conditions: Record<string, Record<string, string[]>>) =>
    new PolicyStatement({
      sid,
      effect: Effect.DENY,
      principals: [new AnyPrincipal()],
      actions,
      resources: ['*'],
      conditions,
    });
  const named = declarations.filter(([, { patientKey: uses }]) => uses).map(([name]) => roleArn(scope, stage, name));
  return [
    ...keyPurposes.flatMap((purpose) => [allow('Decrypt', purpose), allow('GenerateDataKey', purpose)]),
    deny('NobodyElse', ['kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*'], {
      ArnNotEquals: { 'aws:PrincipalArn': named },
    }),
    // A grant would be a way around this policy.
    deny('NoWayAround', ['kms:CreateGrant', 'kms:Encrypt'], {}),
    ...replication(scope, config),
  ];
}
