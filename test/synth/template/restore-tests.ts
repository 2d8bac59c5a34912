import { declarations, type FunctionDeclaration } from '../../../lib/functions';
import { restores } from '../../../lib/functions/contingency';
import { Iam } from '../../../local/iam';
import type { Access } from '../../../local/service';
import type { synthesize } from '../assembly';
import { roleStatements, statementsOf } from '../policy';

const testBucket = 'arn:aws:s3:::awsbackup-restore-test-4f1c';
const letter = 'incidents/0b2f5e0c-6a51-4a7e-9d0f-2f0f3a3f1c55/letters/1.pdf';
/** of a put that brings a lock, as each of Ward does */
const locked = { 's3:object-lock-mode': 'COMPLIANCE' };

/** What AWS Backup restores to test it, and who may make, read and look into it. 45 CFR 164.308(a)(7)(ii)(D). */
export function describeRestoreTests({ production, resolved }: ReturnType<typeof synthesize>): void {
  const { recovery, data, running } = production;
  const { policies, arns } = resolved.production;
  const documents = [...arns].find(([name]) => /data\/DocumentsBucket/.test(name))?.[1] ?? '';
  const iam = new Iam(policies);
  const whoMay = (access: Access, by = iam): string[] =>
    policies.roles
      .filter(({ arn }) => {
        try {
          by.authorize({ kind: 'role', arn }, access);
          return true;
        } catch {
          return false;
        }
      })
      .map(({ arn }) => (/recovery-Contingency/i.test(arn) ? 'AWS Backup' : (arn.split('/ward-prod-').at(-1) ?? arn)))
      .sort();
  const selections = recovery.resources('AWS::Backup::RestoreTestingSelection').map(([, { Properties }]) => Properties);

  test('each table is restored every month under its own key', () => {
    const tables = selections.filter(({ ProtectedResourceType }) => ProtectedResourceType === 'DynamoDB');
    expect(tables).toHaveLength(data.resources('AWS::DynamoDB::GlobalTable').length);
    for (const { RestoreMetadataOverrides } of tables)
      expect(RestoreMetadataOverrides).toEqual({ encryptionType: 'KMS', kmsMasterKeyArn: expect.anything() });
    const plan = recovery.only('AWS::Backup::RestoreTestingPlan').Properties;
    expect(plan.RecoveryPointSelection.IncludeVaults).toHaveLength(2);
  });

  test('so are the documents, under their key and without access lists, for as long as they are looked into', () => {
    const [bucket, ...more] = selections.filter(({ ProtectedResourceType }) => ProtectedResourceType === 'S3');
    expect(more).toEqual([]);
    expect(bucket).toMatchObject({
      ProtectedResourceArns: [{ 'Fn::ImportValue': expect.stringMatching(/FnGetAttDocumentsBucket[0-9A-F]{8}Arn/) }],
      RestoreMetadataOverrides: {
        encryptionType: 'SSE-KMS',
        kmsKey: { 'Fn::ImportValue': expect.stringMatching(/FnGetAttDocumentsKey[0-9A-F]{8}Arn/) },
        restoreACLs: 'false',
      },
      ValidationWindowHours: 4,
    });
  });

  test('the end of either starts the function that looks', () => {
    const [rule] = running
      .resources('AWS::Events::Rule')
      .flatMap(([, { Properties }]) => (Properties.Name === 'ward-prod-restored' ? [Properties] : []));
    expect(rule.EventPattern.detail).toEqual({
      status: ['COMPLETED'],
      resourceType: ['DynamoDB', 'S3'],
      restoreTestingPlanArn: [{ exists: true }],
    });
    expect(JSON.stringify(rule.Targets[0].Arn)).toContain('RestoreValidation');
  });

  test('AWS Backup alone makes and fills test buckets', () => {
    for (const action of ['s3:CreateBucket', 's3:PutBucketVersioning', 's3:PutBucketOwnershipControls'])
      expect([action, whoMay({ action, resource: testBucket })]).toEqual([action, ['AWS Backup']]);
    for (const action of ['s3:PutObject', 's3:PutObjectTagging', 's3:DeleteObject'])
      expect([action, whoMay({ action, resource: `${testBucket}/${letter}` })]).toEqual([action, ['AWS Backup']]);
  });

  test.each([
    ['s3:PutObject', letter, ['incident-dossier', 'incident-notices', 'incident-scope']],
    ['s3:PutObjectAcl', letter, []],
    ['s3:PutObjectTagging', letter, []],
    ['s3:DeleteObject', letter, []],
    ['s3:DeleteObjectVersion', letter, []],
    ['s3:PutBucketVersioning', undefined, []],
    ['s3:PutBucketOwnershipControls', undefined, []],
  ] as const)('a restore does not go over the live documents: %s', (action, name, who) => {
    expect(documents).not.toBe('');
    const resource = name ? `${documents}/${name}` : documents;
    expect(whoMay({ action, resource, context: locked })).toEqual(who);
  });

  test('a bucket of somebody else that is named like a test’s is neither written nor read', () => {
    const elsewhere = new Iam({ ...policies, account: '999999999999' });
    const calls = [
      ['s3:PutObject', `${testBucket}/${letter}`],
      ['s3:GetObject', `${testBucket}/${letter}`],
      ['s3:ListBucket', testBucket],
      ['s3:PutBucketVersioning', testBucket],
    ] as const;
    for (const [action, resource] of calls) {
      expect(whoMay({ action, resource })).not.toEqual([]);
      expect(whoMay({ action, resource }, elsewhere)).toEqual([]);
    }
  });

  test('the function that looks reads test buckets and the folders that documents are put in, and writes to neither', () => {
    const own = roleStatements(running).filter(
      ({ where, actions }) =>
        where.startsWith('RestoreValidation') && actions.some((action) => action.startsWith('s3:')),
    );
    expect(own.map(({ actions, resources }) => [actions.join(), JSON.stringify(resources)])).toEqual([
      ['s3:ListBucket', expect.stringMatching(/archive.*DocumentsBucket[0-9A-F]{8}Arn[0-9A-F]{8}"\}\]$/)],
      ['s3:GetObject', expect.stringMatching(/DocumentsBucket.*\/incidents\/\*/)],
      ['s3:GetObject', '["arn:aws:s3:::awsbackup-restore-test-*/*"]'],
      ['s3:ListBucket', '["arn:aws:s3:::awsbackup-restore-test-*"]'],
    ]);
    expect(whoMay({ action: 's3:GetObject', resource: `${testBucket}/${letter}` })).toEqual([
      'AWS Backup',
      'restore-validation',
    ]);
    expect(whoMay({ action: 's3:GetObject', resource: `${documents}/${letter}` })).toEqual([
      'AWS Backup',
      'incident-dossier',
      'incident-notices',
      'restore-validation',
    ]);
    expect(whoMay({ action: 's3:GetObject', resource: `${documents}/other/1` })).toEqual(['AWS Backup']);
    const folders = (declarations as readonly (readonly [string, FunctionDeclaration])[]).flatMap(
      ([, { documents: granted }]) => granted?.writes ?? [],
    );
    expect(new Set(folders)).toEqual(new Set(restores['restore-validation'].documents.compares));
  });

  test('the endpoint of S3 leads to test buckets of this account, to read', () => {
    const endpoint = production.network
      ?.resources('AWS::EC2::VPCEndpoint')
      .find(([, { Properties }]) => JSON.stringify(Properties.ServiceName).includes('.s3'))?.[1];
    const statements = statementsOf('s3', endpoint?.Properties.PolicyDocument).filter(({ resources }) =>
      JSON.stringify(resources).includes('awsbackup'),
    );
    expect(statements.map(({ actions }) => actions)).toEqual([['s3:GetObject'], ['s3:ListBucket']]);
    for (const { condition } of statements)
      expect(condition['StringEquals']).toMatchObject({ 'aws:ResourceAccount': '123456789012' });
  });

  test('each use of an object of a test bucket is in the trail: it is there for days', () => {
    const trail = production.trail.only('AWS::CloudTrail::Trail').Properties;
    expect(JSON.stringify(trail.AdvancedEventSelectors)).toContain('"arn:aws:s3:::awsbackup-restore-test-"');
  });
}
