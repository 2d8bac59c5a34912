/** What every function of the API reads. */
export interface ApiEnvironment {
  /** bound into every key; a stack refuses to serve under another */
  readonly ORGANIZATION: string;
  readonly USER_POOL_ID: string;
  readonly CLIENT_ID: string;
  readonly GOVERNANCE_TABLE: string;
  readonly AUDIT_TABLE: string;
  /** names this log in every event: `ward/<organization>/<stage>` */
  readonly AUDIT_ORIGIN: string;
  /** after how long without a request a sign-in counts no more, and at the latest; seconds */
  readonly SESSION_WORKFORCE_IDLE_SECONDS: string;
  readonly SESSION_PATIENT_IDLE_SECONDS: string;
  readonly SESSION_ABSOLUTE_SECONDS: string;
  /** origins whose pages may read answers, separated by spaces; absent: none */
  readonly WEB_ORIGINS?: string;
}
/** What functions read that need to know which patients there are. */
export interface PatientsEnvironment extends ApiEnvironment {
  readonly RECORDS_TABLE: string;
}
/** What functions read that make or destroy keys. */
export interface KeysEnvironment extends ApiEnvironment {
  readonly KEYS_TABLE: string;
  /** ARN of the customer-managed key that wraps patient keys and nothing else */
  readonly PATIENT_KEY: string;
}
/** What functions read that only need to know whether there are keys. */
export interface HoldEnvironment extends ApiEnvironment {
  readonly KEYS_TABLE: string;
}
/** What functions read that open or seal records. */
export interface RecordsEnvironment extends PatientsEnvironment, KeysEnvironment {}
/** What the function reads that disposes of records. */
export interface DisposalEnvironment extends RecordsEnvironment {
  /** how long records are kept from their last entry, or from a minor's majority; years */
  readonly RETENTION_YEARS: string;
  /** years */
  readonly AGE_OF_MAJORITY: string;
}

/** What seals events reads. */
export interface SealingEnvironment {
  readonly AUDIT_INDEX_TABLE: string;
  readonly AUDIT_LOG_TABLE: string;
  readonly ARCHIVE_BUCKET: string;
  readonly STAGE: string;
}
/** What the function reads by which two people name a loss in the log. */
export interface AcknowledgementEnvironment extends ApiEnvironment {
  readonly AUDIT_LOG_TABLE: string;
}
/** What the functions read that answer from the index of the audit log and the archive. */
export interface AccessLogEnvironment extends ApiEnvironment {
  readonly AUDIT_INDEX_TABLE: string;
  readonly ARCHIVE_BUCKET: string;
}
export interface ReconciliationEnvironment extends SealingEnvironment {
  readonly AUDIT_TABLE: string;
  readonly AUDIT_ORIGIN: string;
}
export interface VerificationEnvironment {
  readonly AUDIT_TABLE: string;
  readonly AUDIT_ORIGIN: string;
  readonly ARCHIVE_BUCKET: string;
  /** ARNs of the keys that sign checkpoints, separated by spaces, each the successor of the one before it */
  readonly SIGNING_KEYS: string;
  readonly STAGE: string;
}
export interface CheckpointEnvironment
  extends VerificationEnvironment,
    Pick<RecordsEnvironment, 'GOVERNANCE_TABLE' | 'RECORDS_TABLE' | 'KEYS_TABLE'> {
  readonly AUDIT_LOG_TABLE: string;
  /** SHA-256 of docs/formats/audit-log.md as it was deployed, in hex: the genesis leaf names it */
  readonly FORMAT_PAGE: string;
  /** SHA-256 of the stage's settings, in hex: a change of them is an event */
  readonly SETTINGS: string;
}
/** What the function reads that finds a restore and replays the log over it. */
export interface RestoreEnvironment
  extends VerificationEnvironment,
    Pick<RecordsEnvironment, 'GOVERNANCE_TABLE' | 'RECORDS_TABLE' | 'KEYS_TABLE'> {}
