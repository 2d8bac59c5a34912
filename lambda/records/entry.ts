import { checkAddress } from './fhir/address';
import { type FhirIssue, isObject, own } from './fhir/issue';
import { categoryOf, isImportable } from './fhir/mapping';
import { subjectIssues } from './fhir/references';
import { validateResource } from './fhir/validate';
import { InputError } from './input-error';
import { type Category, isStructured } from './model';

/**
 * Checks what is written to an entry: a FHIR R4 resource of the category and about the patient, or a plain object.
 * @param patient Ward's id; absent while the patient is being registered and nobody can refer to it yet
 */
export function checkEntry(category: Category, value: unknown, patient?: string): FhirIssue[] {
  if (!isObject(value)) return [{ path: 'body', code: 'type', message: 'must be an object' }];
  if (category === 'billing_address') return checkAddress(value);
  const type = own(value, 'resourceType');
  if (type === undefined) return [];
  const issues = validateResource(value);
  if (issues.length > 0 || typeof type !== 'string') return issues;
  if (!isImportable(type) || !belongs(type, category))
    return [{ path: 'resourceType', code: 'unknown-type', message: 'is not a type that this category holds' }];
  return patient ? subjectIssues(value, { patientFullUrl: `Patient/${patient}`, patientId: patient }) : [];
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
  patient: string,
): Readonly<Record<string, unknown>> {
  const issues = checkEntry(category, body, patient);
  if (issues.length > 0) throw new InputError(issues.map(({ path, message }) => ({ field: path, message })));
  return isStructured(category) ? body : { resource: body };
}

/** @returns an opened entry's value as the API shows it */
export function shownValue(category: Category, value: unknown): unknown {
  if (category === 'ssn') return { value: own(value, 'value') };
  return isStructured(category) ? value : own(value, 'resource');
}

/** @returns an opened entry's value as fhir/export-bundle.ts takes it: an SSN with all that makes its identifier equal */
export function exportedValue(category: Category, value: unknown): unknown {
  const identifier = own(value, 'identifier');
  return category === 'ssn' && isObject(identifier) ? { value: own(value, 'value'), ...identifier } : value;
}
