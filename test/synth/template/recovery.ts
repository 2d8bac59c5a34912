import type { Synthesized, Template } from '../assembly';
import { roleStatements, statementsOf } from '../policy';

const regionOf = ({ recoveryRegion }: Synthesized): Template => {
  if (!recoveryRegion) throw new Error('the stage has no recovery Region');
  return recoveryRegion;
};

/** What is copied to another Region. `cheap` copies to another account too; the archive of `apart` is in another one. */
export function describeRecovery({
  local,
  production,
  apart,
  cheap,
}: Readonly<Record<'local' | 'production' | 'apart' | 'cheap', Synthesized>>): void {
  const policyOf = (stage: Synthesized) =>
    statementsOf('replica', regionOf(stage).only('AWS::S3::BucketPolicy').Properties.PolicyDocument);
  const replicationOf = ({ archive }: Synthesized) =>
    archive.only('AWS::S3::Bucket').Properties.ReplicationConfiguration;
  const copiesOf = ({ recovery }: Synthesized) =>
    recovery
      .resources('AWS::Backup::BackupPlan')
      .flatMap(([, { Properties }]) => Properties.BackupPlan.BackupPlanRule)
      .map(({ RuleName, CopyActions }) => [RuleName, CopyActions]);

  test('without the setting nothing is copied and there is no such stack', () => {
    for (const stage of [local, production]) {
      expect(stage.recoveryRegion).toBeUndefined();
      expect(replicationOf(stage)).toBeUndefined();
      for (const [, copies] of copiesOf(stage)) expect(copies).toBeUndefined();
      expect(JSON.stringify(stage.recovery.json)).not.toContain('ReplicationLatency');
    }
  });

  test('replicas of the keys that open and vouch have the policies of the originals, in that Region alone - 45 CFR 164.308(a)(7)(ii)(B)', () => {
    for (const stage of [local, production, apart]) expect(stage.recoveryKeys).toBeUndefined();
    const replicas = (cheap.recoveryKeys?.resources('AWS::KMS::ReplicaKey') ?? []).map(([, each]) => each);
    const originals = ['PatientKey', 'AuditSigningKey'].map((id) => cheap.data.only('AWS::KMS::Key', id));
    expect(replicas.map(({ Properties }) => Properties.PrimaryKeyArn)).toEqual(
      ['a', 'b'].map((digit) => `arn:aws:kms:us-east-1:123456789012:key/mrk-${digit.repeat(32)}`),
    );
    expect(replicas.map(({ Properties }) => Properties.KeyPolicy)).toEqual(
      originals.map(({ Properties }) => Properties.KeyPolicy),
    );
    expect(replicas.map(({ DeletionPolicy }) => DeletionPolicy)).toEqual(['Retain', 'Retain']);
    for (const { Properties } of originals) {
      const about = statementsOf('key', Properties.KeyPolicy).filter(({ actions }) =>
        actions.includes('kms:ReplicateKey'),
      );
      expect(about).toMatchObject([
        { effect: 'Allow', condition: { StringEquals: { 'kms:ReplicaRegion': 'us-west-2' } } },
        { effect: 'Deny', condition: { StringNotEquals: { 'kms:ReplicaRegion': 'us-west-2' } } },
        {
          effect: 'Deny',
          condition: {
            ArnNotEquals: { 'aws:PrincipalArn': [expect.stringMatching(/cfn-exec-role-123456789012-us-west-2$/)] },
          },
        },
      ]);
    }
    // A stage without such a Region lets nobody replicate them.
    for (const id of ['PatientKey', 'AuditSigningKey'])
      expect(statementsOf('key', production.data.only('AWS::KMS::Key', id).Properties.KeyPolicy)).toContainEqual(
        expect.objectContaining({ effect: 'Deny', actions: ['kms:ReplicateKey'], condition: {} }),
      );
  });

  test('the second archive is locked as the first is, under a key of its Region - 45 CFR 164.312(c)(1)', () => {
    const [first, second] = [apart.archive, regionOf(apart)].map(
      (template) => template.only('AWS::S3::Bucket').Properties,
    );
    for (const property of ['ObjectLockEnabled', 'ObjectLockConfiguration', 'VersioningConfiguration'])
      expect(second[property]).toEqual(first[property]);
    expect(second.ObjectLockConfiguration.Rule.DefaultRetention).toEqual({ Mode: 'COMPLIANCE', Days: 2192 });
    expect(second.BucketName).toBe('ward-apart-replica-123456789012-eu-west-1');
    const sids = policyOf(apart).map(({ actions, effect }) => `${effect} ${actions.join()}`);
    expect(sids).toEqual(
      expect.arrayContaining([
        'Deny s3:PutObject,s3:ReplicateDelete',
        'Deny s3:BypassGovernanceRetention,s3:DeleteObject,s3:DeleteObjectVersion',
      ]),
    );
    expect(
      regionOf(apart)
        .resources('AWS::KMS::Alias')
        .map(([, { Properties }]) => Properties.AliasName),
    ).toEqual(['alias/ward-apart-replica']);
  });

  test('the replication role alone writes there, from the account of the archive', () => {
    for (const [stage, role] of [
      [apart, 'arn:aws:iam::210987654321:role/ward-apart-archive-replication'],
      [cheap, 'arn:aws:iam::123456789012:role/ward-cheap-archive-replication'],
    ] as const) {
      const writing = policyOf(stage).filter(({ actions }) => actions.includes('s3:ReplicateObject'));
      expect(writing.map(({ effect, condition }) => [effect, condition])).toEqual([
        ['Allow', { ArnEquals: { 'aws:PrincipalArn': role } }],
        ['Deny', { ArnNotEquals: { 'aws:PrincipalArn': role } }],
      ]);
      const [allowed] = writing;
      expect(JSON.stringify(allowed?.principal)).toContain(role.split(':')[4]);
    }
  });

  test('every object is copied within fifteen minutes, with its lock, and no deletion is', () => {
    const [rule, ...others] = replicationOf(apart).Rules;
    expect(others).toEqual([]);
    expect(rule).toMatchObject({
      Status: 'Enabled',
      Filter: { Prefix: '' },
      DeleteMarkerReplication: { Status: 'Disabled' },
      SourceSelectionCriteria: { SseKmsEncryptedObjects: { Status: 'Enabled' } },
      Destination: {
        Bucket: 'arn:aws:s3:::ward-apart-replica-123456789012-eu-west-1',
        EncryptionConfiguration: { ReplicaKmsKeyID: 'arn:aws:kms:eu-west-1:123456789012:alias/ward-apart-replica' },
        ReplicationTime: { Status: 'Enabled', Time: { Minutes: 15 } },
        Metrics: { Status: 'Enabled', EventThreshold: { Minutes: 15 } },
        Account: '123456789012',
        AccessControlTranslation: { Owner: 'Destination' },
      },
    });
  });

  test('the role that copies reads the archive and its locks, writes copies, and deletes nothing', () => {
    const statements = roleStatements(cheap.archive).filter(({ where }) => where.startsWith('Replication'));
    const actions = statements.flatMap((each) => each.actions).sort();
    expect(actions).toEqual(
      [
        'kms:Decrypt',
        'kms:Encrypt',
        'kms:GenerateDataKey',
        's3:GetObjectLegalHold',
        's3:GetObjectRetention',
        's3:GetObjectVersionAcl',
        's3:GetObjectVersionForReplication',
        's3:GetObjectVersionTagging',
        's3:GetReplicationConfiguration',
        's3:ListBucket',
        's3:ObjectOwnerOverrideToBucketOwner',
        's3:ReplicateObject',
        's3:ReplicateTags',
      ].sort(),
    );
    for (const { actions: calls, condition } of statements)
      if (calls.some((action) => action.startsWith('kms:')))
        expect(condition['StringEquals']?.['kms:ViaService']).toMatch(/^s3\./);
  });

  test('each plan copies into a locked vault there, wrapped keys for 35 days at most - 45 CFR 164.310(d)(2)(i)', () => {
    const vaults = 'arn:aws:backup:us-west-2:345678901234:backup-vault:ward-cheap-recovery';
    const copy = (DestinationBackupVaultArn: string, DeleteAfterDays: number) => [
      { DestinationBackupVaultArn, Lifecycle: { DeleteAfterDays } },
    ];
    expect(copiesOf(cheap)).toEqual([
      ['Daily', copy(vaults, 35)],
      ['Monthly', copy(vaults, 366)],
      ['Daily', copy(`${vaults}-keys`, 35)],
    ]);
    for (const stage of [apart, cheap]) {
      const found = regionOf(stage)
        .resources('AWS::Backup::BackupVault')
        .map(([, { Properties }]) => Properties);
      expect(found.map(({ LockConfiguration }) => LockConfiguration.MaxRetentionDays).sort()).toEqual([35, 366]);
      // From another account a vault must let the stage in.
      const copiers = found.map(({ AccessPolicy }) => JSON.stringify(AccessPolicy).includes('CopyIntoBackupVault'));
      expect(copiers).toEqual([stage === cheap, stage === cheap]);
    }
  });

  test('what is not copied is told to whoever is on call, where the archive is in the account of the stage', () => {
    const alarms = (stage: Synthesized) =>
      stage.recovery.resources('AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties.MetricName);
    expect(alarms(cheap)).toEqual(['ReplicationLatency', 'OperationsFailedReplication']);
    expect(alarms(apart)).toEqual([]);
  });
}