/** How AWS Backup begins the name of a table or bucket that it restores for a test. */
export const testPrefix = 'awsbackup-restore-test-';
/** What the function reads that looks into restored tables and buckets. */
export interface ValidationEnvironment
  extends Omit<VerificationEnvironment, 'SIGNING_KEYS'>,
    Pick<RecordsEnvironment, 'GOVERNANCE_TABLE' | 'RECORDS_TABLE' | 'KEYS_TABLE' | 'ORGANIZATION' | 'PATIENT_KEY'>,
    Pick<DocumentsEnvironment, 'DOCUMENTS_BUCKET'> {
  /** ARN of the key of the documents, under which they are restored too */
  readonly DOCUMENTS_KEY: string;
  /** JSON: the name of each table by what it is for */
  readonly BACKED_UP_TABLES: string;
  /** whose record is opened from a restored table; absent: nobody's */
  readonly CANARY_PATIENT?: string;
}

/** What the function reads that counts agreements that end. */
export type AgreementsEnvironment = Pick<SweepEnvironment, 'GOVERNANCE_TABLE' | 'STAGE'>;

/** What functions read that open narratives of the governance table. */
export interface NarrativesEnvironment extends ApiEnvironment {
  readonly PATIENT_KEY: string;
}
/** What functions read that break the glass and mail the compliance officers. */
export interface AlertingEnvironment extends NarrativesEnvironment, PatientsEnvironment {}
/** What functions read that record what they are told of, outside the API. */
export type EvidenceEnvironment = Pick<ApiEnvironment, 'GOVERNANCE_TABLE' | 'AUDIT_TABLE' | 'AUDIT_ORIGIN'>;
/** What functions read that keep documents under Object Lock. */
export interface DocumentsEnvironment {
  readonly DOCUMENTS_BUCKET: string;
  /** COMPLIANCE or GOVERNANCE */
  readonly DOCUMENTS_LOCK: string;
  readonly DOCUMENTS_RETENTION_DAYS: string;
}
export interface ScopeEnvironment extends RecordsEnvironment, AccessLogEnvironment, DocumentsEnvironment {}
export interface NoticesEnvironment extends RecordsEnvironment, DocumentsEnvironment {}
export interface DossierEnvironment
  extends NarrativesEnvironment,
    AccessLogEnvironment,
    DocumentsEnvironment,
    Pick<VerificationEnvironment, 'SIGNING_KEYS'> {}
export interface SweepEnvironment extends Pick<ApiEnvironment, 'GOVERNANCE_TABLE' | 'AUDIT_TABLE' | 'AUDIT_ORIGIN'> {
  readonly USER_POOL_ID: string;
  readonly STAGE: string;
}
/** What the sweep reads that mails notices, which are sealed as narratives are. */
export interface NoticeSweepEnvironment
  extends SweepEnvironment,
    Pick<NarrativesEnvironment, 'PATIENT_KEY' | 'ORGANIZATION'> {}

/** What the detector and its sweep read. */
export interface DetectionEnvironment extends SweepEnvironment {
  /** of which the patient item alone is read: who registered somebody, and blind tokens */
  readonly RECORDS_TABLE: string;
  /** ARN of the topic that alerts are published on */
  readonly ALERT_TOPIC: string;
  /** JSON of breach/detect/settings.ts */
  readonly DETECTION_SETTINGS: string;
}

export const apiVariables = [
  'ORGANIZATION',
  'USER_POOL_ID',
  'CLIENT_ID',
  'GOVERNANCE_TABLE',
  'AUDIT_TABLE',
  'AUDIT_ORIGIN',
  'SESSION_WORKFORCE_IDLE_SECONDS',
  'SESSION_PATIENT_IDLE_SECONDS',
  'SESSION_ABSOLUTE_SECONDS',
] as const satisfies readonly (keyof ApiEnvironment)[];
export const accessLogVariables = [
  ...apiVariables,
  'AUDIT_INDEX_TABLE',
  'ARCHIVE_BUCKET',
] as const satisfies readonly (keyof AccessLogEnvironment)[];
export const acknowledgementVariables = [
  ...apiVariables,
  'AUDIT_LOG_TABLE',
] as const satisfies readonly (keyof AcknowledgementEnvironment)[];
export const patientsVariables = [
  ...apiVariables,
  'RECORDS_TABLE',
] as const satisfies readonly (keyof PatientsEnvironment)[];
export const holdVariables = [...apiVariables, 'KEYS_TABLE'] as const satisfies readonly (keyof HoldEnvironment)[];
export const keysVariables = [
  ...apiVariables,
  'KEYS_TABLE',
  'PATIENT_KEY',
] as const satisfies readonly (keyof KeysEnvironment)[];
export const recordsVariables = [
  ...patientsVariables,
  'KEYS_TABLE',
  'PATIENT_KEY',
] as const satisfies readonly (keyof RecordsEnvironment)[];

