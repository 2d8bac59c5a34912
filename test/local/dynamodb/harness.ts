import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { TableDefinition } from '../../../local/dynamodb/definition';
import { DynamoDb, type DynamoDbOptions } from '../../../local/dynamodb/dynamodb';
import { type Access, type Caller, ServiceError } from '../../../local/service';

const caller: Caller = { kind: 'role', arn: 'arn:aws:iam::000000000000:role/reader' };

export const region = 'us-east-1';
export const account = '000000000000';
export const arn = (rest: string): string => `arn:aws:dynamodb:${region}:${account}:${rest}`;

/** A table with a sort key, an index over `owner` and `at`, a stream of both images and TTL. */
export const records: TableDefinition = {
  TableName: 'records',
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
    { AttributeName: 'owner', AttributeType: 'S' },
    { AttributeName: 'at', AttributeType: 'N' },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: 'by-owner',
      KeySchema: [
        { AttributeName: 'owner', KeyType: 'HASH' },
        { AttributeName: 'at', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['title'] },
    },
  ],
  StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
  TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true },
};

/** A table with nothing but a partition key. */
export const keys: TableDefinition = {
  TableName: 'keys',
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
};

export interface Harness {
  readonly database: DynamoDb;
  readonly client: DynamoDBClient;
  /** what IAM was asked, in order */
  readonly asked: Access[];
  /** refuses every access for which it returns true */
  deny: (access: Access) => boolean;
  /** an operation without HTTP between, so that calls of one turn run together */
  call(operation: string, input: object): Promise<{ status: number; body: Record<string, unknown> }>;
  /** an operation as plain JSON, for what the SDK's client has no command for */
  post(operation: string, input: object): Promise<{ status: number; body: Record<string, unknown> }>;
  close(): Promise<void>;
}

/** A database behind HTTP on a free port, as the SDK sees it. */
export async function start(options: Partial<DynamoDbOptions> = {}, tables = [records, keys]): Promise<Harness> {
  const asked: Access[] = [];
  const harness = { deny: (_access: Access): boolean => false };
  const database = new DynamoDb({
    region,
    account,
    authorize: (_caller, access) => {
      asked.push(access);
      if (harness.deny(access)) throw new ServiceError('AccessDeniedException', `not authorized: ${access.action}`);
    },
    ...options,
  });
  for (const table of tables) await database.ensureTable(table);
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method = 'POST', url = '/', headers } = request;
    const reply = await database.handle({ caller, method, target: url, headers, body: Buffer.concat(chunks) });
    response.writeHead(reply.status, reply.headers).end(reply.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = new DynamoDBClient({
    region,
    endpoint,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  return Object.assign(harness, {
    database,
    client,
    asked,
    async call(operation: string, input: object) {
      const headers = { 'x-amz-target': `DynamoDB_20120810.${operation}` };
      const body = Buffer.from(JSON.stringify(input));
      const reply = await database.handle({ caller, method: 'POST', target: '/', headers, body });
      return { status: reply.status, body: JSON.parse(String(reply.body)) as Record<string, unknown> };
    },
    async post(operation: string, input: object) {
      const headers = { 'x-amz-target': `DynamoDB_20120810.${operation}` };
      const answer = await fetch(endpoint, { method: 'POST', headers, body: JSON.stringify(input) });
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
    },
    async close() {
      client.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await database.close();
    },
  });
}

/** The error that a call ends with; fails the test when it succeeds. */
export async function failure(call: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Error) return error as Error & Record<string, unknown>;
    throw error;
  }
  throw new Error('the call succeeded');
}
