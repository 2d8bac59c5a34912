import { Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { FunctionDeclaration, Table, TableGrant } from './functions';
import type { WardTable } from './records';

export interface Stores {
  readonly organization: string;
  readonly tables: Readonly<Record<Table, WardTable>>;
  readonly patientKey: IKey;
  readonly userPoolArn: string;
}

/** Gives a function's role what its declaration says and nothing else. 45 CFR 164.308(a)(4)(ii)(B). */
export function grant(handler: LambdaFunction, declaration: FunctionDeclaration, stores: Stores): void {
  for (const { table, ...calls } of declaration.tables)
    handler.addToRolePolicy(
      new PolicyStatement({
        actions: calls.actions.map((action) => `dynamodb:${action}`),
        resources: [stores.tables[table].tableArn],
        conditions: conditionsOf(calls),
      }),
    );

  const viaDynamoDb = { StringEquals: { 'kms:ViaService': `dynamodb.${Stack.of(handler).region}.amazonaws.com` } };
  const used = [...new Set(declaration.tables.map(({ table }) => table))];
  const written = used.filter((name) =>
    declaration.tables.some(({ table, actions }) => table === name && actions.some(changesItems)),
  );
  const keysOf = (names: readonly Table[]) => names.map((name) => stores.tables[name].key.keyArn);
  if (used.length > 0)
    handler.addToRolePolicy(
      new PolicyStatement({ actions: ['kms:Decrypt'], resources: keysOf(used), conditions: viaDynamoDb }),
    );
  if (written.length > 0)
    handler.addToRolePolicy(
      new PolicyStatement({
        actions: ['kms:Encrypt', 'kms:GenerateDataKey'],
        resources: keysOf(written),
        conditions: viaDynamoDb,
      }),
    );

  for (const [action, purposes] of Object.entries(declaration.patientKey ?? {}))
    handler.addToRolePolicy(
      new PolicyStatement({
        actions: [`kms:${action}`],
        resources: [stores.patientKey.keyArn],
        conditions: {
          StringEquals: {
            'kms:EncryptionContext:organization': stores.organization,
            'kms:EncryptionContext:purpose': purposes,
          },
        },
      }),
    );
  if (declaration.userPool)
    handler.addToRolePolicy(
      new PolicyStatement({
        actions: declaration.userPool.map((action) => `cognito-idp:${action}`),
        resources: [stores.userPoolArn],
      }),
    );
}

/** "For all values" holds of a call that names none too, so that each statement asks for their presence as well. */
function conditionsOf({ actions, partitions, inTransaction, attributes }: Omit<TableGrant, 'table'>) {
  if (actions.includes('Scan'))
    // It reads all partitions. What it may see of an item is bounded, and it must say that it wants no more.
    return {
      'ForAllValues:StringEquals': { 'dynamodb:Attributes': attributes },
      Null: { 'dynamodb:Attributes': 'false' },
      StringEquals: { 'dynamodb:Select': 'SPECIFIC_ATTRIBUTES' },
    };
  return {
    'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': partitions },
    Null: { 'dynamodb:LeadingKeys': 'false', ...(attributes && { 'dynamodb:Attributes': 'false' }) },
    ...(attributes && { 'ForAllValues:StringEquals': { 'dynamodb:Attributes': attributes } }),
    ...(inTransaction && {
      'ForAnyValue:StringEquals': { 'dynamodb:EnclosingOperation': ['TransactWriteItems'] },
    }),
  };
}

const changesItems = (action: string): boolean => /^(Put|Update|Delete|BatchWrite)/.test(action);