export const narrativesVariables = [
  ...apiVariables,
  'PATIENT_KEY',
] as const satisfies readonly (keyof NarrativesEnvironment)[];
export const alertingVariables = [
  ...patientsVariables,
  'PATIENT_KEY',
] as const satisfies readonly (keyof AlertingEnvironment)[];
export const evidenceVariables = [
  'GOVERNANCE_TABLE',
  'AUDIT_TABLE',
  'AUDIT_ORIGIN',
] as const satisfies readonly (keyof EvidenceEnvironment)[];
const documentsVariables = [
  'DOCUMENTS_BUCKET',
  'DOCUMENTS_LOCK',
  'DOCUMENTS_RETENTION_DAYS',
] as const satisfies readonly (keyof DocumentsEnvironment)[];
export const scopeVariables = [
  ...recordsVariables,
  ...documentsVariables,
  'AUDIT_INDEX_TABLE',
  'ARCHIVE_BUCKET',
] as const satisfies readonly (keyof ScopeEnvironment)[];
export const noticesVariables = [
  ...recordsVariables,
  ...documentsVariables,
] as const satisfies readonly (keyof NoticesEnvironment)[];
export const dossierVariables = [
  ...narrativesVariables,
  ...documentsVariables,
  'AUDIT_INDEX_TABLE',
  'ARCHIVE_BUCKET',
  'SIGNING_KEYS',
] as const satisfies readonly (keyof DossierEnvironment)[];
export const sweepVariables = [
  'GOVERNANCE_TABLE',
  'AUDIT_TABLE',
  'AUDIT_ORIGIN',
  'USER_POOL_ID',
  'STAGE',
] as const satisfies readonly (keyof SweepEnvironment)[];
export const agreementsVariables = [
  'GOVERNANCE_TABLE',
  'STAGE',
] as const satisfies readonly (keyof AgreementsEnvironment)[];
export const noticeSweepVariables = [
  ...sweepVariables,
  'PATIENT_KEY',
  'ORGANIZATION',
] as const satisfies readonly (keyof NoticeSweepEnvironment)[];

export const detectionVariables = [
  ...sweepVariables,
  'RECORDS_TABLE',
  'ALERT_TOPIC',
  'DETECTION_SETTINGS',
] as const satisfies readonly (keyof DetectionEnvironment)[];

/** @returns names of the log groups of Ward's functions, as lib/log-queries.ts writes them; none where the function may not read them */
export function logGroups(): readonly string[] {
  const stacks = (process.env['LOG_GROUPS'] ?? '').split(';');
  return stacks.flatMap((stack) => {
    const [prefix = '', ...names] = stack.split(' ');
    return names.filter((name) => name !== '').map((name) => name.replace(/^~/, prefix));
  });
}

/** @returns the verified address that Ward mails from; undefined where there is none, and nothing is mailed */
export function mailFrom(): string | undefined {
  return process.env['MAIL_FROM'];
}

/** What functions read that look into the log of the stage that theirs succeeds; all of it, or none. */
export interface PredecessorEnvironment {
  readonly PREDECESSOR_ARCHIVE: string;
  readonly PREDECESSOR_ORIGIN: string;
  readonly PREDECESSOR_FINGERPRINT: string;
}

/** Whose log a stage continues that took over from it. */
export interface Predecessor {
  /** bucket with its archive, or the replica of that */
  readonly archive: string;
  /** `ward/<organization>/<stage>` of its log */
  readonly origin: string;
  /** pinned: SHA-256 of the SubjectPublicKeyInfo of a key that signed its checkpoints, hex */
  readonly fingerprint: string;
}

/** @returns undefined where the stage succeeds none. @throws Error when a part is not set: half of the evidence is none */
export function predecessor(): Predecessor | undefined {
  const names = ['PREDECESSOR_ARCHIVE', 'PREDECESSOR_ORIGIN', 'PREDECESSOR_FINGERPRINT'] as const;
  if (names.every((name) => !process.env[name])) return undefined;
  const set = readEnvironment<PredecessorEnvironment>(...names);
  return {
    archive: set.PREDECESSOR_ARCHIVE,
    origin: set.PREDECESSOR_ORIGIN,
    fingerprint: set.PREDECESSOR_FINGERPRINT,
  };
}

