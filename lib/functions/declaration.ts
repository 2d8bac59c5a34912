/** What a function may do, in words of its own: its environment, role and key policies are made from it. */

export type Table = 'records' | 'keys' | 'audit' | 'auditIndex' | 'auditLog' | 'governance';
export type TableAction =
  | 'GetItem'
  | 'BatchGetItem'
  | 'Query'
  | 'Scan'
  | 'PutItem'
  | 'UpdateItem'
  | 'DeleteItem'
  | 'BatchWriteItem'
  | 'ConditionCheckItem';

/** Calls on the items of one table whose partition key matches a pattern. */
export interface TableGrant {
  readonly table: Table;
  readonly actions: readonly TableAction[];
  /** of `dynamodb:LeadingKeys`; `*` stands for any text. A Scan has none: it names its attributes instead */
  readonly partitions: readonly string[];
  /** the calls are allowed inside TransactWriteItems alone, where the audit event is one of the items */
  readonly inTransaction: boolean;
  /** of `dynamodb:Attributes`: the calls name no other attribute of the item */
  readonly attributes?: readonly string[];
}

export type PatientKeyAction = 'Decrypt' | 'GenerateDataKey';
/** a key made for one purpose unwraps for no other */
export const keyPurposes = ['record', 'import', 'lookup', 'governance'] as const;
export type KeyPurpose = (typeof keyPurposes)[number];

type UserPoolAction =
  | 'AdminCreateUser'
  | 'AdminDeleteUser'
  | 'AdminDisableUser'
  | 'AdminEnableUser'
  | 'AdminGetUser'
  | 'AdminUserGlobalSignOut';

/** Calls on the locked archive. Nobody deletes there, and a put needs If-None-Match: docs/formats/audit-log.md. */
export interface ArchiveGrant {
  /** names, ending in `*`, of objects that may be read */
  readonly reads?: readonly string[];
  /** … that may be put under a new name */
  readonly writes?: readonly string[];
  readonly lists?: readonly ('ListBucket' | 'ListBucketVersions')[];
  /** also of the archive of the stage that this one succeeds: there to read and list, never to write */
  readonly predecessor?: true;
}

/** Calls on the documents bucket. What is put there is locked with it, and nobody deletes. */
export interface DocumentsGrant {
  /** names, ending in `*`, of objects that may be read */
  readonly reads?: readonly string[];
  /** … that may be put, each with its lock, and kept longer: S3 has one permission for both */
  readonly writes?: readonly string[];
  /** … that may be listed and read as they are now, beside what was restored of them */
  readonly compares?: readonly string[];
}

export interface FunctionDeclaration {
  readonly concern: string;
  /** what calls it; only the API's functions know the user pool. @default api */
  readonly calledBy?: 'api' | 'stream' | 'schedule' | 'logs' | 'user-pool';
  readonly tables: readonly TableGrant[];
  /** on the key that wraps patient keys: for which purposes of the encryption context */
  readonly patientKey?: Readonly<Partial<Record<PatientKeyAction, readonly KeyPurpose[]>>>;
  /** … and of one patient alone, whom the settings name; of nobody where they name none */
  readonly ofCanary?: true;
  readonly archive?: ArchiveGrant;
  readonly documents?: DocumentsGrant;
  /** of the audit log: one function signs, so that no other can vouch for a log of its own making */
  readonly signingKey?: readonly ('Sign' | 'GetPublicKey')[];
  readonly userPool?: readonly UserPoolAction[];
  /** asks CloudWatch Logs Insights about the failures that functions reported */
  readonly queriesLogs?: true;
  /** mails from the address of the stage's settings */
  readonly mails?: true;
  readonly memoryMegabytes?: number;
  readonly timeoutSeconds?: number;
  /** as many instances at once as it may have; @default `instances` of lib/phi-function.ts */
  readonly instances?: number;
}

export type FunctionDeclarations = Readonly<Record<string, FunctionDeclaration>>;
