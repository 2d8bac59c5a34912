import { Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { testTablePrefix, type ValidationEnvironment } from '../lambda/environment';
import { acknowledge } from './acknowledgements';
import type { Config } from './config';
import type { Table } from './functions';
import type { WardTable } from './records';

export const restoredTableReads = [
  'dynamodb:BatchGetItem',
  'dynamodb:GetItem',
  'dynamodb:Query',
  'dynamodb:Scan',
] as const;
export const restoreJobCalls = [
  'backup:DescribeRestoreJob',
  'backup:ListRestoreJobs',
  'backup:PutRestoreValidationResult',
] as const;

/** Lets a function read what AWS Backup restores to test it, and say what it found. 45 CFR 164.308(a)(7)(ii)(D). */
export function validateRestores(
  handler: LambdaFunction,
  { canary }: Config,
  tables: Readonly<Record<Table, WardTable>>,
): void {
  const named = Object.fromEntries(Object.entries(tables).map(([table, { tableName }]) => [table, tableName]));
  handler.addEnvironment(
    'BACKED_UP_TABLES' satisfies keyof ValidationEnvironment,
    Stack.of(handler).toJsonString(named),
  );
  if (canary) handler.addEnvironment('CANARY_PATIENT' satisfies keyof ValidationEnvironment, canary);
  const restored = Stack.of(handler).formatArn({
    service: 'dynamodb',
    resource: 'table',
    resourceName: `${testTablePrefix}*`,
  });
  handler.addToRolePolicy(new PolicyStatement({ actions: [...restoredTableReads], resources: [restored] }));
  handler.addToRolePolicy(
    new PolicyStatement({
      actions: ['kms:Decrypt'],
      resources: [tables.auditIndex.key.keyArn, tables.auditLog.key.keyArn],
      conditions: { StringEquals: { 'kms:ViaService': `dynamodb.${Stack.of(handler).region}.amazonaws.com` } },
    }),
  );
  handler.addToRolePolicy(new PolicyStatement({ actions: [...restoreJobCalls], resources: ['*'] }));
  acknowledge(handler.role ?? handler, {
    [`AwsSolutions-IAM5[Resource::arn:aws:dynamodb:${Stack.of(handler).region}:${Stack.of(handler).account}:table/${testTablePrefix}*]`]:
      'AWS Backup chooses the names of the tables that it restores for a test: the policy names what they begin with',
    'AwsSolutions-IAM5[Resource::*]':
      'The calls of AWS Backup about restore jobs have no resource in IAM: they tell names, times and states',
  });
}
