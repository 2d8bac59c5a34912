import { Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { testPrefix, type ValidationEnvironment } from '../lambda/environment';
import { acknowledge } from './acknowledgements';
import type { Config } from './config';
import type { DataStack } from './data-stack';

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
/** How the ARNs of buckets begin that AWS Backup restores for a test. Names of buckets are global: a policy says whose as well. */
export const restoredBuckets = `arn:aws:s3:::${testPrefix}`;

/** Lets a function read what AWS Backup restores to test it, and say what it found. 45 CFR 164.308(a)(7)(ii)(D). */
export function validateRestores(handler: LambdaFunction, { canary }: Config, data: DataStack): void {
  const named = Object.fromEntries(Object.entries(data.tables).map(([table, { tableName }]) => [table, tableName]));
  const set = (name: keyof ValidationEnvironment, value: string) => handler.addEnvironment(name, value);
  set('BACKED_UP_TABLES', Stack.of(handler).toJsonString(named));
  set('DOCUMENTS_KEY', data.documentsKey.keyArn);
  if (canary) set('CANARY_PATIENT', canary);
  const { account, region } = Stack.of(handler);
  const allow = (actions: readonly string[], resources: string[], StringEquals?: Record<string, string>) =>
    handler.addToRolePolicy(
      new PolicyStatement({
        actions: [...actions],
        resources,
        ...(StringEquals && { conditions: { StringEquals } }),
      }),
    );
  const restoredTables = Stack.of(handler).formatArn({
    service: 'dynamodb',
    resource: 'table',
    resourceName: `${testPrefix}*`,
  });
  allow(restoredTableReads, [restoredTables]);
  allow(['kms:Decrypt'], [data.tables.auditIndex.key.keyArn, data.tables.auditLog.key.keyArn], {
    'kms:ViaService': `dynamodb.${region}.amazonaws.com`,
  });
  allow(['s3:GetObject'], [`${restoredBuckets}*/*`], { 'aws:ResourceAccount': account });
  allow(['s3:ListBucket'], [`${restoredBuckets}*`], { 'aws:ResourceAccount': account });
  allow(restoreJobCalls, ['*']);
  const chosen = 'AWS Backup chooses the names of what it restores for a test: the policy names what they begin with';
  acknowledge(handler.role ?? handler, {
    [`AwsSolutions-IAM5[Resource::arn:aws:dynamodb:${region}:${account}:table/${testPrefix}*]`]: chosen,
    [`AwsSolutions-IAM5[Resource::${restoredBuckets}*]`]: chosen,
    [`AwsSolutions-IAM5[Resource::${restoredBuckets}*/*]`]: chosen,
    'AwsSolutions-IAM5[Resource::*]':
      'The calls of AWS Backup about restore jobs have no resource in IAM: they tell names, times and states',
  });
}
