import type { ImportPlan } from '../records/fhir/import-plan';
import { type Category, mainEntry } from '../records/model';
import type { LookupKey } from './data-key';
import { entryIdFrom, lookupToken } from './lookup';

/** One entry that an import makes. Its id follows from patient and resource, so that importing again meets it. */
export interface ImportPiece {
  readonly category: Category;
  readonly entry: string;
  /** blind fingerprint of the content as it was imported */
  readonly contentToken: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/** @returns every entry that the plan makes of a patient, demographics first */
export function piecesOf(plan: ImportPlan, key: LookupKey, patient: string): ImportPiece[] {
  const piece = (category: Category, entry: string, value: Readonly<Record<string, unknown>>): ImportPiece => ({
    category,
    entry,
    contentToken: lookupToken(key, 'import-content', patient, category, entry, stableJson(value)),
    value,
  });
  const { demographics, ssn } = plan.patient;
  return [
    piece('demographics', mainEntry, demographics),
    ...(ssn ? [piece('ssn', mainEntry, { value: ssn.value, identifier: omit(ssn) })] : []),
    ...plan.resources.flatMap(({ identity, pieces }) => {
      const entry = entryIdFrom(lookupToken(key, 'import-resource', patient, identity));
      return pieces.map(({ category, body }) => piece(category, entry, { ...body }));
    }),
  ];
}

/** what beside the digits makes an exported Patient equal to the imported one */
function omit({ value: _, ...rest }: NonNullable<ImportPlan['patient']['ssn']>): Readonly<Record<string, unknown>> {
  return rest;
}

/** JSON with the members of every object in one order: the same content has the same text. */
function stableJson(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    item !== null && typeof item === 'object' && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}

/** @returns whether two values of a structured category say the same; where a Patient was imported from does not count */
export function sameContent(a: unknown, b: unknown): boolean {
  return stableJson(essence(a)) === stableJson(essence(b));
}

function essence(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  return 'value' in value // an SSN: the digits, not the identifier they came in
    ? value.value
    : Object.fromEntries(entries.filter(([name]) => !['fullUrl', 'resourceType', 'id', 'meta', 'text'].includes(name)));
}
