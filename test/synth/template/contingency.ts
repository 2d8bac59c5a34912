import type { Stages, Template } from '../assembly';

/** logical ids that a list of ARNs imports, in the words of the exports */
const imported = (value: unknown): string => JSON.stringify(value);

export function describeContingency({ production, local }: Pick<Stages, 'production' | 'local'>): void {
  const { recovery, data } = production;
  const vaultOf = (template: Template, name: string) =>
    template
      .resources('AWS::Backup::BackupVault')
      .find(([, { Properties }]) => Properties.BackupVaultName.endsWith(name));
  const planOf = (name: string) =>
    recovery
      .resources('AWS::Backup::BackupPlan')
      .find(([, { Properties }]) => Properties.BackupPlan.BackupPlanName.endsWith(name));
  const selectionOf = (plan: string | undefined): string =>
    imported(
      recovery
        .resources('AWS::Backup::BackupSelection')
        .filter(([, { Properties }]) => imported(Properties.BackupPlanId).includes(String(plan)))
        .map(([, { Properties }]) => Properties.BackupSelection.Resources),
    );

  test('every table goes back to any second of 35 days - 45 CFR 164.308(a)(7)(ii)(A)', () => {
    const tables = data.resources('AWS::DynamoDB::GlobalTable');
    expect(tables.length).toBeGreaterThan(5);
    for (const [, { Properties }] of tables)
      expect(Properties.Replicas[0].PointInTimeRecoverySpecification).toEqual({
        PointInTimeRecoveryEnabled: true,
        RecoveryPeriodInDays: 35,
      });
  });

  test('every table and the documents are in a plan, and wrapped keys in no other than their own - 45 CFR 164.310(d)(2)(i)', () => {
    const [everything, keys] = [selectionOf(planOf('-plan')?.[0]), selectionOf(planOf('-keysplan')?.[0])];
    const stores = [...data.resources('AWS::DynamoDB::GlobalTable'), ...data.resources('AWS::S3::Bucket')];
    for (const [id] of stores) {
      const ofKeys = id.startsWith('RecordsKeys');
      expect([id, everything.includes(id), keys.includes(id)]).toEqual([id, !ofKeys, ofKeys]);
    }
  });

  test('what was disposed of is in no backup after 35 days: neither the plan nor the vault keeps wrapped keys for longer', () => {
    const rules: { Lifecycle: { DeleteAfterDays: number } }[] =
      planOf('-keysplan')?.[1].Properties.BackupPlan.BackupPlanRule;
    expect(rules.map(({ Lifecycle }) => Lifecycle)).toEqual([{ DeleteAfterDays: 35 }]);
    expect(vaultOf(recovery, '-keys')?.[1].Properties.LockConfiguration.MaxRetentionDays).toBe(35);
    const others: { RuleName: string; Lifecycle: object }[] = planOf('-plan')?.[1].Properties.BackupPlan.BackupPlanRule;
    expect(others.map(({ RuleName, Lifecycle }) => [RuleName, Lifecycle])).toEqual([
      ['Daily', { DeleteAfterDays: 35 }],
      ['Monthly', { DeleteAfterDays: 366 }],
    ]);
  });

  test('a vault is under a key of ours, and nobody deletes from it: in production root neither, after seven days', () => {
    const vaults = recovery.resources('AWS::Backup::BackupVault');
    expect(vaults).toHaveLength(2);
    for (const [, { Properties, DeletionPolicy }] of vaults) {
      expect(DeletionPolicy).toBe('Retain');
      expect(Properties.EncryptionKeyArn).toBeDefined();
      expect(Properties.LockConfiguration).toMatchObject({ MinRetentionDays: 30, ChangeableForDays: 7 });
      expect(Properties.AccessPolicy.Statement).toEqual([
        expect.objectContaining({
          Effect: 'Deny',
          Principal: { AWS: '*' },
          Action: expect.arrayContaining([
            'backup:DeleteBackupVaultAccessPolicy',
            'backup:DeleteRecoveryPoint',
            'backup:UpdateRecoveryPointLifecycle',
          ]),
        }),
        expect.objectContaining({
          Effect: 'Deny',
          Principal: { AWS: '*' },
          Action: 'backup:PutBackupVaultAccessPolicy',
          Condition: {
            ArnNotEquals: {
              'aws:PrincipalArn': 'arn:aws:iam::123456789012:role/cdk-hnb659fds-cfn-exec-role-123456789012-us-east-1',
            },
          },
        }),
      ]);
    }
    for (const [, { Properties }] of local.recovery.resources('AWS::Backup::BackupVault'))
      expect(Properties.LockConfiguration.ChangeableForDays).toBeUndefined(); // governance mode: a stage must be able to end
  });

  test('the role of AWS Backup has no managed policy, deletes no table of Ward and no recovery point', () => {
    const role = recovery.only('AWS::IAM::Role', 'ContingencyRole').Properties;
    expect(role.ManagedPolicyArns).toBeUndefined();
    const statements: { Action: string | string[]; Resource: unknown }[] = role.Policies[0].PolicyDocument.Statement;
    const deleting = statements.filter(({ Action }) => imported(Action).includes('dynamodb:DeleteTable'));
    expect(deleting.map(({ Resource }) => imported(Resource))).toEqual([
      expect.stringMatching(/^"arn:aws:dynamodb:[^"]*:table\/awsbackup-restore-test-\*"$/),
    ]);
    expect(imported(statements)).not.toContain('DeleteRecoveryPoint');
    expect(imported(statements)).not.toContain('DeleteBackup');
  });

  test('a backup, a copy or a restore that fails is told to whoever is on call, by a heading of the runbook', () => {
    const rules = recovery.resources('AWS::Events::Rule').map(([, { Properties }]) => Properties);
    expect(rules.map(({ Description }) => Description)).toEqual([
      'docs/runbook.md, "Backup failure"',
      'docs/runbook.md, "Restore test failure"',
    ]);
    expect(rules.flatMap(({ EventPattern }) => EventPattern['detail-type'])).toEqual([
      'Backup Job State Change',
      'Copy Job State Change',
      'Restore Job State Change',
    ]);
    for (const { Targets } of rules) expect(imported(Targets[0].Arn)).toContain('Alarms');
  });
}
