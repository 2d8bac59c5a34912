import { checkAddress } from './fhir/address';
import { type FhirIssue, isObject, own } from './fhir/issue';
import { categoryOf, isImportable, subjectPathOf } from './fhir/mapping';
import { subjectIssues } from './fhir/references';
import { paymentIssues } from './fhir/split';
import { ssnIssues } from './fhir/ssn';
import { validateResource } from './fhir/validate';
import { InputError } from './input-error';
import { type Category, isStructured } from './model';

/** How a resource may refer to the patient it is about. */
export interface SubjectNames {
  /** Ward's id, as in `Patient/<id>` */
  readonly patientId: string;
  /** as the entry's version before did, which an import stored: `urn:uuid:…` */
  readonly patientFullUrl?: string;
}

/**
 * Checks what is written to an entry: a FHIR R4 resource of the category and about the patient, or a plain object.
 * @param patient absent while the patient is being registered and nobody can refer to it yet
 */
export function checkEntry(category: Category, value: unknown, patient?: SubjectNames): FhirIssue[] {
  if (!isObject(value)) return [{ path: 'body', code: 'type', message: 'must be an object' }];
  if (category === 'billing_address') return checkAddress(value);
  const type = own(value, 'resourceType');
  if (type === undefined) return ssnIssues(value, 'body', { shaped: true });
  if (category === 'payment_history')
    return [...paymentIssues(value), ...(patient ? subjectIssues(value, patient) : [])];
  const issues = validateResource(value);
  if (issues.length > 0 || typeof type !== 'string') return issues;
  if (!isImportable(type) || !belongs(type, category))
    return [{ path: 'resourceType', code: 'unknown-type', message: 'is not a type that this category holds' }];
  return [...ssnIssues(value, type, { shaped: true }), ...(patient ? subjectIssues(value, patient) : [])];
}

/**
 * What a new version of an entry keeps of the one before: the bundle's address of it, and the ways to refer to its patient.
 * @param value as it was sealed
 */
export function placeOf(
  value: unknown,
  patient: string,
): { readonly kept: { readonly fullUrl?: string }; readonly subject: SubjectNames } {
  const fullUrl = own(value, 'fullUrl');
  const resource = own(value, 'resource');
  const path = subjectPathOf(String(own(resource, 'resourceType')));
  const reference = path === undefined ? undefined : own(own(resource, path), 'reference');
  const relative = typeof reference === 'string' ? /^Patient\/([^/]+)$/.exec(reference)?.[1] : undefined;
  return {
    kept: typeof fullUrl === 'string' ? { fullUrl } : {},
    subject: {
      patientId: relative ?? patient,
      ...(typeof reference === 'string' && !relative ? { patientFullUrl: reference } : {}),
    },
  };
}

/** Claims are split between two categories, which only an import does; the Patient resource is the demographics. */
function belongs(type: string, category: Category): boolean {
  const home = categoryOf(type);
  return home === category || (category === 'psychotherapy_notes' && home === 'notes');
}

/**
 * @returns what is sealed for an entry: the fields of a structured category, or one resource
 * @throws InputError naming each element that is wrong
 */
export function entryValue(
  category: Category,
  body: Readonly<Record<string, unknown>>,
  patient: SubjectNames,
): Readonly<Record<string, unknown>> {
  const issues = checkEntry(category, body, patient);
  if (issues.length > 0) throw new InputError(issues.map(({ path, message }) => ({ field: path, message })));
  return isStructured(category) ? body : { resource: body };
}
