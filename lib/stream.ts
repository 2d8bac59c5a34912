import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { acknowledge } from './acknowledgements';
import type { PhiFunction } from './phi-function';
import type { WardTable } from './records';

/** Lets a function read the stream of a table. @returns the stream's ARN. @throws Error when the table has none */
export function readsStream(handler: PhiFunction, table: WardTable, region: string): string {
  const stream = table.tableStreamArn;
  if (stream === undefined) throw new Error('the table has no stream');
  handler.addToRolePolicy(
    new PolicyStatement({
      actions: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'],
      resources: [stream],
    }),
  );
  // Lambda asks for this one too before it reads a stream, and IAM knows no resource for it.
  handler.addToRolePolicy(new PolicyStatement({ actions: ['dynamodb:ListStreams'], resources: ['*'] }));
  acknowledge(handler.role ?? handler, {
    'AwsSolutions-IAM5[Resource::*]':
      'dynamodb:ListStreams has no resource in IAM, and Lambda asks for it before it reads a stream: names of streams alone',
  });
  handler.addToRolePolicy(
    new PolicyStatement({
      actions: ['kms:Decrypt'],
      resources: [table.key.keyArn],
      conditions: { StringEquals: { 'kms:ViaService': `dynamodb.${region}.amazonaws.com` } },
    }),
  );
  return stream;
}
