import { Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { acknowledge } from './acknowledgements';
import type { ArchiveGrant, DocumentsGrant, FunctionDeclaration, Table, TableGrant } from './functions';
import { readsIndexed } from './functions/table-grants';
import type { WardTable } from './records';

export interface Stores {
  readonly organization: string;
  readonly tables: Readonly<Record<Table, WardTable>>;
  readonly patientKey: IKey;
  readonly archive: IBucket;
  /** the archive of the stage that this one succeeds; absent: it succeeds none */
  readonly predecessor: IBucket | undefined;
  readonly documents: IBucket;
  readonly signingKeys: readonly IKey[];
  /** absent where no function of the stack calls the pool */
  readonly userPoolArn: string | undefined;
  /** absent: the stage has none */
  readonly canary: string | undefined;
  /** absent: this stage mails nothing */
  readonly mailFrom: string | undefined;
}

/** Gives a function's role what its declaration says and nothing else. 45 CFR 164.308(a)(4)(ii)(B). */
export function grant(handler: LambdaFunction, declaration: FunctionDeclaration, stores: Stores): void {
  for (const { table, ...calls } of [
    ...itemReads(declaration),
    ...others(declaration),
    ...ofSuccessor(declaration, stores),
  ])
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

  const opensNobody = declaration.ofCanary === true && stores.canary === undefined;
  for (const [action, purposes] of opensNobody ? [] : Object.entries(declaration.patientKey ?? {}))
    handler.addToRolePolicy(
      new PolicyStatement({
        actions: [`kms:${action}`],
        resources: [stores.patientKey.keyArn],
        conditions: {
          StringEquals: {
            'kms:EncryptionContext:organization': stores.organization,
            'kms:EncryptionContext:purpose': purposes,
            ...(declaration.ofCanary && { 'kms:EncryptionContext:patient': stores.canary }),
          },
        },
      }),
    );
  if (declaration.archive) grantArchive(handler, declaration.archive, stores.archive);
  if (declaration.archive?.predecessor && stores.predecessor)
    grantArchive(handler, { ...declaration.archive, writes: [] }, stores.predecessor);
  if (declaration.documents) grantDocuments(handler, declaration.documents, stores.documents);
  if (declaration.signingKey)
    handler.addToRolePolicy(
      new PolicyStatement({
        actions: declaration.signingKey.map((action) => `kms:${action}`),
        resources: stores.signingKeys.map((key) => key.keyArn),
      }),
    );
  if (declaration.mails && stores.mailFrom) grantMail(handler, stores.mailFrom);
  if (declaration.userPool && stores.userPoolArn === undefined)
    throw new Error(`${declaration.concern}: a function that the user pool calls cannot call the pool`);
  if (declaration.userPool && stores.userPoolArn)
    handler.addToRolePolicy(
      new PolicyStatement({
        actions: declaration.userPool.map((action) => `cognito-idp:${action}`),
        resources: [stores.userPoolArn],
      }),
    );
}

const readsItems = (action: string): boolean => action === 'GetItem' || action === 'BatchGetItem';

/**
 * Single items are read together, whichever module asks for them (lambda/records/consistent-reads.ts): one statement a table
 * must cover every key of the call, because IAM holds all leading keys of a BatchGetItem against one statement.
 */
function itemReads({ tables }: FunctionDeclaration): TableGrant[] {
  const reading = tables.filter(({ actions }) => actions.some(readsItems));
  return [...new Set(reading.map(({ table }) => table))].map((table) => ({
    table,
    actions: ['GetItem', 'BatchGetItem'],
    partitions: [...new Set(reading.filter((each) => each.table === table).flatMap(({ partitions }) => partitions))],
    inTransaction: false,
  }));
}

/** what a declaration grants beside the reading of single items */
function others({ tables }: FunctionDeclaration): TableGrant[] {
  return tables
    .map((each) => ({ ...each, actions: each.actions.filter((action) => !readsItems(action)) }))
    .filter(({ actions }) => actions.length > 0);
}

/** what a function is granted more in a stage that succeeds another: whether the index has that one's events */
const ofSuccessor = ({ tables, archive }: FunctionDeclaration, { predecessor }: Stores): readonly TableGrant[] =>
  predecessor && archive?.predecessor && tables.some(({ table }) => table === 'auditIndex') ? [readsIndexed] : [];

function grantArchive(
  handler: LambdaFunction,
  { reads = [], writes = [], lists = [] }: ArchiveGrant,
  archive: IBucket,
) {
  const allow = (actions: string[], resources: string[], conditions = {}) => {
    if (actions.length > 0 && resources.length > 0)
      handler.addToRolePolicy(new PolicyStatement({ actions, resources, conditions }));
  };
  const objects = (names: readonly string[]) => names.map((name) => archive.arnForObjects(name));
  allow(['s3:GetObject'], objects(reads));
  if (lists.includes('ListBucketVersions')) allow(['s3:GetObjectVersion'], objects(reads));
  allow(['s3:PutObject'], objects(writes), { Null: { 's3:if-none-match': 'false' } });
  allow(
    lists.map((action) => `s3:${action}`),
    [archive.bucketArn],
  );
  for (const name of new Set([...reads, ...writes]))
    acknowledge(handler.role ?? handler, {
      [`AwsSolutions-IAM5[Resource::${asFound(handler, archive)}/${name}]`]:
        'Objects are named by what they hold, so that nobody knows their names beforehand: the policy names their folder',
    });
  const use = [...(reads.length > 0 ? ['kms:Decrypt'] : []), ...(writes.length > 0 ? ['kms:GenerateDataKey'] : [])];
  const viaS3 = { StringEquals: { 'kms:ViaService': `s3.${Stack.of(handler).region}.amazonaws.com` } };
  const key = archive.encryptionKey?.keyArn;
  const unnamed = key?.endsWith('/*') === true;
  const { bucketArn } = archive;
  const ofBucket = { ArnLike: { 'kms:EncryptionContext:aws:s3:arn': [bucketArn, `${bucketArn}/*`] } };
  if (key) allow(use, [key], { ...viaS3, ...(unnamed && ofBucket) });
  if (unnamed)
    acknowledge(handler.role ?? handler, {
      [`AwsSolutions-IAM5[Resource::${key}]`]:
        'The archive is in another account, or another stage’s, and the id of its key is not known here: S3 alone may use it for ' +
        'the function, for this one bucket, and the policy of the key says for whom',
    });
}

/** @returns the ARN of a bucket as the rule pack spells it: the name of an export, or the ARN of one that is elsewhere */
function asFound(handler: LambdaFunction, bucket: IBucket): string {
  const plain: unknown = Stack.of(handler).resolve(bucket.bucketArn);
  if (typeof plain === 'string') return plain;
  const named: unknown = Stack.of(handler).resolve(Stack.of(bucket).exportValue(bucket.bucketArn));
  return typeof named === 'object' && named !== null && 'Fn::ImportValue' in named
    ? String(named['Fn::ImportValue'])
    : '';
}

/** What is put has its lock in the same call, and a lock can be made longer: deleting and bypassing one is granted to nobody. */
function grantDocuments(
  handler: LambdaFunction,
  { reads = [], writes = [], compares = [] }: DocumentsGrant,
  bucket: IBucket,
): void {
  const allow = (actions: string[], names: readonly string[], conditions = {}) => {
    if (names.length > 0)
      handler.addToRolePolicy(
        new PolicyStatement({ actions, resources: names.map((name) => bucket.arnForObjects(name)), conditions }),
      );
  };
  allow(['s3:GetObject', 's3:GetObjectVersion'], reads);
  allow(['s3:GetObject'], compares);
  if (compares.length > 0)
    handler.addToRolePolicy(new PolicyStatement({ actions: ['s3:ListBucket'], resources: [bucket.bucketArn] }));
  allow(['s3:PutObject'], writes, { Null: { 's3:object-lock-mode': 'false' } });
  // S3 asks for this of a put that brings its lock, too.
  allow(['s3:PutObjectRetention'], writes);
  for (const name of new Set([...reads, ...writes, ...compares]))
    acknowledge(handler.role ?? handler, {
      [`AwsSolutions-IAM5[Resource::${asFound(handler, bucket)}/${name}]`]:
        'Documents have the id of what they are about in their name: the policy names their folder',
    });
  const use = [
    ...(reads.length + compares.length > 0 ? ['kms:Decrypt'] : []),
    ...(writes.length > 0 ? ['kms:GenerateDataKey'] : []),
  ];
  if (bucket.encryptionKey)
    handler.addToRolePolicy(
      new PolicyStatement({
        actions: use,
        resources: [bucket.encryptionKey.keyArn],
        conditions: { StringEquals: { 'kms:ViaService': `s3.${Stack.of(handler).region}.amazonaws.com` } },
      }),
    );
}

/** "For all values" holds of a call that names none too, so that each statement asks for their presence as well. */
/** @returns the conditions by which calls touch no other partition or attribute, and one that names none fails */
export function conditionsOf({ actions, partitions, inTransaction, attributes }: Omit<TableGrant, 'table'>) {
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
    // A Query that names no attribute but its key would be given them all.
    ...(attributes && actions.includes('Query') && { StringEquals: { 'dynamodb:Select': 'SPECIFIC_ATTRIBUTES' } }),
    ...(inTransaction && {
      'ForAnyValue:StringEquals': { 'dynamodb:EnclosingOperation': ['TransactWriteItems'] },
    }),
  };
}

/** From one address: whoever takes over the function can write to people in Ward's name, but in no other. */
function grantMail(handler: LambdaFunction, address: string): void {
  const [, domain = ''] = address.split('@');
  handler.addToRolePolicy(
    new PolicyStatement({
      actions: ['ses:SendEmail'],
      resources: [address, domain].map((resourceName) =>
        Stack.of(handler).formatArn({ service: 'ses', resource: 'identity', resourceName }),
      ),
      conditions: { StringEquals: { 'ses:FromAddress': address } },
    }),
  );
}

const changesItems = (action: string): boolean => /^(Put|Update|Delete|BatchWrite)/.test(action);
