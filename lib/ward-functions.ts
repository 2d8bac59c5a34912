import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Construct } from 'constructs';
import type {
  ApiEnvironment,
  CheckpointEnvironment,
  DocumentsEnvironment,
  PredecessorEnvironment,
  RecordsEnvironment,
  SealingEnvironment,
} from '../lambda/environment';
import type { ArchiveStack } from './archive-stack';
import { archiveRetentionDays } from './audit';
import type { Authentication } from './authentication';
import type { Config } from './config';
import type { DataStack } from './data-stack';
import { declarations, type FunctionDeclaration, type FunctionName, type Table } from './functions';
import { grant } from './grants';
import type { Monitoring } from './monitoring';
import type { PhiNetwork } from './network';
import { PhiFunction } from './phi-function';
import { validateRestores } from './restore-validation';
import { retain } from './retention';
import { logOrigin, predecessorArchive, predecessorVariables } from './succession';

export interface WardFunctionsProps {
  readonly config: Config;
  readonly archive: ArchiveStack;
  readonly data: DataStack;
  readonly monitoring: Monitoring;
  readonly network: PhiNetwork | undefined;
  /** the folder that holds `<name>/index.js` of every function */
  readonly bundles: string;
  /** absent where the user pool calls the functions: it is made after them */
  readonly authentication?: Authentication;
}

type Caller = NonNullable<FunctionDeclaration['calledBy']>;

/** The declared functions that one kind of caller calls, each with its environment and its grants, in the scope of one stack. */
export class WardFunctions {
  readonly #functions = new Map<FunctionName, PhiFunction>();

  constructor(scope: Construct, callers: readonly Caller[], props: WardFunctionsProps) {
    const { config, archive, data, monitoring, network, bundles, authentication } = props;
    const bucket = archive.seenFrom(scope);
    const predecessor = predecessorArchive(scope, config);
    const environment = valuesOf(props, bucket.bucketName);
    for (const [name, declaration] of declarations) {
      const { concern, memoryMegabytes, timeoutSeconds, instances, calledBy = 'api' } = declaration;
      if (!callers.includes(calledBy)) continue;
      const handler = new PhiFunction(scope, constructId(name), {
        stage: config.stage,
        bundles,
        logsKey: data.logsKey,
        logProtection: data.logProtection,
        network,
        name,
        concern,
        environment: { FUNCTION: name, ...environmentOf(declaration, environment) },
        ...(memoryMegabytes && { memoryMegabytes }),
        ...(timeoutSeconds && { timeoutSeconds }),
        ...(instances && { instances }),
        ...((calledBy === 'schedule' || calledBy === 'logs') && { deadLetters: monitoring.failures }),
        ofStream: calledBy === 'stream',
        traced: calledBy === 'api',
      });
      grant(handler, declaration, {
        organization: config.organization,
        tables: data.tables,
        patientKey: data.patientKey,
        archive: bucket,
        predecessor,
        documents: data.documents,
        signingKeys: data.signingKeys,
        userPoolArn: authentication?.pool.userPoolArn,
        canary: config.canary,
        mailFrom: config.mailFrom,
      });
      if (name === 'restore-validation') validateRestores(handler, config, data);
      if (name === 'disposal') retain(handler, config);
      if (declaration.patientKey) handler.addEnvironment('LOOKUP_KEY_SECONDS', lookupKeySeconds[config.kind]);
      this.#functions.set(name, handler);
    }
  }

  /** @throws Error when no caller of this set calls it */
  named(name: FunctionName): PhiFunction {
    const found = this.#functions.get(name);
    if (!found) throw new Error(`lib/functions.ts declares no ${name} for this stack`);
    return found;
  }

  byName(): ReadonlyMap<FunctionName, PhiFunction> {
    return this.#functions;
  }

