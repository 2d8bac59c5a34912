import * as z from 'zod';
import type { Cognito } from './cognito/cognito';
import type { DynamoDb } from './dynamodb/dynamodb';
import type { Kms } from './kms/kms';
import type { S3 } from './s3/s3';
import type { Assembly, JsonObject, Resource } from './template';

/** Where a template's log groups are made. */
export interface LogGroups {
  ensureGroup(name: string, properties: JsonObject): void;
}
export interface Services {
  readonly dynamodb: DynamoDb;
  readonly kms: Kms;
  readonly s3: S3;
  readonly cognito: Cognito;
  readonly logs: LogGroups;
}

const table = z.object({
  KeySchema: z.array(z.object({ AttributeName: z.string(), KeyType: z.string() })),
  AttributeDefinitions: z.array(z.object({ AttributeName: z.string(), AttributeType: z.string() })),
  Replicas: z.array(z.object({ SSESpecification: z.object({ KMSMasterKeyId: z.string() }).optional() })).default([]),
});
const ofPool = z.looseObject({ UserPoolId: z.string(), Identifier: z.string().optional() });
const alias = z.object({ AliasName: z.string(), TargetKeyId: z.string() });

/** Tables of both resource types, as the one set of properties that the laptop knows. */
export function tables(assembly: Assembly): Resource[] {
  return ['AWS::DynamoDB::GlobalTable', 'AWS::DynamoDB::Table'].flatMap((type) => assembly.resources(type));
}

/** What a table cannot change without losing its items, by table name. */
export function tableKeys(assembly: Assembly): Record<string, string> {
  return Object.fromEntries(
    tables(assembly).map(({ ref, properties }) => {
      const { KeySchema, AttributeDefinitions } = table.parse(properties);
      const types = new Map(AttributeDefinitions.map((each) => [each.AttributeName, each.AttributeType]));
      return [
        ref,
        KeySchema.map((key) => `${key.KeyType} ${key.AttributeName} ${types.get(key.AttributeName)}`).join(),
      ];
    }),
  );
}

/** ARN of the customer's key that encrypts a table, by table name. */
export function tableEncryption(assembly: Assembly): ReadonlyMap<string, string> {
  const arns = new Map(assembly.resources('AWS::KMS::Key').map(({ ref, arn }) => [ref, arn ?? ref]));
  return new Map(
    tables(assembly).flatMap(({ ref, properties }) => {
      const key = table.parse(properties).Replicas[0]?.SSESpecification?.KMSMasterKeyId;
      return key === undefined ? [] : [[ref, arns.get(key) ?? key] as const];
    }),
  );
}

/**
 * Makes everything that the templates declare and a service keeps. Data of earlier starts stays.
 * @throws Error naming the resource that is not emulated as it is declared
 */
export async function provision(assembly: Assembly, services: Services): Promise<void> {
  const { dynamodb, kms, s3, cognito, logs } = services;
  const each = (type: string, make: (resource: Resource) => void) => {
    for (const resource of assembly.resources(type)) named(resource, () => make(resource));
  };
  each('AWS::KMS::Key', ({ ref, properties }) => kms.ensureKey(ref, properties));
  each('AWS::KMS::ReplicaKey', ({ ref }) => kms.ensureReplica(ref));
  each('AWS::KMS::Alias', ({ properties }) => {
    const { AliasName, TargetKeyId } = alias.parse(properties);
    kms.ensureAlias(AliasName, TargetKeyId.split('/').at(-1) ?? TargetKeyId);
  });
  each('AWS::S3::Bucket', ({ ref, properties }) => s3.ensureBucket(ref, properties));
  each('AWS::Logs::LogGroup', ({ ref, properties }) => logs.ensureGroup(ref, properties));
  // Lambda makes the group of a function that the template gives none.
  const declared = new Set(assembly.resources('AWS::Logs::LogGroup').map(({ ref }) => ref));
  for (const { logGroup } of assembly.functions()) if (!declared.has(logGroup)) logs.ensureGroup(logGroup, {});
  each('AWS::Cognito::UserPool', ({ ref, properties }) => cognito.ensurePool(ref, properties));
  each('AWS::Cognito::UserPoolClient', ({ ref, properties }) =>
    cognito.ensureClient(ofPool.parse(properties).UserPoolId, ref, properties),
  );
  each('AWS::Cognito::UserPoolResourceServer', ({ properties }) => {
    const { UserPoolId, Identifier = '' } = ofPool.parse(properties);
    cognito.ensureResourceServer(UserPoolId, Identifier, properties);
  });
  each('AWS::Cognito::LogDeliveryConfiguration', ({ properties }) =>
    cognito.ensureLogDelivery(ofPool.parse(properties).UserPoolId, properties),
  );
  for (const resource of tables(assembly))
    await dynamodb.ensureTable({ ...definition(resource), TableName: resource.ref });
}

/** The emulator checks what it reads of a definition; here it only has to be an object. */
function definition({ properties }: Resource): Parameters<DynamoDb['ensureTable']>[0] {
  return tableDefinition.parse(properties);
}
const tableDefinition = z.custom<Parameters<DynamoDb['ensureTable']>[0]>(
  (value) => table.safeParse(value).success,
  'a table has a KeySchema and AttributeDefinitions',
);

function named({ stack, id }: Resource, act: () => void): void {
  try {
    act();
  } catch (error) {
    throw new Error(`${stack}: ${id}: ${error instanceof Error ? error.message : 'cannot be made'}`, { cause: error });
  }
}
