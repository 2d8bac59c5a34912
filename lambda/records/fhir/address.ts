import type { FhirIssue } from './issue';
import { validateDatatype } from './validate';

/** Checks a billing address: the elements of a FHIR Address. */
export const checkAddress = (value: unknown): FhirIssue[] => validateDatatype('Address', value);