/** @throws Error when a limit is no number: without limits there are no sessions */
export function sessionLimits(environment: ApiEnvironment) {
  const seconds = (name: keyof ApiEnvironment & `SESSION_${string}`): number => {
    const value = Number(environment[name]);
    if (!Number.isInteger(value) || value < 1) throw new Error(`${name} must be a number of seconds`);
    return value;
  };
  return {
    workforceIdleSeconds: seconds('SESSION_WORKFORCE_IDLE_SECONDS'),
    patientIdleSeconds: seconds('SESSION_PATIENT_IDLE_SECONDS'),
    absoluteSeconds: seconds('SESSION_ABSOLUTE_SECONDS'),
  };
}

export const sealingVariables = [
  'AUDIT_INDEX_TABLE',
  'AUDIT_LOG_TABLE',
  'ARCHIVE_BUCKET',
  'STAGE',
] as const satisfies readonly (keyof SealingEnvironment)[];
export const reconciliationVariables = [
  ...sealingVariables,
  'AUDIT_TABLE',
  'AUDIT_ORIGIN',
] as const satisfies readonly (keyof ReconciliationEnvironment)[];
export const verificationVariables = [
  'AUDIT_TABLE',
  'AUDIT_ORIGIN',
  'ARCHIVE_BUCKET',
  'SIGNING_KEYS',
  'STAGE',
] as const satisfies readonly (keyof VerificationEnvironment)[];
export const checkpointVariables = [
  ...verificationVariables,
  'AUDIT_LOG_TABLE',
  'GOVERNANCE_TABLE',
  'RECORDS_TABLE',
  'KEYS_TABLE',
  'FORMAT_PAGE',
  'SETTINGS',
] as const satisfies readonly (keyof CheckpointEnvironment)[];
export const restoreVariables = [
  ...verificationVariables,
  'GOVERNANCE_TABLE',
  'RECORDS_TABLE',
  'KEYS_TABLE',
] as const satisfies readonly (keyof RestoreEnvironment)[];
export const validationVariables = [
  'AUDIT_TABLE',
  'AUDIT_ORIGIN',
  'ARCHIVE_BUCKET',
  'STAGE',
  'GOVERNANCE_TABLE',
  'RECORDS_TABLE',
  'KEYS_TABLE',
  'ORGANIZATION',
  'PATIENT_KEY',
  'DOCUMENTS_BUCKET',
  'DOCUMENTS_KEY',
  'BACKED_UP_TABLES',
] as const satisfies readonly (keyof ValidationEnvironment)[];
export const disposalVariables = [
  ...recordsVariables,
  'RETENTION_YEARS',
  'AGE_OF_MAJORITY',
] as const satisfies readonly (keyof DisposalEnvironment)[];

/** @throws Error when a term is no number of years: without terms nothing is disposed of */
export function retentionSettings(environment: DisposalEnvironment) {
  const [years, ageOfMajority] = [Number(environment.RETENTION_YEARS), Number(environment.AGE_OF_MAJORITY)];
  if (!Number.isInteger(years) || years < 1 || !Number.isInteger(ageOfMajority) || ageOfMajority < 1)
    throw new Error('RETENTION_YEARS and AGE_OF_MAJORITY must be numbers of years');
  return { years, ageOfMajority };
}

/**
 * @returns for how many seconds an instance may go on with what it knows of the lookup keys; the function that rotates them
 *   waits twice as long before it counts on every instance
 */
export function lookupKeySeconds(): number {
  const seconds = Number(process.env['LOOKUP_KEY_SECONDS'] ?? 300);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 300)
    throw new Error('LOOKUP_KEY_SECONDS must be 1 to 300');
  return seconds;
}

/** @returns the origins of `WEB_ORIGINS`; none where it is absent */
export function webOrigins(): readonly string[] {
  return (process.env['WEB_ORIGINS' satisfies keyof ApiEnvironment] ?? '').split(' ').filter((origin) => origin !== '');
}

/** Reads a function's environment once, at load. @throws Error naming every variable that is missing */
export function readEnvironment<Environment extends object>(
  ...names: readonly (keyof Environment & string)[]
): Environment {
  const missing = names.filter((name) => !process.env[name]);
  if (missing.length > 0) throw new Error(`not set in the environment: ${missing.join(', ')}`);
  return Object.fromEntries(names.map((name) => [name, process.env[name]])) as Environment;
}
