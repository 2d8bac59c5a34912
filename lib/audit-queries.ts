import { CfnOutput, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { CfnNamedQuery, CfnWorkGroup } from 'aws-cdk-lib/aws-athena';
import { CfnDatabase, CfnTable } from 'aws-cdk-lib/aws-glue';
import { AccountRootPrincipal, PolicyStatement, Role } from 'aws-cdk-lib/aws-iam';
import { BlockPublicAccess, Bucket, BucketEncryption, type CfnBucket, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledgements';
import type { ArchiveStack } from './archive-stack';
import { eventColumns, type NamedQuestion, namedQuestions, partitionColumns, positional } from './audit-questions';
import type { Config } from './config';
import { storeKey } from './encryption';

export interface AuditQueriesStackProps extends StackProps {
  readonly config: Config;
  readonly archive: ArchiveStack;
}

/** What one question may read: about a billion events, at the list price of Athena half a dollar. */
const scanLimitBytes = 100 * 1024 ** 3;
/** Answers hold identifiers of patients: they stay as long as somebody works on them. */
const resultDays = 7;
/** the first day that a segment can be of */
const firstDay = '2026-01-01';
const table = 'events';

/**
 * The evidence as a table for auditors: the segments themselves, found by their names, with no copy and no crawler.
 * 45 CFR 164.308(a)(1)(ii)(D), 164.312(b). A stack of its own, in the account of the archive.
 */
export class AuditQueriesStack extends Stack {
  constructor(scope: Construct, id: string, { config, archive, ...props }: AuditQueriesStackProps) {
    super(scope, id, props);
    const key = storeKey(this, 'Key', 's3', `Ward ${config.stage}: answers to questions about the audit log`);
    const results = new Bucket(this, 'Results', {
      encryption: BucketEncryption.KMS,
      encryptionKey: key,
      bucketKeyEnabled: true,
      versioned: true,
      enforceSSL: true,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      removalPolicy: RemovalPolicy.RETAIN,
      lifecycleRules: [
        {
          expiration: Duration.days(resultDays),
          noncurrentVersionExpiration: Duration.days(1),
          abortIncompleteMultipartUploadAfter: Duration.days(1),
        },
      ],
    });
    acknowledgeResults(results);
    const name = `ward_${config.stage.replaceAll('-', '_')}_audit`;
    const database = new CfnDatabase(this, 'Database', {
      catalogId: this.account,
      databaseInput: { name, description: `Ward ${config.stage}: the audit log` },
    });
    const events = eventsTable(this, name, archive.bucket.bucketName);
    events.addResourceDependency(database);
    const workgroup = new CfnWorkGroup(this, 'Workgroup', {
      name: `ward-${config.stage}-audit`,
      description: `Ward ${config.stage}: questions to the audit log`,
      workGroupConfiguration: {
        enforceWorkGroupConfiguration: true,
        publishCloudWatchMetricsEnabled: true,
        bytesScannedCutoffPerQuery: scanLimitBytes,
        engineVersion: { selectedEngineVersion: 'Athena engine version 3' },
        resultConfiguration: {
          outputLocation: results.s3UrlForObject('answers/'),
          encryptionConfiguration: { encryptionOption: 'SSE_KMS', kmsKey: key.keyArn },
          expectedBucketOwner: this.account,
        },
      },
    });
    for (const [question, each] of Object.entries<NamedQuestion>(namedQuestions)) {
      const { sql, names } = positional(each);
      const saved = new CfnNamedQuery(this, `Question-${question}`, {
        name: question,
        description: `${each.asks} Parameters in their order: ${names.join(', ')}.`,
        database: name,
        workGroup: workgroup.name,
        queryString: sql,
      });
      saved.addResourceDependency(workgroup);
      saved.addResourceDependency(events);
    }
    const role = this.auditor(config, name, workgroup.name);
    const via = { StringEquals: { 'kms:ViaService': `s3.${this.region}.amazonaws.com` } };
    const allow = (actions: string[], resources: string[], conditions = {}) =>
      role.addToPolicy(new PolicyStatement({ actions, resources, conditions }));
    allow(['s3:GetObject', 's3:GetObjectVersion'], [archive.bucket.arnForObjects('v1/*')]);
    allow(['s3:GetBucketLocation', 's3:ListBucket', 's3:ListBucketVersions'], [archive.bucket.bucketArn]);
    allow(['s3:GetBucketLocation', 's3:ListBucket', 's3:ListBucketMultipartUploads'], [results.bucketArn]);
    allow(
      ['s3:AbortMultipartUpload', 's3:GetObject', 's3:ListMultipartUploadParts', 's3:PutObject'],
      [results.arnForObjects('answers/*')],
    );
    for (const [arn, folder] of [
      [imported(this, archive), 'v1'],
      [`<${this.getLogicalId(results.node.defaultChild as CfnBucket)}.Arn>`, 'answers'],
    ])
      acknowledge(role, {
        [`AwsSolutions-IAM5[Resource::${arn}/${folder}/*]`]:
          'Objects are named by what they hold, or by Athena, so that nobody knows their names beforehand: the policy names their folder',
      });
    if (archive.bucket.encryptionKey) allow(['kms:Decrypt'], [archive.bucket.encryptionKey.keyArn], via);
    allow(['kms:Decrypt', 'kms:GenerateDataKey'], [key.keyArn], via);

    new CfnOutput(this, 'AuditDatabase', { value: name });
    new CfnOutput(this, 'AuditWorkgroup', { value: workgroup.name });
    new CfnOutput(this, 'AuditorRole', { value: role.roleArn });
    new CfnOutput(this, 'AuditRegion', { value: this.region });
  }

  /** Reads the archive and asks questions; changes nothing but its own answers. Whoever assumes it has proved a second factor. */
  private auditor(config: Config, database: string, workgroup: string): Role {
    const role = new Role(this, 'Auditor', {
      roleName: `ward-${config.stage}-auditor`,
      description: `Ward ${config.stage}: reads and verifies the audit log`,
      assumedBy: new AccountRootPrincipal().withConditions({ Bool: { 'aws:MultiFactorAuthPresent': 'true' } }),
      maxSessionDuration: Duration.hours(4),
    });
    role.addToPolicy(
      new PolicyStatement({
        actions: [
          'athena:BatchGetNamedQuery',
          'athena:GetNamedQuery',
          'athena:GetQueryExecution',
          'athena:GetQueryResults',
          'athena:GetWorkGroup',
          'athena:ListNamedQueries',
          'athena:ListQueryExecutions',
          'athena:StartQueryExecution',
          'athena:StopQueryExecution',
        ],
        resources: [this.formatArn({ service: 'athena', resource: 'workgroup', resourceName: workgroup })],
      }),
    );
    role.addToPolicy(
      new PolicyStatement({
        actions: ['glue:GetDatabase', 'glue:GetPartition', 'glue:GetPartitions', 'glue:GetTable', 'glue:GetTables'],
        resources: [
          this.formatArn({ service: 'glue', resource: 'catalog' }),
          this.formatArn({ service: 'glue', resource: 'database', resourceName: database }),
          this.formatArn({ service: 'glue', resource: 'table', resourceName: `${database}/${table}` }),
        ],
      }),
    );
    acknowledge(role, {
      'HIPAA.Security-IAMNoInlinePolicy':
        'One policy for the one role: it lives and dies with the role and nobody can attach it elsewhere',
    });
    return role;
  }
}

/** @returns the name under which the archive's stack exports the ARN of its bucket, as the rule pack spells it */
function imported(scope: Construct, archive: ArchiveStack): string {
  const named: unknown = Stack.of(scope).resolve(archive.exportValue(archive.bucket.bucketArn));
  const known = typeof named === 'object' && named !== null && 'Fn::ImportValue' in named;
  return known ? String(named['Fn::ImportValue']) : '';
}

/** Partition projection: Athena computes the partitions from the names of objects, so nobody has to tell it of a new hour. */
function eventsTable(scope: Construct, databaseName: string, bucket: string): CfnTable {
  const location = `s3://${bucket}/v1/segments/`;
  const hours = Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, '0'));
  return new CfnTable(scope, 'Events', {
    catalogId: Stack.of(scope).account,
    databaseName,
    tableInput: {
      name: table,
      description:
        'Every event of the audit log, one a line of the sealed segments; docs/auditor.md explains the columns',
      tableType: 'EXTERNAL_TABLE',
      partitionKeys: partitionColumns.map((name) => ({ name, type: 'string' })),
      parameters: {
        classification: 'json',
        compressionType: 'gzip',
        EXTERNAL: 'TRUE',
        'projection.enabled': 'true',
        'projection.dt.type': 'date',
        'projection.dt.format': 'yyyy-MM-dd',
        'projection.dt.range': `${firstDay},NOW+1DAYS`,
        'projection.dt.interval': '1',
        'projection.dt.interval.unit': 'DAYS',
        'projection.hr.type': 'enum',
        'projection.hr.values': hours.join(','),
        'storage.location.template': `${location}dt=\${dt}/hr=\${hr}/`,
      },
      storageDescriptor: {
        location,
        inputFormat: 'org.apache.hadoop.mapred.TextInputFormat',
        outputFormat: 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat',
        serdeInfo: {
          serializationLibrary: 'org.openx.data.jsonserde.JsonSerDe',
          // A line that is no event fails the question instead of dropping out of its answer.
          parameters: { 'ignore.malformed.json': 'false', 'case.insensitive': 'false' },
        },
        columns: Object.entries(eventColumns).map(([name, type]) => ({ name, type })),
      },
    },
  });
}

function acknowledgeResults(results: Bucket): void {
  const logging =
    'Server access logs cannot be written under a customer-managed key; who read an answer is in the trail of Athena, and ' +
    'the archive that it came from in the data events of the trail';
  acknowledge(results, {
    'AwsSolutions-S1': logging,
    'HIPAA.Security-S3BucketLoggingEnabled': logging,
    'HIPAA.Security-S3BucketReplicationEnabled':
      'An answer is made anew by asking again and is deleted after a week: a second copy would only keep identifiers longer',
  });
}
