import { recoveryNames } from '../../../lib/recovery-names';
import { Iam } from '../../../local/iam';
import type { Json } from '../../../local/intrinsics';
import type { Access } from '../../../local/service';
import type { Synthesized, Template } from '../assembly';
import { roleStatements, statementsOf } from '../policy';
import { regionOf } from './recovery';

/** The second locked buckets of archive and trail. The archive of `apart` is in another account, as the replica of `cheap` is. */
export function describeReplicas({ apart, cheap }: Readonly<Record<'apart' | 'cheap', Synthesized>>): void {
  const policyOf = (stage: Synthesized, id: string) =>
    statementsOf(id, regionOf(stage).only('AWS::S3::BucketPolicy', id).Properties.PolicyDocument);
  const replicationOf = (template: Template) => template.only('AWS::S3::Bucket').Properties.ReplicationConfiguration;

  const second = {
    archive: { id: 'Replica', name: 'replica', original: (stage: Synthesized) => stage.archive },
    trail: { id: 'TrailReplica', name: 'trails', original: (stage: Synthesized) => stage.trail },
  } as const;

  test.each(Object.entries(second))(
    'the second %s is locked as the first is, under a key of its Region - 45 CFR 164.312(c)(1)',
    (_, { id, name, original }) => {
      const [first, copy] = [original(apart).only('AWS::S3::Bucket'), regionOf(apart).only('AWS::S3::Bucket', id)].map(
        ({ Properties }) => Properties,
      );
      for (const property of ['ObjectLockEnabled', 'ObjectLockConfiguration', 'VersioningConfiguration'])
        expect(copy[property]).toEqual(first[property]);
      expect(copy.ObjectLockConfiguration.Rule.DefaultRetention).toEqual({ Mode: 'COMPLIANCE', Days: 2192 });
      expect(copy.BucketName).toBe(`ward-apart-${name}-123456789012-eu-west-1`);
      const sids = policyOf(apart, id).map(({ actions, effect }) => `${effect} ${actions.join()}`);
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
      ).toContain(`alias/ward-apart-${name}`);
    },
  );

  test('the longest name of a stage leaves room for those of both buckets, in the Region with the longest', () => {
    const names = recoveryNames({
      stage: 'a'.repeat(20),
      account: '123456789012',
      recovery: { region: 'ap-southeast-2' },
    });
    for (const store of ['archive', 'trail'] as const) expect(names?.[store].bucket.length).toBeLessThanOrEqual(63);
  });

  /** of each original: its account, the role that copies it, and what may be written in its name */
  const originals = [
    ['archive of another account', apart, 'Replica', [['210987654321', 'archive', '']]],
    ['archive', cheap, 'Replica', [['123456789012', 'archive', '']]],
    [
      'trails of both accounts',
      apart,
      'TrailReplica',
      [
        ['123456789012', 'trail', 'AWSLogs/123456789012/'],
        ['210987654321', 'trail', 'AWSLogs/210987654321/'],
      ],
    ],
    ['trail', cheap, 'TrailReplica', [['123456789012', 'trail', 'AWSLogs/123456789012/']]],
  ] as const;

  test.each(originals)(
    'the role of each original alone writes there, from its account, into its folder: %s',
    (_, stage, id, expected) => {
      const name = stage === apart ? 'apart' : 'cheap';
      const writing = policyOf(stage, id).filter(({ actions }) => actions.includes('s3:ReplicateObject'));
      const bounded = writing.filter(({ condition }) => Object.keys(condition).length > 0);
      expect(
        bounded.map(({ effect, condition, principal, resources }) => [
          effect,
          condition,
          JSON.stringify(principal),
          JSON.stringify(resources),
        ]),
      ).toEqual(
        expected.flatMap(([account, store, folder]) => {
          const role = `arn:aws:iam::${account}:role/ward-${name}-${store}-replication`;
          const objects = expect.stringContaining(`"/${folder}*"`);
          return [
            ['Allow', { ArnEquals: { 'aws:PrincipalArn': role } }, expect.stringContaining(account), objects],
            ['Deny', { ArnNotEquals: { 'aws:PrincipalArn': role } }, '{"AWS":"*"}', objects],
          ];
        }),
      );
      // What lies in no folder of theirs is denied to everybody.
      const nowhereElse = writing.filter((each) => !bounded.includes(each));
      expect(nowhereElse.map(({ effect, principal }) => [effect, principal])).toEqual(
        id === 'Replica' ? [] : [['Deny', { AWS: '*' }]],
      );
    },
  );

  describe('an attack on a second bucket', () => {
    const account = '123456789012';
    const replica = 'arn:aws:s3:::ward-apart-trails-123456789012-eu-west-1';
    const name = 'AWSLogs/123456789012/CloudTrail/eu-central-1/2026/11/23/a.json.gz';
    const elsewhere = 'AWSLogs/210987654321/CloudTrail/eu-central-1/2026/11/23/a.json.gz';
    const everything: Json = {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
    };
    const role = (roleName: string) => ({
      arn: `arn:aws:iam::${account}:role/${roleName}`,
      identity: [{ name: 'everything', document: everything }],
      boundary: undefined,
      trust: undefined,
    });
    const roles = [
      'ward-apart-trail-replication',
      'ward-apart-archive-replication',
      'ward-apart-sealer',
      'Administrator',
    ];
    const iam = () =>
      new Iam({
        account,
        region: 'eu-west-1',
        roles: roles.map(role),
        resourcePolicies: [
          {
            name: 'replica',
            resource: replica,
            document: JSON.parse(
              JSON.stringify(
                regionOf(apart).only('AWS::S3::BucketPolicy', 'TrailReplica').Properties.PolicyDocument,
              ).replaceAll(/\{"Fn::GetAtt":\["TrailReplica[0-9A-F]{8}","Arn"\]\}/g, JSON.stringify(replica)),
              (_key, value) => (value?.['Fn::Join'] ? value['Fn::Join'][1].join('') : value),
            ),
          },
        ],
      });
    const whoMay = (action: string, object: string | undefined, context?: Access['context']) =>
      roles.filter((each) => {
        try {
          const resource = object === undefined ? replica : `${replica}/${object}`;
          iam().authorize({ kind: 'role', arn: role(each).arn }, { action, resource, ...(context && { context }) });
          return true;
        } catch {
          return false;
        }
      });

    test('by whoever may do everything writes nothing there: the role that copies does, and into its own folder', () => {
      expect(whoMay('s3:ReplicateObject', name)).toEqual(['ward-apart-trail-replication']);
      for (const object of [elsewhere, 'a', 'AWSLogs/a']) expect(whoMay('s3:ReplicateObject', object)).toEqual([]);
      for (const action of ['s3:PutObject', 's3:ReplicateDelete']) expect(whoMay(action, name)).toEqual([]);
    });

    test('deletes nothing, hides nothing, shortens nothing and takes no lock or copy off', () => {
      for (const action of ['s3:DeleteObject', 's3:DeleteObjectVersion', 's3:BypassGovernanceRetention'])
        expect([action, whoMay(action, name)]).toEqual([action, []]);
      const weaker = { 's3:object-lock-mode': 'COMPLIANCE', 's3:object-lock-remaining-retention-days': '1' };
      expect(whoMay('s3:PutObjectRetention', name, weaker)).toEqual([]);
      for (const action of [
        's3:DeleteBucket',
        's3:PutBucketVersioning',
        's3:PutLifecycleConfiguration',
        's3:PutBucketPolicy',
      ])
        expect([action, whoMay(action, undefined)]).toEqual([action, []]);
    });

    test('is what the policy stops: whoever may do everything still reads', () => {
      expect(whoMay('s3:GetObject', name)).toEqual(roles);
    });
  });

  test.each([
    ['archive', (stage: Synthesized) => stage.archive, 'replica'],
    ['trail', (stage: Synthesized) => stage.trail, 'trails'],
  ] as const)(
    'every object of the %s is copied within fifteen minutes, with its lock, and no deletion is',
    (_, of, name) => {
      const foreign = of(apart) === apart.archive;
      const [rule, ...others] = replicationOf(of(apart)).Rules;
      expect(others).toEqual([]);
      expect(rule).toMatchObject({
        Status: 'Enabled',
        Filter: { Prefix: '' },
        DeleteMarkerReplication: { Status: 'Disabled' },
        SourceSelectionCriteria: { SseKmsEncryptedObjects: { Status: 'Enabled' } },
        Destination: {
          Bucket: `arn:aws:s3:::ward-apart-${name}-123456789012-eu-west-1`,
          EncryptionConfiguration: { ReplicaKmsKeyID: `arn:aws:kms:eu-west-1:123456789012:alias/ward-apart-${name}` },
          ReplicationTime: { Status: 'Enabled', Time: { Minutes: 15 } },
          Metrics: { Status: 'Enabled', EventThreshold: { Minutes: 15 } },
          ...(foreign && { Account: '123456789012', AccessControlTranslation: { Owner: 'Destination' } }),
        },
      });
    },
  );

  test('the trail of the archive’s account is copied as well, from there', () => {
    const [rule] = apart.archiveTrail ? replicationOf(apart.archiveTrail).Rules : [];
    expect(rule.Destination).toMatchObject({
      Bucket: 'arn:aws:s3:::ward-apart-trails-123456789012-eu-west-1',
      Account: '123456789012',
      AccessControlTranslation: { Owner: 'Destination' },
    });
  });

  test.each([
    ['archive', cheap.archive, /^Replication/, '*', 'replica'],
    ['trail', cheap.trail, /^TrailReplication/, 'AWSLogs/123456789012/*', 'trails'],
  ] as const)(
    'the role that copies the %s reads it and its locks, writes copies, and deletes nothing',
    (_, template, role, objects, name) => {
      const statements = roleStatements(template).filter(({ where }) => role.test(where));
      expect(statements.flatMap((each) => each.actions).sort()).toEqual(
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
      for (const { actions: calls, condition, resources } of statements) {
        if (calls.some((action) => action.startsWith('kms:')))
          expect(condition['StringEquals']?.['kms:ViaService']).toMatch(/^s3\./);
        if (calls.includes('s3:ReplicateObject'))
          expect(resources).toEqual([`arn:aws:s3:::ward-cheap-${name}-345678901234-us-west-2/${objects}`]);
      }
    },
  );

  test('what is not copied is told to whoever is on call, where the archive is in the account of the stage', () => {
    const alarms = (template: Template) =>
      template.resources('AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties.MetricName);
    const both = ['ReplicationLatency', 'OperationsFailedReplication'];
    expect([alarms(cheap.recovery), alarms(cheap.trail)]).toEqual([both, both]);
    expect([alarms(apart.recovery), alarms(apart.trail)]).toEqual([[], both]);
    expect(apart.archiveTrail && alarms(apart.archiveTrail)).toEqual([]);
  });
}
