import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { DataProtectionPolicy } from 'aws-cdk-lib/aws-logs';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { Access } from './access';
import { Audit } from './audit';
import type { Config } from './config';
import { Documents } from './documents';
import { logsKey, patientKey } from './encryption';
import type { Table } from './functions';
import { LogProtection } from './log-protection';
import { Records, type WardTable } from './records';

/** What Ward keeps. Nothing here runs; nothing here is deleted with the stack. */
export class DataStack extends Stack {
  readonly tables: Readonly<Record<Table, WardTable>>;
  readonly documents: Bucket;
  readonly documentsKey: IKey;
  readonly patientKey: IKey;
  readonly logsKey: IKey;
  /** of the log groups of functions */
  readonly logProtection: DataProtectionPolicy;
  readonly signingKeys: readonly IKey[];

  constructor(scope: Construct, id: string, { config, ...props }: StackProps & { readonly config: Config }) {
    super(scope, id, { ...props, terminationProtection: config.kind === 'production' });
    const { stage } = config;
    this.patientKey = patientKey(this, 'PatientKey', config);
    this.logsKey = logsKey(this, 'LogsKey', config);
    this.logProtection = new LogProtection(this, 'LogProtection', { logsKey: this.logsKey }).policy;
    const { records, keys } = new Records(this, 'Records', { stage });
    const { governance } = new Access(this, 'Access', { stage });
    const { outbox, index, log, signingKeys } = new Audit(this, 'Audit', { config });
    this.signingKeys = signingKeys;
    const documents = new Documents(this, 'Documents', { stage });
    this.documents = documents.bucket;
    this.documentsKey = documents.key;
    this.tables = { records, keys, audit: outbox, auditIndex: index, auditLog: log, governance };

    new CfnOutput(this, 'RecordsTable', { value: records.tableName });
    new CfnOutput(this, 'KeysTable', { value: keys.tableName });
    new CfnOutput(this, 'GovernanceTable', { value: governance.tableName });
    new CfnOutput(this, 'AuditTable', { value: outbox.tableName });
    new CfnOutput(this, 'AuditIndexTable', { value: index.tableName });
    new CfnOutput(this, 'AuditLogTable', { value: log.tableName });
    new CfnOutput(this, 'PatientKeyArn', { value: this.patientKey.keyArn });
    new CfnOutput(this, 'SigningKeys', { value: signingKeys.map((key) => key.keyArn).join(' ') });
    new CfnOutput(this, 'DocumentsBucket', { value: documents.bucket.bucketName });
  }
}
