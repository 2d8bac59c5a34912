import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Stages, Template } from '../assembly';
import { keyStatements, statementsOf } from '../policy';

const runbook = readFileSync(join(__dirname, '../../../docs/runbook.md'), 'utf8');
interface Selector {
  readonly Name: string;
  readonly FieldSelectors: readonly {
    readonly Field: string;
    readonly Equals?: readonly unknown[];
    readonly StartsWith?: readonly unknown[];
    readonly NotEquals?: readonly unknown[];
    readonly NotStartsWith?: readonly unknown[];
  }[];
}

export function describeTrail({
  local,
  production,
  apart,
  cheap,
}: Pick<Stages, 'local' | 'production' | 'apart' | 'cheap'>): void {
  const { trail } = production;
  const selectors: readonly Selector[] = trail.only('AWS::CloudTrail::Trail').Properties.AdvancedEventSelectors;
  const selector = (name: string) => selectors.find(({ Name }) => Name === name)?.FieldSelectors ?? [];
  const rules = (template: Template) => template.resources('AWS::Events::Rule').map(([, { Properties }]) => Properties);
  const calls = (template: Template): readonly string[] =>
    rules(template).flatMap(({ EventPattern }) => EventPattern.detail?.eventName ?? []);

  test('the trail is of all Regions, validates itself and is encrypted under a key of its own - 45 CFR 164.312(b)', () => {
    expect(trail.only('AWS::CloudTrail::Trail').Properties).toMatchObject({
      IsLogging: true,
      IsMultiRegionTrail: true,
      IncludeGlobalServiceEvents: true,
      EnableLogFileValidation: true,
      KMSKeyId: { 'Fn::GetAtt': [expect.stringMatching(/^TrailKey/), 'Arn'] },
    });
  });

  test('management events are all there, calls on keys included', () => {
    expect(selector('Management')).toEqual([{ Field: 'eventCategory', Equals: ['Management'] }]);
    for (const { FieldSelectors } of selectors)
      for (const { NotEquals, NotStartsWith } of FieldSelectors)
        expect([NotEquals, NotStartsWith]).toEqual([undefined, undefined]);
  });

  test('every use of an object of archive and documents, and of an item of every table, is in it', () => {
    const where = (name: string) => selector(name).find(({ Field }) => Field === 'resources.ARN');
    expect(where('Objects')?.StartsWith).toHaveLength(3); // … and of what a test restores
    expect(where('Items')?.Equals).toHaveLength(production.data.resources('AWS::DynamoDB::GlobalTable').length);
    expect(selector('TheTrailItself')).toContainEqual({ Field: 'readOnly', Equals: ['true'] });
  });

  test.each([
    ['production' as const, production, 'COMPLIANCE', 2192],
    ['development' as const, local, 'GOVERNANCE', 1],
  ])('its bucket is locked as the archive is, in %s', (_, stage, Mode, Days) => {
    expect(stage.trail.only('AWS::S3::Bucket').Properties).toMatchObject({
      ObjectLockEnabled: true,
      ObjectLockConfiguration: { Rule: { DefaultRetention: { Mode, Days } } },
    });
  });

  test('CloudTrail writes there for this one trail, and nobody deletes', () => {
    const policy = statementsOf('trail', trail.only('AWS::S3::BucketPolicy').Properties.PolicyDocument);
    const service = policy.filter(({ effect }) => effect === 'Allow');
    expect(service.map(({ actions }) => actions)).toEqual([['s3:GetBucketAcl'], ['s3:PutObject']]);
    for (const { principal, condition } of service) {
      expect(principal).toEqual({ Service: 'cloudtrail.amazonaws.com' });
      expect(condition).toEqual({
        StringEquals: { 'aws:SourceArn': 'arn:aws:cloudtrail:us-east-1:123456789012:trail/ward-prod' },
      });
    }
    expect(policy.find(({ actions }) => actions.includes('s3:DeleteObjectVersion'))).toMatchObject({
      effect: 'Deny',
      principal: { AWS: '*' },
    });
    expect(JSON.stringify(keyStatements('trail', trail.only('AWS::KMS::Key')))).toContain('cloudtrail.amazonaws.com');
  });

  test.each([
    'DisableKey',
    'ScheduleKeyDeletion',
    'PutKeyPolicy',
    'PutBucketPolicy',
    'PutBucketObjectLockConfiguration',
    'DeleteTable',
    'UpdateContinuousBackups',
    'SetUserPoolMfaConfig',
    'UpdateUserPool',
    'StopLogging',
    'DeleteTrail',
    'PutEventSelectors',
    'PutRolePolicy',
    'AttachRolePolicy',
    'UpdateAssumeRolePolicy',
    'DisassociateWebACL',
    'DeleteFlowLogs',
    'DisassociateFirewallRuleGroup',
    'DeleteRule',
    'PutRule',
    'PutTargets',
    'PutMetricAlarm',
    'Unsubscribe',
    'DeleteTopic',
    'SetTopicAttributes',
    'PutBackupVaultAccessPolicy',
    'DeleteBackupVaultLockConfiguration',
    'UpdateBackupPlan',
    'CreatePolicyVersion',
    'SetDefaultPolicyVersion',
    'ExportTableToPointInTime',
    'UpdateStage',
    'ReplicateKey',
    'DeleteBucketPublicAccessBlock', // as CloudTrail spells what the API calls DeletePublicAccessBlock
  ])('somebody is told of %s - 45 CFR 164.308(a)(1)(ii)(D)', (call) => {
    expect(calls(trail)).toContain(call);
  });

  test('roles and policies that deploy are watched like Ward’s own', () => {
    const of = (call: string) =>
      rules(trail)
        .filter(({ EventPattern }) => EventPattern.detail?.eventName?.includes(call))
        .map(({ EventPattern }) => EventPattern.detail.requestParameters);
    expect(of('UpdateAssumeRolePolicy')).toEqual([
      {
        roleName: [
          { prefix: 'ward-prod-' },
          { prefix: 'cdk-hnb659fds-' },
          'OrganizationAccountAccessRole',
          'WardPipeline',
        ],
      },
    ]);
    expect(of('SetDefaultPolicyVersion')).toEqual([
      {
        policyArn: [
          { wildcard: 'arn:aws:iam::*:policy/ward-prod-*' },
          { wildcard: 'arn:aws:iam::*:policy/cdk-hnb659fds-*' },
        ],
      },
    ]);
  });

  test('a rule of Ward and its targets are watched, those that AWS Backup makes for itself are not', () => {
    const [pattern] = rules(trail).flatMap(({ EventPattern }) =>
      EventPattern.detail?.eventName?.includes('PutTargets') ? [EventPattern.detail.requestParameters] : [],
    );
    expect(pattern).toEqual({ $or: [{ name: [{ prefix: 'ward-prod-' }] }, { rule: [{ prefix: 'ward-prod-' }] }] });
  });

  test('each rule goes to the alarms, has a heading in the runbook, and tells nothing of what the call was about', () => {
    expect(rules(trail).length).toBeGreaterThan(10);
    for (const { Description, Targets } of [...rules(trail), ...rules(apart.trail)]) {
      const heading = /^docs\/runbook\.md, "(.+)"$/.exec(Description)?.[1];
      expect(runbook).toContain(`\n## ${heading}\n`);
      expect(Targets).toHaveLength(1);
      expect(JSON.stringify(Targets[0].Arn)).toMatch(/MonitoringAlarms/);
      expect(JSON.stringify(Targets[0].InputTransformer.InputPathsMap)).not.toMatch(
        /requestParameters|responseElements/,
      );
    }
  });

  test('EventBridge may publish alarms, and use the key of the topic', () => {
    const topic = statementsOf('topic', production.monitoring.only('AWS::SNS::TopicPolicy').Properties.PolicyDocument);
    expect(topic).toContainEqual(
      expect.objectContaining({
        effect: 'Allow',
        principal: { Service: 'events.amazonaws.com' },
        actions: ['sns:Publish'],
      }),
    );
    const key = keyStatements('topic', production.monitoring.only('AWS::KMS::Key', 'MonitoringAlarmsKey'));
    expect(key).toContainEqual(expect.objectContaining({ principal: { Service: 'events.amazonaws.com' } }));
  });

  test('a stage elsewhere hears of roles too, which IAM tells in one Region alone', () => {
    expect(production.globalEvents).toBeUndefined();
    if (!apart.globalEvents) throw new Error('no stack in the global Region');
    expect(rules(apart.globalEvents)).toHaveLength(2);
    for (const { EventPattern, Targets } of rules(apart.globalEvents)) {
      expect(EventPattern.source).toEqual(['aws.iam']);
      expect(Targets[0].Arn).toBe('arn:aws:events:eu-central-1:123456789012:event-bus/default');
    }
  });

  test('what happens to the archive in its own account, and to the copies in the recovery Region, is told at home', () => {
    const sources = (template: Template | undefined) =>
      new Set((template ? rules(template) : []).flatMap(({ EventPattern }) => EventPattern.source));
    expect(sources(apart.archiveTrail)).toEqual(
      new Set(['aws.backup', 'aws.cloudtrail', 'aws.events', 'aws.iam', 'aws.kms', 'aws.s3']),
    );
    expect(sources(apart.recoveryRegion)).toEqual(new Set(['aws.backup', 'aws.events', 'aws.kms', 'aws.s3']));
    for (const template of [apart.archiveTrail, apart.recoveryRegion])
      for (const { Targets } of template ? rules(template) : [])
        expect(Targets[0].Arn).toBe('arn:aws:events:eu-central-1:123456789012:event-bus/default');
    expect(apart.trail.only('AWS::Events::EventBusPolicy').Properties.Statement).toEqual({
      Effect: 'Allow',
      Principal: { AWS: 'arn:aws:iam::210987654321:root' },
      Action: 'events:PutEvents',
      Resource: 'arn:aws:events:eu-central-1:123456789012:event-bus/default',
    });
    expect(trail.resources('AWS::Events::EventBusPolicy')).toEqual([]);
    // A third account has no trail, so nothing would be heard.
    expect(sources(cheap.recoveryRegion)).toEqual(new Set());
  });

  test('each use of the second archive is in the trail of its account', () => {
    const watched = (template: Template) =>
      JSON.stringify(template.only('AWS::CloudTrail::Trail').Properties.AdvancedEventSelectors);
    expect(watched(apart.trail)).toContain('arn:aws:s3:::ward-apart-replica-123456789012-eu-west-1/');
    expect(watched(cheap.trail)).not.toContain('replica');
    // Of the second trail reads alone: what is copied there would be recorded for ever.
    const itself = apart.trail
      .only('AWS::CloudTrail::Trail')
      .Properties.AdvancedEventSelectors.filter((each: Selector) =>
        JSON.stringify(each).includes('ward-apart-trails-'),
      );
    expect(itself.map(({ Name }: Selector) => Name)).toEqual(['TheTrailItself']);
    expect(watched(cheap.trail)).not.toContain('trails');
  });

  test('GuardDuty and Security Hub are on where the settings say so, and are heard', () => {
    expect(trail.resources('AWS::GuardDuty::Detector')).toEqual([]);
    expect(trail.resources('AWS::SecurityHub::Hub')).toEqual([]);
    expect(apart.trail.only('AWS::GuardDuty::Detector').Properties.Enable).toBe(true);
    expect(apart.trail.resources('AWS::SecurityHub::Standard')).toHaveLength(2);
    const sources = rules(apart.trail).flatMap(({ EventPattern }) => EventPattern.source);
    expect(sources).toEqual(expect.arrayContaining(['aws.guardduty', 'aws.securityhub']));
  });

  test('an archive in another account lets the functions in that declare it, by role, and has a trail there', () => {
    const bucket = apart.archive.only('AWS::S3::Bucket').Properties.BucketName;
    expect(bucket).toBe('ward-prod-archive-210987654321-eu-central-1'.replace('prod', 'apart'));
    const policy = statementsOf('archive', apart.archive.only('AWS::S3::BucketPolicy').Properties.PolicyDocument);
    const let_in = policy.filter(({ effect }) => effect === 'Allow');
    const users = (action: string) =>
      let_in
        .filter(({ actions }) => actions.includes(action))
        .flatMap(({ condition }) => condition['ArnEquals']?.['aws:PrincipalArn']);
    for (const { principal, actions } of let_in) {
      expect(principal).toEqual({ AWS: 'arn:aws:iam::123456789012:root' });
      expect(actions.filter((action) => /\*|Delete|Bypass/.test(action))).toEqual([]);
    }
    expect(users('s3:PutObject').flat().sort()).toEqual(
      ['checkpointer', 'reconciler', 'sealer'].map((name) => `arn:aws:iam::123456789012:role/ward-apart-${name}`),
    );
    const key = keyStatements('archive', apart.archive.only('AWS::KMS::Key'));
    expect(key).toContainEqual(
      expect.objectContaining({
        effect: 'Allow',
        principal: { AWS: 'arn:aws:iam::123456789012:root' },
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        condition: expect.objectContaining({ StringEquals: { 'kms:ViaService': 's3.eu-central-1.amazonaws.com' } }),
      }),
    );
    expect(JSON.stringify(apart.running.json)).not.toContain('ward-apart-archive:Exports');
    expect(JSON.stringify(apart.running.json)).toContain(`arn:aws:s3:::${bucket}/v1/segments/*`);
    expect(apart.archiveTrail?.resources('AWS::CloudTrail::Trail')).toHaveLength(1);
  });
}
