import { KMSClient } from '@aws-sdk/client-kms';
import { DynamoDBDocumentClient, GetCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import type { TransactItem } from '../../lambda/records/transaction';
import type { TableDefinition } from '../../local/dynamodb/definition';
import { Kms } from '../../local/kms/kms';
import { start } from '../local/dynamodb/harness';
import { ACCOUNT, credentials, REGION, Recorder, serve, temporaryDirectory } from '../local/service-server';

export const keysTable = 'keys';
export const recordsTable = 'records';
export const keyArn = `arn:aws:kms:${REGION}:${ACCOUNT}:key/patients`;

const table = (TableName: string): TableDefinition => ({
  TableName,
  KeySchema: [
    { AttributeName: 'PK', KeyType: 'HASH' },
    { AttributeName: 'SK', KeyType: 'RANGE' },
  ],
  AttributeDefinitions: [
    { AttributeName: 'PK', AttributeType: 'S' },
    { AttributeName: 'SK', AttributeType: 'S' },
  ],
});

/** The keys table, the records table and KMS of the laptop cloud, as the SDK sees them, under a clock of the test's own. */
export async function cloud() {
  const directory = temporaryDirectory();
  const recorder = new Recorder();
  const time = { now: Date.UTC(2026, 0, 15, 8, 30) };
  const kms = new Kms({
    directory: directory.path,
    authorize: recorder.authorize,
    clock: () => time.now,
    region: REGION,
    account: ACCOUNT,
  });
  kms.ensureKey('patients', { EnableKeyRotation: true });
  kms.ensureKey('another', {});
  const [server, database] = await Promise.all([serve(kms), start({}, [table(keysTable), table(recordsTable)])]);
  const client = new KMSClient({ endpoint: server.url, region: REGION, credentials, maxAttempts: 1 });
  const documents = DynamoDBDocumentClient.from(database.client);
  return {
    time,
    clock: () => new Date(time.now),
    emulator: kms,
    recorder,
    database,
    kms: client,
    documents,
    calls: (operation: 'Decrypt' | 'GenerateDataKey') => kms.calls.get(operation) ?? 0,
    transact: (...items: readonly TransactItem[]) =>
      documents.send(new TransactWriteCommand({ TransactItems: [...items] })),
    item: async (PK: string, SK: string, TableName = keysTable) =>
      (await documents.send(new GetCommand({ TableName, Key: { PK, SK }, ConsistentRead: true }))).Item,
    async close() {
      client.destroy();
      await Promise.all([server.close(), database.close()]);
      directory.remove();
    },
  };
}
export type Cloud = Awaited<ReturnType<typeof cloud>>;

/** @returns the code of the error that a promise ends with */
export async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error instanceof Error ? error.name : error;
  }
  return 'nothing was refused';
}
