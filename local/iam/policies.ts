import { isObject, type Json, type JsonObject } from '../intrinsics';
import type { Assembly, Resource } from '../template';
import { managedPolicy } from './managed';

export interface NamedPolicy {
  /** names the document in errors: stack and logical id */
  readonly name: string;
  readonly document: Json;
}

export interface RolePolicies {
  readonly arn: string;
  readonly identity: readonly NamedPolicy[];
  readonly boundary?: NamedPolicy;
  /** who may assume the role; without one nobody may */
  readonly trust?: NamedPolicy;
}

export interface ResourcePolicy extends NamedPolicy {
  /** ARN of the bucket, key, table, queue, topic or function */
  readonly resource: string;
}

/** Every policy of one account. */
export interface Policies {
  readonly account: string;
  readonly region: string;
  readonly roles: readonly RolePolicies[];
  readonly resourcePolicies: readonly ResourcePolicy[];
}

const understood = new Set(['AWS::IAM::Role', 'AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy']);

/**
 * Collects the policies of an assembly.
 * @throws Error naming what would grant or deny something but is not understood: a user, an API's policy, an unknown
 *   managed policy
 */
export function collectPolicies(assembly: Assembly): Policies {
  for (const { type, stack, id } of assembly.list())
    if (type.startsWith('AWS::IAM::') && !understood.has(type))
      throw new Error(`${stack}: ${id} is an ${type}, which is not emulated`);
  for (const api of assembly.resources('AWS::ApiGateway::RestApi'))
    if (api.properties['Policy'] !== undefined) throw new Error(`${label(api)}: a policy of an API is not emulated`);
  return {
    account: assembly.account,
    region: assembly.region,
    roles: collectRoles(assembly),
    resourcePolicies: [
      ...keyPolicies(assembly),
      ...assembly.resources('AWS::S3::BucketPolicy').map((policy) => {
        const bucket = text(policy, policy.properties['Bucket']);
        return attached(policy, `arn:aws:s3:::${bucket}`, policy.properties['PolicyDocument']);
      }),
      ...tablePolicies(assembly),
      ...assembly.resources('AWS::SQS::QueuePolicy').flatMap((policy) =>
        texts(policy, 'Queues').map((url) => {
          const queue = assembly.resources('AWS::SQS::Queue').find((each) => each.ref === url);
          if (!queue?.arn) throw new Error(`${label(policy)}: names a queue that no stack has`);
          return attached(policy, queue.arn, policy.properties['PolicyDocument']);
        }),
      ),
      ...assembly
        .resources('AWS::SNS::TopicPolicy')
        .flatMap((policy) =>
          texts(policy, 'Topics').map((topic) => attached(policy, topic, policy.properties['PolicyDocument'])),
        ),
      ...assembly.resources('AWS::Lambda::Permission').map((permission) => functionPolicy(assembly, permission)),
    ],
  };
}

function collectRoles(assembly: Assembly): RolePolicies[] {
  const customerManaged = new Map(assembly.resources('AWS::IAM::ManagedPolicy').map((policy) => [policy.ref, policy]));
  const byArn = (role: Resource, arn: string): NamedPolicy => {
    const own = customerManaged.get(arn);
    const document = own ? own.properties['PolicyDocument'] : managedPolicy(arn);
    if (document === undefined) throw new Error(`${label(role)}: the managed policy ${arn} is not known`);
    return { name: own ? label(own) : arn, document };
  };
  const attachable = [...assembly.resources('AWS::IAM::Policy'), ...customerManaged.values()];
  for (const policy of attachable)
    for (const kind of ['Users', 'Groups'])
      if (texts(policy, kind).length > 0) throw new Error(`${label(policy)}: ${kind} are not emulated`);
  const roles = assembly.resources('AWS::IAM::Role');
  for (const policy of attachable)
    for (const name of texts(policy, 'Roles'))
      if (!roles.some((role) => role.ref === name)) throw new Error(`${label(policy)}: no stack has the role ${name}`);
  return roles.map((role) => {
    const boundary = role.properties['PermissionsBoundary'];
    return {
      arn: text(role, role.arn),
      identity: [
        ...inlinePolicies(role),
        ...texts(role, 'ManagedPolicyArns').map((arn) => byArn(role, arn)),
        ...attachable
          .filter((policy) => texts(policy, 'Roles').includes(role.ref))
          .map((policy) => ({ name: label(policy), document: policy.properties['PolicyDocument'] ?? null })),
      ],
      ...(boundary === undefined ? {} : { boundary: byArn(role, text(role, boundary)) }),
      trust: { name: `${label(role)} trust`, document: role.properties['AssumeRolePolicyDocument'] ?? null },
    };
  });
}