  all(): readonly PhiFunction[] {
    return [...this.#functions.values()];
  }
}

function valuesOf({ config, data, authentication }: WardFunctionsProps, archiveBucket: string): Partial<Environment> {
  return {
    ORGANIZATION: config.organization,
    ...(authentication && {
      USER_POOL_ID: authentication.pool.userPoolId,
      CLIENT_ID: authentication.client.userPoolClientId,
    }),
    AUDIT_ORIGIN: logOrigin(config),
    ...predecessorVariables(config),
    GOVERNANCE_TABLE: data.tables.governance.tableName,
    AUDIT_TABLE: data.tables.audit.tableName,
    RECORDS_TABLE: data.tables.records.tableName,
    KEYS_TABLE: data.tables.keys.tableName,
    PATIENT_KEY: data.patientKey.keyArn,
    AUDIT_INDEX_TABLE: data.tables.auditIndex.tableName,
    AUDIT_LOG_TABLE: data.tables.auditLog.tableName,
    ARCHIVE_BUCKET: archiveBucket,
    DOCUMENTS_BUCKET: data.documents.bucketName,
    DOCUMENTS_LOCK: config.kind === 'production' ? 'COMPLIANCE' : 'GOVERNANCE',
    DOCUMENTS_RETENTION_DAYS: String(config.kind === 'production' ? archiveRetentionDays : 1),
    SIGNING_KEYS: data.signingKeys.map((key) => key.keyArn).join(' '),
    FORMAT_PAGE: sha256(readFileSync(formatPage)),
    SETTINGS: sha256(JSON.stringify(Object.entries(config).sort(([a], [b]) => (a < b ? -1 : 1)))),
    STAGE: config.stage,
    ...(config.mailFrom && { MAIL_FROM: config.mailFrom }),
    SESSION_WORKFORCE_IDLE_SECONDS: String(config.sessions.workforceIdleMinutes * 60),
    SESSION_PATIENT_IDLE_SECONDS: String(config.sessions.patientIdleMinutes * 60),
    SESSION_ABSOLUTE_SECONDS: String(config.sessions.absoluteHours * 60 * 60),
    ...(config.webOrigins.length > 0 && { WEB_ORIGINS: config.webOrigins.join(' ') }),
  };
}

type Environment = RecordsEnvironment &
  DocumentsEnvironment &
  SealingEnvironment &
  CheckpointEnvironment & { readonly MAIL_FROM?: string } & Partial<PredecessorEnvironment>;
/** How long a function may go on with what it knows of the lookup keys: a rotation of them waits four times as long. */
const lookupKeySeconds = { production: '120', development: '1' } as const;
const formatPage = join(__dirname, '../docs/formats/audit-log.md');
const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');

const everyFunction = [
  'ORGANIZATION',
  'USER_POOL_ID',
  'CLIENT_ID',
  'AUDIT_ORIGIN',
  'WEB_ORIGINS',
  'SESSION_WORKFORCE_IDLE_SECONDS',
  'SESSION_PATIENT_IDLE_SECONDS',
  'SESSION_ABSOLUTE_SECONDS',
] as const satisfies readonly (keyof ApiEnvironment)[];
/** what a function reads that keeps documents */
const everyKeeper = ['DOCUMENTS_LOCK', 'DOCUMENTS_RETENTION_DAYS'] as const satisfies readonly (keyof Environment)[];
/** what a function reads that signs or verifies the log */
const everyVerifier = ['SIGNING_KEYS'] as const satisfies readonly (keyof Environment)[];
/** what a function reads that also looks into the log of the stage that its own succeeds */
const everySuccessor = [
  'PREDECESSOR_ARCHIVE',
  'PREDECESSOR_ORIGIN',
  'PREDECESSOR_FINGERPRINT',
] as const satisfies readonly (keyof PredecessorEnvironment)[];
/** what the one function reads that signs it */
const everySigner = ['FORMAT_PAGE', 'SETTINGS'] as const satisfies readonly (keyof Environment)[];
const tableVariable: Readonly<Record<Table, keyof Environment>> = {
  records: 'RECORDS_TABLE',
  keys: 'KEYS_TABLE',
  audit: 'AUDIT_TABLE',
  auditIndex: 'AUDIT_INDEX_TABLE',
  auditLog: 'AUDIT_LOG_TABLE',
  governance: 'GOVERNANCE_TABLE',
};

/** A function knows the names of what it is granted, so that environment and role cannot drift apart. */
function environmentOf(declaration: FunctionDeclaration, values: Partial<Environment>): Record<string, string> {
  const calledByApi = (declaration.calledBy ?? 'api') === 'api';
  const names = new Set<keyof Environment>([
    ...(calledByApi ? everyFunction : (['STAGE', 'AUDIT_ORIGIN'] as const)),
    ...(declaration.archive ? (['ARCHIVE_BUCKET'] as const) : []),
    ...(declaration.documents ? (['DOCUMENTS_BUCKET'] as const) : []),
    ...(declaration.documents?.writes ? everyKeeper : []),
    ...(declaration.archive?.predecessor ? everySuccessor : []),
    ...(declaration.signingKey ? everyVerifier : []),
    ...(declaration.signingKey?.includes('Sign') ? everySigner : []),
    ...declaration.tables.map(({ table }) => tableVariable[table]),
    ...(declaration.patientKey ? (['PATIENT_KEY', 'ORGANIZATION'] as const) : []),
    ...(declaration.userPool ? (['USER_POOL_ID'] as const) : []),
    ...(declaration.mails ? (['MAIL_FROM'] as const) : []),
  ]);
  const entries = [...names].map((name) => [name, values[name]] as const);
  return Object.fromEntries(
    entries.filter((entry): entry is readonly [(typeof entry)[0], string] => entry[1] !== undefined),
  );
}

/** care-team -> CareTeam */
function constructId(name: string): string {
  return name.replace(/(^|-)(\w)/g, (_, __, letter: string) => letter.toUpperCase());
}
