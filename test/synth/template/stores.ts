import { tableShapes } from '../../../bin/doctor/tables';
import type { Stages, Synthesized } from '../assembly';
import { roleStatements, statementsOf } from '../policy';

export function describeStores({ local, production }: Pick<Stages, 'local' | 'production'>): void {
  const tables = production.data.resources('AWS::DynamoDB::GlobalTable');
  const table = (id: string) => production.data.only('AWS::DynamoDB::GlobalTable', id);
  const bucketPolicy = (stage: Synthesized) =>
    statementsOf('archive', stage.archive.only('AWS::S3::BucketPolicy').Properties.PolicyDocument);

  test('every table can be restored to any second of 35 days, and is not deleted by mistake - 45 CFR 164.308(a)(7)(ii)(A)', () => {
    expect(tables).toHaveLength(6);
    for (const [, resource] of tables)
      expect(resource).toMatchObject({
        DeletionPolicy: 'Retain',
        UpdateReplacePolicy: 'Retain',
        Properties: {
          BillingMode: 'PAY_PER_REQUEST',
          KeySchema: [
            { AttributeName: 'PK', KeyType: 'HASH' },
            { AttributeName: 'SK', KeyType: 'RANGE' },
          ],
          SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
          Replicas: [
            {
              DeletionProtectionEnabled: true,
              PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 35 },
            },
          ],
        },
      });
  });

  test('items expire by ttl in every table but that of the keys, where nothing may end by itself', () => {
    const expiring = tables.filter(([, { Properties }]) => Properties.TimeToLiveSpecification?.Enabled);
    expect(expiring).toHaveLength(5);
    for (const [, { Properties }] of expiring) expect(Properties.TimeToLiveSpecification.AttributeName).toBe('ttl');
    expect(table('RecordsKeys').Properties.TimeToLiveSpecification).toBeUndefined();
  });

  test('the doctor asks of every table for the expiry, stream and policy that the template gives it', () => {
    const outputs = new Map(Object.entries(production.data.json.Outputs ?? {}));
    const made = Object.keys(tableShapes).map((output) => {
      const value = JSON.stringify(outputs.get(output));
      const { Properties } = tables.find(([id]) => value.includes(`"${id}"`))?.[1] ?? { Properties: {} };
      const { TimeToLiveSpecification, StreamSpecification, Replicas } = Properties;
      return [
        output,
        {
          ...(TimeToLiveSpecification?.Enabled && { expires: true }),
          ...(StreamSpecification && { stream: StreamSpecification.StreamViewType }),
          ...(Replicas?.[0].ResourcePolicy && { resourcePolicy: true }),
        },
      ];
    });
    expect(Object.fromEntries(made)).toEqual(tableShapes);
    expect(made).toHaveLength(tables.length);
  });

  test('the outbox is streamed to what seals it, and is the only table that is', () => {
    const streamed = tables.filter(([, { Properties }]) => Properties.StreamSpecification);
    expect(streamed.map(([id, { Properties }]) => [id, Properties.StreamSpecification.StreamViewType])).toEqual([
      [expect.stringMatching(/^Audit[0-9A-F]{8}$/), 'NEW_IMAGE'],
    ]);
  });

  test('nobody changes or removes an audit event, administrators included - 45 CFR 164.312(b)', () => {
    const [outbox] = tables.filter(([, { Properties }]) => Properties.StreamSpecification);
    const policy = statementsOf('outbox', outbox?.[1].Properties.Replicas[0].ResourcePolicy.PolicyDocument);
    expect(policy).toHaveLength(1);
    expect(policy[0]).toMatchObject({ effect: 'Deny', principal: { AWS: '*' }, condition: {} });
    expect(policy[0]?.actions).toEqual(expect.arrayContaining(['dynamodb:DeleteItem', 'dynamodb:UpdateItem']));
    const calls = new Map<string, Set<string>>();
    for (const { where, resources, actions } of roleStatements(production.running))
      if (/Audit[0-9A-F]{8}(Arn|StreamArn)/.test(JSON.stringify(resources)))
        for (const action of actions.filter((each) => each.startsWith('dynamodb:'))) {
          const name = where.replace(/Role[0-9A-F]{8}$/, '');
          calls.set(action, (calls.get(action) ?? new Set()).add(name));
        }
    const { 'dynamodb:PutItem': appenders, ...readers } = Object.fromEntries(
      [...calls].map(([action, names]) => [action, [...names].sort()]),
    );
    expect(appenders?.length).toBeGreaterThan(30);
    expect(readers).toEqual({
      'dynamodb:GetItem': ['AuditSearch', 'RestoreValidation'],
      'dynamodb:BatchGetItem': ['AuditSearch', 'RestoreValidation'],
      'dynamodb:Query': [
        'AuditAcknowledgement',
        'Checkpointer',
        'IncidentDossier',
        'IncidentScope',
        'Reconciler',
        'Redrive',
        'RestoreReplay',
      ],
      'dynamodb:DescribeStream': ['Detector', 'Sealer'],
      'dynamodb:GetRecords': ['Detector', 'Sealer'],
      'dynamodb:GetShardIterator': ['Detector', 'Sealer'],
    });
  });

  test('who acknowledges a loss is shown how far a lane went, and no event', () => {
    const [reads, ...more] = roleStatements(production.running).filter(
      ({ where, resources, actions }) =>
        where.startsWith('AuditAcknowledgementRole') &&
        /Audit[0-9A-F]{8}Arn/.test(JSON.stringify(resources)) &&
        actions.includes('dynamodb:Query'),
    );
    expect(more).toEqual([]);
    expect(reads?.condition).toMatchObject({
      'ForAllValues:StringEquals': { 'dynamodb:Attributes': ['PK', 'SK'] },
      Null: { 'dynamodb:Attributes': 'false' },
      StringEquals: { 'dynamodb:Select': 'SPECIFIC_ATTRIBUTES' },
    });
  });

  test.each([
    ['production' as const, production, 'COMPLIANCE', 2192],
    ['development' as const, local, 'GOVERNANCE', 1],
  ])('the archive of a %s stage locks every object - 45 CFR 164.316(b)(2)(i)', (_, stage, Mode, Days) => {
    expect(stage.archive.only('AWS::S3::Bucket')).toMatchObject({
      DeletionPolicy: 'Retain',
      Properties: {
        ObjectLockEnabled: true,
        ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention: { Mode, Days } } },
      },
    });
  });

  test('documents are locked one by one, with the term that each needs', () => {
    const { Properties } = production.data.only('AWS::S3::Bucket');
    expect(Properties.ObjectLockEnabled).toBe(true);
    expect(Properties.ObjectLockConfiguration).toBeUndefined();
  });

  test('every bucket keeps all versions under its own key, is never public and answers over TLS alone - 45 CFR 164.312(e)', () => {
    for (const stack of [production.archive, production.data]) {
      expect(stack.only('AWS::S3::Bucket')).toMatchObject({
        Properties: {
          VersioningConfiguration: { Status: 'Enabled' },
          BucketEncryption: {
            ServerSideEncryptionConfiguration: [
              { BucketKeyEnabled: true, ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' } },
            ],
          },
          OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
          PublicAccessBlockConfiguration: {
            BlockPublicAcls: true,
            BlockPublicPolicy: true,
            IgnorePublicAcls: true,
            RestrictPublicBuckets: true,
          },
        },
      });
      const policy = statementsOf('bucket', stack.only('AWS::S3::BucketPolicy').Properties.PolicyDocument);
      expect(policy.filter(({ effect }) => effect === 'Allow')).toEqual([]);
      const transport = policy.filter(({ actions }) => actions.includes('s3:*')).map(({ condition }) => condition);
      expect(transport).toEqual([{ Bool: { 'aws:SecureTransport': 'false' } }]);
    }
  });

  test('in every stage an object of the archive is written under a new name alone', () => {
    for (const stage of [local, production])
      expect(bucketPolicy(stage)).toContainEqual(
        expect.objectContaining({
          effect: 'Deny',
          principal: { AWS: '*' },
          actions: ['s3:PutObject'],
          condition: { Null: { 's3:if-none-match': 'true' } },
        }),
      );
  });

  test.each([
    's3:DeleteObject',
    's3:DeleteObjectVersion',
    's3:BypassGovernanceRetention',
    's3:PutLifecycleConfiguration',
    's3:PutBucketObjectLockConfiguration',
    's3:PutBucketVersioning',
  ])('in production %s is denied to everyone in the archive - 45 CFR 164.312(c)(1)', (action) => {
    const denied = bucketPolicy(production).find(({ actions }) => actions.includes(action));
    expect(denied).toMatchObject({ effect: 'Deny', principal: { AWS: '*' }, condition: {} });
  });

  test('in production no object of the archive is kept for less, or in a mode that someone could undo', () => {
    const conditions = bucketPolicy(production)
      .filter(({ actions }) => actions.includes('s3:PutObjectRetention'))
      .map(({ actions, condition }) => ({ actions, condition }));
    const actions = ['s3:PutObject', 's3:PutObjectRetention'];
    expect(conditions).toEqual([
      {
        actions,
        condition: {
          Null: { 's3:object-lock-mode': 'false' },
          StringNotEquals: { 's3:object-lock-mode': 'COMPLIANCE' },
        },
      },
      { actions, condition: { NumericLessThan: { 's3:object-lock-remaining-retention-days': 2192 } } },
    ]);
  });

  test('in production the policy of the archive changes by a deployment alone', () => {
    const policy = bucketPolicy(production).find(({ actions }) => actions.includes('s3:PutBucketPolicy'));
    expect(policy?.actions).toEqual(
      expect.arrayContaining(['s3:DeleteBucketPolicy', 's3:PutReplicationConfiguration']),
    );
    expect(policy?.condition).toEqual({
      ArnNotEquals: {
        'aws:PrincipalArn': 'arn:aws:iam::123456789012:role/cdk-hnb659fds-cfn-exec-role-123456789012-us-east-1',
      },
    });
  });

  test('the archive needs nothing of the other stacks, so that it can be deployed first and elsewhere', () => {
    expect(JSON.stringify(production.archive.json)).not.toContain('Fn::ImportValue');
  });
}
