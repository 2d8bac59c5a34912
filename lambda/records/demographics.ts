import { v4 } from 'uuid';
import { checkEntry } from './entry';
import { checkAddress } from './fhir/address';
import { type FhirIssue, isObject } from './fhir/issue';
import { checkDemographics, mrnOf } from './fhir/patient';
import { InputError } from './input-error';
import { type Category, mainEntry } from './model';

type Fields = Readonly<Record<string, unknown>>;

/** @returns the demographics as given. @throws InputError naming each element that is wrong */
export function demandDemographics(value: unknown): Fields {
  const issues = [...checkDemographics(value), ...mrnIssues(value)];
  if (issues.length > 0) throw new InputError(issues.map((issue) => at('demographics', issue)));
  return value as Fields;
}

export interface Registration {
  readonly demographics: Fields;
  /** nine digits, with or without hyphens */
  readonly ssn?: string;
  readonly billing_address?: Fields;
  readonly insurance_id?: readonly Fields[];
}

/** @returns the entries that a registration makes. @throws InputError naming each field that is wrong */
export function registeredEntries(given: Registration) {
  const errors = [
    ...checkDemographics(given.demographics).map((issue) => at('demographics', issue)),
    ...mrnIssues(given.demographics).map((issue) => at('demographics', issue)),
    ...(given.billing_address ? checkAddress(given.billing_address).map((issue) => at('billing_address', issue)) : []),
    ...(given.insurance_id ?? []).flatMap((value, index) =>
      checkEntry('insurance_id', value).map((issue) => at(`insurance_id.${index}`, issue)),
    ),
  ];
  if (errors.length > 0) throw new InputError(errors);
  const entries: { category: Category; entry: string; value: Fields }[] = [
    { category: 'demographics', entry: mainEntry, value: given.demographics },
    ...(given.ssn
      ? [{ category: 'ssn' as const, entry: mainEntry, value: { value: given.ssn.replaceAll('-', '') } }]
      : []),
    ...(given.billing_address
      ? [{ category: 'billing_address' as const, entry: mainEntry, value: given.billing_address }]
      : []),
    ...(given.insurance_id ?? []).map((resource) => ({
      category: 'insurance_id' as const,
      entry: v4(),
      value: { resource },
    })),
  ];
  return entries;
}

/** Registration and every correction leave exactly one medical record number: it is what a patient is found by. */
function mrnIssues(value: unknown): FhirIssue[] {
  const mrn = isObject(value) ? mrnOf(value) : undefined;
  return mrn && 'issue' in mrn ? [mrn.issue] : [];
}

const at = (field: string, { path, message }: FhirIssue) => ({ field: `${field}: ${path}`, message });
