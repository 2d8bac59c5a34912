import { isObject, own } from './fhir/issue';
import { type Category, isStructured } from './model';

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
