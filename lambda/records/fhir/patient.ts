import { asArray, type FhirIssue, isObject, type JsonObject, own } from './issue';
import { subjectIssues } from './references';
import { hasIdentifierType, isSsnIdentifier, ssnDigits, ssnIdentifier, ssnIssues, ssnPattern } from './ssn';
import { validateResource } from './validate';

/** every top-level element of a Patient, `resourceType` among them, without the SSN */
export type Demographics = Record<string, unknown>;

/** what the category `ssn` keeps of a Patient */
export interface SsnPart {
  /** nine digits */
  readonly value: string;
  /** the identifier element as it was; absent if the number did not come in a Patient resource */
  readonly identifier?: unknown;
  /** its place in Patient.identifier */
  readonly index?: number;
  /** Patient.text, if it repeats the number: then the narrative is seen only by those who may see the SSN */
  readonly narrative?: unknown;
}

export type PatientParts = { readonly demographics: Demographics; readonly ssn?: SsnPart };

/**
 * Takes the SSN out of a valid Patient resource.
 * @returns the parts, which `joinPatient` makes equal to the resource again; or issues: several SSN identifiers, one that is not nine
 * digits, or a social security number elsewhere (in a name, another identifier, an extension), where registrars and clinicians would read it
 */
export function splitPatient(resource: JsonObject): PatientParts | { readonly issues: FhirIssue[] } {
  const identifiers = asArray(own(resource, 'identifier'));
  const places = identifiers.flatMap((identifier, index) => (isSsnIdentifier(identifier) ? [index] : []));
  const [index, second] = places;
  if (second !== undefined)
    return issue(`Patient.identifier[${second}]`, 'Patient.identifier has one social security number at most');

  let demographics: Demographics = { ...resource };
  let ssn: SsnPart | undefined;
  if (index !== undefined) {
    const identifier = identifiers[index];
    const value = ssnDigits(own(identifier, 'value'));
    if (value === undefined)
      return issue(
        `Patient.identifier[${index}].value`,
        `Patient.identifier[${index}].value is nine digits, with or without hyphens`,
      );
    const rest = identifiers.filter((_, place) => place !== index);
    const { identifier: _, ...others } = demographics;
    demographics = rest.length > 0 ? { ...demographics, identifier: rest } : others;
    ssn = { value, identifier, index };
    const div = own(own(resource, 'text'), 'div');
    if (typeof div === 'string' && ssnPattern(value).test(textOf(div))) {
      const { text: narrative, ...withoutText } = demographics;
      demographics = withoutText;
      ssn = { ...ssn, narrative };
    }
  }
  const issues = ssnIssues(demographics, 'Patient', {
    shaped: true,
    ...(ssn === undefined ? {} : { digits: ssn.value }),
  });
  if (issues.length > 0) return { issues };
  return ssn === undefined ? { demographics } : { demographics, ssn };
}

/** A narrative's words with and without its markup: a number must not hide by half of it being bold or written as entities. */
function textOf(div: string): string {
  const words = div.replace(/&#(\d{1,4});/g, (_, code: string) => String.fromCharCode(Number(code)));
  return `${words} ${words.replace(/<[^>]*>/g, '')}`;
}

const issue = (path: string, message: string): { issues: FhirIssue[] } => ({
  issues: [{ path, code: 'ssn', message }],
});

/**
 * @param ssn what `splitPatient` gave, or just the number: then an identifier is made of it
 * @returns the Patient resource that was taken apart; without `ssn`, what a reader who may not see the SSN is shown
 */
export function joinPatient(demographics: JsonObject, ssn?: SsnPart): JsonObject {
  if (ssn === undefined) return { resourceType: 'Patient', ...demographics };
  const identifier = [...asArray(own(demographics, 'identifier'))];
  identifier.splice(ssn.index ?? identifier.length, 0, ssn.identifier ?? ssnIdentifier(ssn.value));
  return {
    resourceType: 'Patient',
    ...demographics,
    identifier,
    ...(ssn.narrative === undefined ? {} : { text: ssn.narrative }),
  };
}

/**
 * Checks demographics that come through the API: the elements of a FHIR Patient, with or without `resourceType`, without any social
 * security number (that is a field of its own) and without a reference to a patient, who could only be another one.
 * It does not ask for an MRN: `mrnOf` does, at registration.
 */
export function checkDemographics(value: unknown): FhirIssue[] {
  if (!isObject(value))
    return [{ path: 'Patient', code: 'type', message: 'demographics are an object: the elements of a FHIR Patient' }];
  const resource: JsonObject = { resourceType: 'Patient', ...value };
  if (resource['resourceType'] !== 'Patient')
    return [
      { path: 'Patient.resourceType', code: 'patient', message: 'demographics are the elements of a FHIR Patient' },
    ];
  const issues = validateResource(resource);
  if (issues.length > 0) return issues;
  return [...ssnIssues(resource, 'Patient', { shaped: true }), ...subjectIssues(resource, {})];
}

export interface MedicalRecordNumber {
  readonly system?: string;
  readonly value: string;
}

/** @returns the one current medical record number (identifier type MR), or why there is none: registration needs exactly one */
export function mrnOf(demographics: JsonObject): MedicalRecordNumber | { readonly issue: FhirIssue } {
  const numbers = asArray(own(demographics, 'identifier')).filter(
    (identifier) => hasIdentifierType(identifier, 'MR') && own(identifier, 'use') !== 'old',
  );
  const value = own(numbers[0], 'value');
  const system = own(numbers[0], 'system');
  if (numbers.length === 1 && typeof value === 'string')
    return { ...(typeof system === 'string' ? { system } : {}), value };
  const message =
    'Patient.identifier has exactly one current medical record number with a value: type MR, use other than old';
  return { issue: { path: 'Patient.identifier', code: 'mrn', message } };
}

/** @returns each family name once, former ones too: a person is looked up by any of them */
export function familyNames(demographics: JsonObject): string[] {
  const names = asArray(own(demographics, 'name')).map((name) => own(name, 'family'));
  return [...new Set(names.filter((name) => typeof name === 'string'))];
}

/** @returns the date of birth as it was given: YYYY, YYYY-MM or YYYY-MM-DD */
export function birthDate(demographics: JsonObject): string | undefined {
  const date = own(demographics, 'birthDate');
  return typeof date === 'string' ? date : undefined;
}
