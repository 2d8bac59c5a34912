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
  /** origins whose pages may read answers, separated by spaces; absent: none */
  readonly WEB_ORIGINS?: string;
}
/** What functions read that need to know which patients there are. */
export interface PatientsEnvironment extends ApiEnvironment {
  readonly RECORDS_TABLE: string;
}
/** What functions read that open or seal records. */
export interface RecordsEnvironment extends PatientsEnvironment {
  readonly KEYS_TABLE: string;
  /** ARN of the customer-managed key that wraps patient keys and nothing else */
  readonly PATIENT_KEY: string;
}

export const apiVariables = [
  'ORGANIZATION',
  'USER_POOL_ID',
  'CLIENT_ID',
  'GOVERNANCE_TABLE',
  'AUDIT_TABLE',
  'AUDIT_ORIGIN',
] as const satisfies readonly (keyof ApiEnvironment)[];
export const patientsVariables = [
  ...apiVariables,
  'RECORDS_TABLE',
] as const satisfies readonly (keyof PatientsEnvironment)[];
export const recordsVariables = [
  ...patientsVariables,
  'KEYS_TABLE',
  'PATIENT_KEY',
] as const satisfies readonly (keyof RecordsEnvironment)[];

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