function inlinePolicies(role: Resource): NamedPolicy[] {
  const policies = role.properties['Policies'] ?? [];
  if (!Array.isArray(policies)) throw new Error(`${label(role)}: Policies is not a list`);
  return policies.map((policy: Json) => {
    if (!isObject(policy)) throw new Error(`${label(role)}: an inline policy is not an object`);
    const name = `${label(role)} ${text(role, policy['PolicyName'])}`;
    return { name, document: policy['PolicyDocument'] ?? null };
  });
}

function keyPolicies(assembly: Assembly): ResourcePolicy[] {
  return ['AWS::KMS::Key', 'AWS::KMS::ReplicaKey'].flatMap((type) =>
    assembly.resources(type).map((key) => attached(key, text(key, key.arn), key.properties['KeyPolicy'])),
  );
}

/** A global table's policies are of its replicas; a replica elsewhere is not on the laptop. */
function tablePolicies(assembly: Assembly): ResourcePolicy[] {
  const global = assembly.resources('AWS::DynamoDB::GlobalTable').flatMap((table) => {
    const replicas = table.properties['Replicas'] ?? [];
    if (!Array.isArray(replicas)) throw new Error(`${label(table)}: Replicas is not a list`);
    const region = table.arn?.split(':')[3];
    return replicas
      .filter((replica: Json): replica is JsonObject => isObject(replica) && replica['Region'] === region)
      .flatMap((replica) => [
        ...policyIn(table, table.arn, replica['ResourcePolicy']),
        ...policyIn(table, streamArn(assembly, table), replica['ReplicaStreamSpecification']),
      ]);
  });
  const single = assembly
    .resources('AWS::DynamoDB::Table')
    .flatMap((table) => [
      ...policyIn(table, table.arn, table.properties['ResourcePolicy']),
      ...policyIn(table, streamArn(assembly, table), table.properties['StreamSpecification']),
    ]);
  return [...global, ...single];
}

const streamArn = (assembly: Assembly, table: Resource): string => assembly.attribute(table, 'StreamArn');

function policyIn(owner: Resource, arn: string | undefined, holder: Json | undefined): ResourcePolicy[] {
  if (!isObject(holder)) return [];
  const nested = holder['ResourcePolicy'];
  const document = holder['PolicyDocument'] ?? (isObject(nested) ? nested['PolicyDocument'] : undefined);
  return document === undefined ? [] : [attached(owner, text(owner, arn), document)];
}

/** A permission is one statement of a function's resource policy. */
function functionPolicy(assembly: Assembly, permission: Resource): ResourcePolicy {
  const { properties } = permission;
  for (const property of Object.keys(properties))
    if (!['Action', 'FunctionName', 'Principal', 'SourceArn', 'SourceAccount'].includes(property))
      throw new Error(`${label(permission)}: ${property} is not emulated`);
  const named = text(permission, properties['FunctionName']);
  const arn = named.startsWith('arn:')
    ? named
    : `arn:aws:lambda:${assembly.region}:${assembly.account}:function:${named}`;
  const principal = text(permission, properties['Principal']);
  const sourceArn = properties['SourceArn'];
  const sourceAccount = properties['SourceAccount'];
  const condition: JsonObject = {
    ...(sourceArn === undefined ? {} : { ArnLike: { 'aws:SourceArn': sourceArn } }),
    ...(sourceAccount === undefined ? {} : { StringEquals: { 'aws:SourceAccount': sourceAccount } }),
  };
  const service: JsonObject = { Service: principal };
  const statement: JsonObject = {
    Effect: 'Allow',
    Action: text(permission, properties['Action']),
    Resource: arn,
    Principal: /\.amazonaws\.com$/.test(principal) ? service : { AWS: principal },
    Condition: condition,
  };
  return attached(permission, arn, { Version: '2012-10-17', Statement: [statement] });
}

const label = ({ stack, id }: Resource): string => `${stack}/${id}`;

function attached(owner: Resource, resource: string, document: Json | undefined): ResourcePolicy {
  if (document === undefined) throw new Error(`${label(owner)}: has no policy document`);
  return { name: label(owner), resource, document };
}

function text(owner: Resource, value: Json | undefined): string {
  if (typeof value !== 'string') throw new Error(`${label(owner)}: has a property that is not a text`);
  return value;
}

function texts(owner: Resource, property: string): string[] {
  const value = owner.properties[property] ?? [];
  if (!Array.isArray(value)) throw new Error(`${label(owner)}: ${property} is not a list`);
  return value.map((item: Json) => text(owner, item));
}
