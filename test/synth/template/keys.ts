import { declarations } from '../../../lib/functions';
import type { Resource, Stages, Synthesized } from '../assembly';
import { keyStatements } from '../policy';

const role = (name: string) => `arn:aws:iam::123456789012:role/ward-prod-${name}`;
const opening = ['kms:Decrypt', 'kms:ReEncryptFrom', 'kms:GenerateDataKey', 'kms:CreateGrant'];

const toServicesAlone = {
  BoolIfExists: { 'kms:GrantIsForAWSResource': 'false', 'aws:PrincipalIsAWSService': 'false' },
};

export function describeKeys({ local, production, apart }: Pick<Stages, 'local' | 'production' | 'apart'>): void {
  const patientKey = production.data.only('AWS::KMS::Key', 'PatientKey');
  const statements = keyStatements('PatientKey', patientKey);
  const allowing = (action: string) =>
    statements.filter(({ effect, actions }) => effect === 'Allow' && actions.includes(action));

  test('every key waits thirty days before it is deleted and outlives its stack; all but the one that signs rotate - 45 CFR 164.312(a)(2)(iv)', () => {
    const keys = production.all.flatMap((stack) => stack.resources('AWS::KMS::Key'));
    expect(keys).toHaveLength(17);
    for (const [, key] of keys)
      expect(key).toMatchObject({
        DeletionPolicy: 'Retain',
        UpdateReplacePolicy: 'Retain',
        Properties: { PendingWindowInDays: 30 },
      });
    const unrotated = keys.filter(([, { Properties }]) => Properties.EnableKeyRotation !== true);
    expect(unrotated.map(([id]) => id)).toEqual([expect.stringMatching(/^AuditSigningKey/)]);
  });

  test('every key that bears PHI is multi-Region, for that cannot be changed later', () => {
    const single = production.all
      .flatMap((stack) => stack.resources('AWS::KMS::Key'))
      .filter(([, { Properties }]) => !Properties.MultiRegion);
    expect(single.map(([id]) => id)).toEqual([expect.stringMatching(/^LogsKey/)]);
  });

  test('no key policy gives the account everything, which would leave keys to any IAM policy', () => {
    for (const stack of production.all)
      for (const [id, key] of stack.resources('AWS::KMS::Key'))
        for (const { effect, actions } of keyStatements(id, key))
          if (effect === 'Allow') expect(actions.filter((action) => action.includes('*'))).toEqual([]);
  });

  test('the account administers every key and uses none of them but through its store', () => {
    for (const stack of production.all)
      for (const [id, key] of stack.resources('AWS::KMS::Key'))
        for (const { effect, actions, condition, principal } of keyStatements(id, key)) {
          if (effect === 'Deny' || !JSON.stringify(principal).includes(':root')) continue;
          if (!actions.some((action) => opening.includes(action))) continue;
          const bounded = JSON.stringify(condition);
          expect(bounded).toMatch(/kms:ViaService|aws:PrincipalArn/);
        }
  });

  test('patient keys are unwrapped by the functions that declare it, for their organization and purpose alone', () => {
    const purposes = new Map<string, unknown>();
    for (const { condition } of allowing('kms:Decrypt')) {
      expect(condition).toMatchObject({ StringEquals: { 'kms:EncryptionContext:organization': 'example-health' } });
      purposes.set(
        String(condition['StringEquals']?.['kms:EncryptionContext:purpose']),
        condition['ArnEquals']?.['aws:PrincipalArn'],
      );
    }
    expect(Object.fromEntries(purposes)).toEqual({
      record: [
        'registration',
        'patients',
        'search',
        'entries',
        'entry-changes',
        'lookup-rotation',
        'disposal',
        'representatives',
        'import-commit',
        'export',
        'incident-scope',
        'incident-notices',
        'restore-validation', // of the canary alone, by its role
      ].map(role),
      lookup: ['registration', 'patients', 'search', 'lookup-rotation', 'workforce-relations', 'import-commit'].map(
        role,
      ),
      import: ['imports', 'import-commit'].map(role),
      governance: ['emergency-reviews', 'incidents', 'incident-notices', 'incident-dossier', 'breach-sweep'].map(role),
    });
  });

  test('keys of records are made by what registers patients and rotates their keys alone', () => {
    const making = allowing('kms:GenerateDataKey').filter(
      ({ condition }) => condition['StringEquals']?.['kms:EncryptionContext:purpose'] === 'record',
    );
    const makers = making.flatMap(({ condition }) => condition['ArnEquals']?.['aws:PrincipalArn'] ?? []);
    expect(new Set(makers)).toEqual(new Set(['registration', 'import-commit', 'keys'].map(role)));
  });

  test('keys of every purpose are made by what seals under them; reviewers and the dossier seal no words', () => {
    const makers = (purpose: string) =>
      allowing('kms:GenerateDataKey')
        .filter(({ condition }) => condition['StringEquals']?.['kms:EncryptionContext:purpose'] === purpose)
        .flatMap(({ condition }) => condition['ArnEquals']?.['aws:PrincipalArn'] ?? []);
    expect(makers('lookup')).toEqual(
      ['registration', 'lookup-rotation', 'workforce-relations', 'import-commit'].map(role),
    );
    expect([makers('import')].flat()).toEqual(['imports'].map(role));
    expect(makers('governance')).toEqual(
      ['emergency-access', 'alerts', 'incidents', 'incident-containment', 'incident-scope', 'incident-notices'].map(
        role,
      ),
    );
  });

  test('nobody else can be let in by an IAM policy, a grant or a replica', () => {
    const guards = ['kms:ScheduleKeyDeletion', 'kms:PutKeyPolicy'];
    const denials = statements.filter(
      ({ effect, actions }) => effect === 'Deny' && !guards.some((guard) => actions.includes(guard)),
    );
    expect(denials).toEqual([
      expect.objectContaining({ principal: { AWS: '*' }, actions: ['kms:CreateGrant'], condition: toServicesAlone }),
      expect.objectContaining({
        principal: { AWS: '*' },
        actions: ['kms:Decrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*'],
        condition: {
          ArnNotEquals: {
            'aws:PrincipalArn': declarations.filter(([, { patientKey }]) => patientKey).map(([name]) => role(name)),
          },
        },
      }),
      expect.objectContaining({
        principal: { AWS: '*' },
        actions: ['kms:CreateGrant', 'kms:Encrypt'],
        condition: {},
      }),
      expect.objectContaining({ principal: { AWS: '*' }, actions: ['kms:ReplicateKey'], condition: {} }),
    ]);
  });

  test('the key that wraps patient keys is the key of no store, and each store has its own', () => {
    const tableKeys = production.data
      .resources('AWS::DynamoDB::GlobalTable')
      .map(([, { Properties }]) => JSON.stringify(Properties.Replicas[0].SSESpecification.KMSMasterKeyId));
    const bucketKeys = [production.data, production.archive]
      .map((stack) => stack.only('AWS::S3::Bucket'))
      .map(({ Properties }) =>
        JSON.stringify(
          Properties.BucketEncryption.ServerSideEncryptionConfiguration[0].ServerSideEncryptionByDefault.KMSMasterKeyID,
        ),
      );
    expect(new Set([...tableKeys, ...bucketKeys]).size).toBe(8);
    expect([...tableKeys, ...bucketKeys].join()).not.toContain('PatientKey');
  });

  test("in production nobody ends the archive's key, for the lock keeps only what it opens; a development stage can end", () => {
    const forever = { effect: 'Deny', principal: { AWS: '*' }, actions: ['kms:DisableKey', 'kms:ScheduleKeyDeletion'] };
    const of = (stage: Synthesized) => keyStatements('Key', stage.archive.only('AWS::KMS::Key'));
    expect(of(production)).toContainEqual(expect.objectContaining(forever));
    expect(of(local).filter(({ effect }) => effect === 'Deny')).toEqual([
      expect.objectContaining({ actions: ['kms:CreateGrant'], condition: toServicesAlone }),
    ]);
  });

  test('no key of Ward takes a grant but for a store of a service', () => {
    const keys = production.all.flatMap((stack) => stack.resources('AWS::KMS::Key'));
    expect(keys.length).toBeGreaterThan(10);
    for (const [id, key] of keys)
      expect(keyStatements(id, key)).toContainEqual(
        expect.objectContaining({ effect: 'Deny', actions: ['kms:CreateGrant'], condition: toServicesAlone }),
      );
  });

  test('in production nobody ends a key or writes its policy but a deployment - 45 CFR 164.310(d)(2)(i)', () => {
    const keys = production.all.flatMap((stack) => stack.resources('AWS::KMS::Key'));
    expect(keys.length).toBeGreaterThan(14);
    for (const [id, key] of keys) {
      const denied = keyStatements(id, key).filter(({ effect }) => effect === 'Deny');
      expect(denied.find(({ actions }) => actions.includes('kms:DisableKeyRotation'))).toMatchObject({
        principal: { AWS: '*' },
        actions: expect.arrayContaining(['kms:DisableKey', 'kms:ScheduleKeyDeletion']),
        condition: {},
      });
      expect(denied.find(({ actions }) => actions.includes('kms:PutKeyPolicy'))?.condition).toEqual({
        ArnNotEquals: {
          'aws:PrincipalArn': [expect.stringMatching(/role\/cdk-hnb659fds-cfn-exec-role-123456789012-us-east-1$/)],
        },
      });
    }
  });

  test('roles of the settings may end a key when it must be, but not the archive’s', () => {
    const exempt = (id: string, key: Resource) =>
      keyStatements(id, key).filter(
        ({ effect, actions }) => effect === 'Deny' && actions.includes('kms:ScheduleKeyDeletion'),
      );
    const [guard, ...others] = exempt('PatientKey', apart.data.only('AWS::KMS::Key', 'PatientKey'));
    expect(others).toEqual([]);
    expect(guard?.condition).toEqual({
      ArnNotEquals: { 'aws:PrincipalArn': ['arn:aws:iam::123456789012:role/break-glass'] },
    });
    expect(exempt('Key', apart.archive.only('AWS::KMS::Key')).map(({ condition }) => condition)).toContainEqual({});
  });

  test('keys stay in their Region where the settings say so', () => {
    for (const [, { Properties }] of apart.all.flatMap((stack) => stack.resources('AWS::KMS::Key')))
      expect(Properties.MultiRegion).toBe(false);
  });
}
