import type { Synthesized, Template } from '../assembly';
import { statementsOf } from '../policy';

/** @returns the stack of the recovery Region. @throws Error where the stage has none */
export const regionOf = ({ recoveryRegion }: Synthesized): Template => {
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
  const replicationOf = (template: Template) => template.only('AWS::S3::Bucket').Properties.ReplicationConfiguration;
  const copiesOf = ({ recovery }: Synthesized) =>
    recovery
      .resources('AWS::Backup::BackupPlan')
      .flatMap(([, { Properties }]) => Properties.BackupPlan.BackupPlanRule)
      .map(({ RuleName, CopyActions }) => [RuleName, CopyActions]);

  test('without the setting nothing is copied and there is no such stack', () => {
    for (const stage of [local, production]) {
      expect(stage.recoveryRegion).toBeUndefined();
      for (const template of [stage.archive, stage.trail]) expect(replicationOf(template)).toBeUndefined();
      for (const [, copies] of copiesOf(stage)) expect(copies).toBeUndefined();
      for (const template of [stage.recovery, stage.trail])
        expect(JSON.stringify(template.json)).not.toContain('ReplicationLatency');
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
}
