import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Stages } from '../assembly';
import { keyStatements, roleStatements, statementsOf } from '../policy';

const role = (name: string) => `arn:aws:iam::123456789012:role/ward-prod-${name}`;

export function describeAudit({ production }: Pick<Stages, 'production'>): void {
  const { running, data, archive, monitoring } = production;
  const statements = roleStatements(running);
  const bucket = statementsOf('archive', archive.only('AWS::S3::BucketPolicy').Properties.PolicyDocument);

  test('the checkpointer alone signs, with one algorithm over whole messages - 45 CFR 164.312(c)(1)', () => {
    const [id, key] = data.resources('AWS::KMS::Key').find(([name]) => name.startsWith('AuditSigningKey')) ?? [];
    expect(key?.Properties).toMatchObject({
      KeySpec: 'ECC_NIST_EDWARDS25519',
      KeyUsage: 'SIGN_VERIFY',
      MultiRegion: true,
    });
    const policy = key ? keyStatements(id ?? '', key) : [];
    const signer = { 'aws:PrincipalArn': [role('checkpointer')] };
    expect(policy.filter(({ actions }) => actions.includes('kms:Sign'))).toEqual([
      expect.objectContaining({
        effect: 'Allow',
        condition: {
          ArnEquals: signer,
          StringEquals: { 'kms:SigningAlgorithm': 'ED25519_SHA_512', 'kms:MessageType': 'RAW' },
        },
      }),
      expect.objectContaining({ effect: 'Deny', condition: { ArnNotEquals: signer } }),
    ]);
    expect(policy).toContainEqual(
      expect.objectContaining({ effect: 'Deny', actions: ['kms:CreateGrant'], condition: {} }),
    );
    const holders = statements.filter(({ actions }) => actions.includes('kms:Sign'));
    expect(holders.map(({ where }) => where.replace(/Role.*/, ''))).toEqual(['Checkpointer']);
  });

  test('the archive is written by what seals and by what signs, and by nobody else', () => {
    const writers = bucket
      .filter(({ condition }) => condition['ArnNotEquals'] && JSON.stringify(condition).includes('ward-prod-'))
      .map(({ effect, actions, resources, condition }) => [
        effect,
        actions,
        /v1\/\w+\/\*|\/\*/.exec(JSON.stringify(resources))?.[0],
        [condition['ArnNotEquals']?.['aws:PrincipalArn']].flat(),
      ]);
    expect(writers).toEqual([
      ['Deny', ['s3:PutObject'], '/*', ['sealer', 'checkpointer', 'reconciler'].map(role)],
      ['Deny', ['s3:PutObject'], 'v1/segments/*', ['sealer', 'reconciler'].map(role)],
      ['Deny', ['s3:PutObject'], 'v1/log/*', ['checkpointer'].map(role)],
    ]);
    for (const { actions, condition, resources } of statements)
      if (actions.includes('s3:PutObject') && JSON.stringify(resources).includes('ward-prod-archive'))
        expect(condition).toEqual({ Null: { 's3:if-none-match': 'false' } });
  });

  test('the stream reaches the sealer whole: what is new, halved on errors, given up to a queue', () => {
    expect(running.only('AWS::Lambda::EventSourceMapping', 'AuditOperations').Properties).toMatchObject({
      StartingPosition: 'TRIM_HORIZON',
      BisectBatchOnFunctionError: true,
      MaximumBatchingWindowInSeconds: 60,
      DestinationConfig: { OnFailure: { Destination: expect.anything() } },
      FilterCriteria: {
        Filters: [{ Pattern: '{"eventName":["INSERT"],"dynamodb":{"Keys":{"PK":{"S":[{"prefix":"LANE#"}]}}}}' }],
      },
    });
  });

  test('the same stream reaches the detector at once, which says where in a batch it failed - 45 CFR 164.308(a)(1)(ii)(D)', () => {
    const { Properties } = running.only('AWS::Lambda::EventSourceMapping', 'Detection');
    expect(Properties).toMatchObject({
      StartingPosition: 'TRIM_HORIZON',
      BisectBatchOnFunctionError: true,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      DestinationConfig: { OnFailure: { Destination: expect.anything() } },
    });
    expect(Properties).not.toHaveProperty('MaximumBatchingWindowInSeconds');
    expect(running.only('AWS::SNS::Topic', 'Detection').Properties.KmsMasterKeyId).toBeDefined();
  });

  test('a checkpoint is due every minute, a reconciliation every quarter of an hour, a verification every day', () => {
    const schedules = running
      .resources('AWS::Scheduler::Schedule')
      .filter(([id]) => id.startsWith('AuditOperations'))
      .map(([, { Properties }]) => Properties.ScheduleExpression);
    expect(schedules).toEqual(['rate(1 minute)', 'rate(15 minutes)', 'rate(1 day)']);
  });

  test('every alarm calls somebody, and its name is a heading of the runbook that says what to do', () => {
    const runbook = readFileSync(join(__dirname, '../../../docs/runbook.md'), 'utf8');
    const alarms = running.resources('AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties);
    expect(alarms.length).toBeGreaterThan(5);
    for (const { AlarmName, AlarmActions } of alarms) {
      expect(AlarmActions).toHaveLength(1);
      const heading = String(AlarmName).replace(' (ward-prod)', '');
      const section = runbook.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
      expect(`${heading}: ${section ?? 'no such heading'}`).toMatch(
        /\*\*(Description|What it means)\.\*\*[\s\S]+\*\*Investigation\.\*\*[\s\S]+\*\*Resolution\.\*\*/,
      );
    }
  });

  test('what alarms call lets CloudWatch publish, by its policy and by its key', () => {
    const [topic] = monitoring.resources('AWS::SNS::Topic').filter(([id]) => id.includes('Alarms'));
    const ref = { Ref: topic?.[0] };
    const ofCloudWatch = ({ Effect, Principal }: { Effect: string; Principal: { Service?: unknown } }) =>
      Effect === 'Allow' && Principal.Service === 'cloudwatch.amazonaws.com';
    const condition = { StringEquals: { 'aws:SourceAccount': '123456789012' } };
    const [policy] = monitoring
      .resources('AWS::SNS::TopicPolicy')
      .filter(([, { Properties }]) => JSON.stringify(Properties.Topics) === JSON.stringify([ref]));
    expect(policy?.[1].Properties.PolicyDocument.Statement.filter(ofCloudWatch)).toEqual([
      expect.objectContaining({ Action: 'sns:Publish', Resource: ref, Condition: condition }),
    ]);
    const key = topic?.[1].Properties.KmsMasterKeyId['Fn::GetAtt'][0];
    const [, made] = monitoring.resources('AWS::KMS::Key').find(([id]) => id === key) ?? [];
    expect(made?.Properties.KeyPolicy.Statement.filter(ofCloudWatch)).toEqual([
      expect.objectContaining({ Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Condition: condition }),
    ]);
  });

  test.each(['Checkpoint staleness', 'Outbox age', 'Verification failure'])(
    '%s: silence is a failure, for whoever is broken says nothing',
    (heading) => {
      const alarm = running
        .resources('AWS::CloudWatch::Alarm')
        .find(([, { Properties }]) => Properties.AlarmName === `${heading} (ward-prod)`);
      expect(alarm?.[1].Properties.TreatMissingData).toBe('breaching');
    },
  );
}
