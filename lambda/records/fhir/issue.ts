/** Why a resource was refused. */
export type FhirIssueCode =
  | 'unknown-type'
  | 'not-kept'
  | 'unknown-element'
  | 'missing'
  | 'empty'
  | 'cardinality'
  | 'type'
  | 'format'
  | 'code'
  | 'choice'
  | 'depth'
  | 'size'
  | 'narrative'
  | 'contained'
  | 'reference'
  | 'subject'
  | 'ssn'
  | 'mrn'
  | 'psychotherapy'
  | 'request'
  | 'duplicate'
  | 'patient'
  | 'bundle'
  | 'too-many';

export interface FhirIssue {
  /** FHIRPath, such as `Condition.onsetDateTime` or `Claim.item[2].net` */
  readonly path: string;
  readonly code: FhirIssueCode;
  /** names the element and what it may be; never a value, nor a name that only the input has */
  readonly message: string;
}

export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** @returns an own property; never one that the prototype lends (`constructor`, `__proto__`) */
export const own = (value: unknown, key: string): unknown =>
  isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;

export const asArray = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
