import * as z from 'zod';

/** The kinds of information that roles are granted separately. 45 CFR 164.502(b): minimum necessary. */
export const categories = [
  'demographics',
  'ssn',
  'medical_history',
  'diagnoses',
  'prescriptions',
  'notes',
  'psychotherapy_notes',
  'insurance_id',
  'billing_address',
  'payment_history',
  'claim_clinical',
] as const;
export const category = z.enum(categories);
export type Category = (typeof categories)[number];

/** Categories that are one entry with every field sealed by itself; the others are lists of entries with one body. */
export const structuredCategories = ['demographics', 'ssn', 'billing_address'] as const satisfies readonly Category[];
/** the entry id of a structured category */
export const mainEntry = 'main';
export const isStructured = (name: Category): boolean => (structuredCategories as readonly Category[]).includes(name);

/** an opaque id: it says nothing about the person and is the same in every table */
export const patientId = z.uuid();
export const entryId = z.union([z.literal(mainEntry), z.uuid()]);

/**
 * One version of one entry as the records table holds it.
 * `PK` is `P#<patient>`; `SK` is `C#<category>#<entry>` for the current version and
 * `V#<category>#<entry>#<version, 10 digits>` for an earlier one. Everything but the keys is bound into the envelope's footer.
 */
export interface RecordItem {
  readonly PK: string;
  readonly SK: string;
  readonly category: Category;
  readonly entry: string;
  /** from 1, no gaps; the number that `ETag` shows and `If-Match` asks for */
  readonly version: number;
  /** UTC, ISO 8601 */
  readonly createdAt: string;
  readonly updatedAt: string;
  /** `sub` of who wrote this version */
  readonly author: string;
  /** the import of this patient that wrote it; not shown before that import is committed */
  readonly importSequence?: number;
  /** blind fingerprint of an imported body, so that importing it again changes nothing */
  readonly contentToken?: string;
  /** WE1: 82 bytes */
  readonly header: Uint8Array;
  /** WE1: field tag in decimal -> ciphertext and tag */
  readonly fields: Readonly<Record<string, Uint8Array>>;
  /** WE1: 32 bytes */
  readonly footer: Uint8Array;
}

export const recordsPartition = (patient: string): string => `P#${patient}`;
export const currentKey = (name: Category, entry: string): string => `C#${name}#${entry}`;
export const versionKey = (name: Category, entry: string, version: number): string =>
  `V#${name}#${entry}#${String(version).padStart(10, '0')}`;

/** @returns what an audit event says of an entry */
export const resourceOf = (item: Pick<RecordItem, 'entry' | 'category' | 'version'>) => ({
  id: item.entry,
  type: item.category,
  version: item.version,
});

/** What is known of an entry beside its content; bound into its envelope. */
export type RecordMetadata = Pick<
  RecordItem,
  'category' | 'entry' | 'version' | 'createdAt' | 'updatedAt' | 'author' | 'importSequence' | 'contentToken'
>;
export function metadataOf(item: RecordItem): RecordMetadata {
  const { category, entry, version, createdAt, updatedAt, author, importSequence, contentToken } = item;
  return {
    category,
    entry,
    version,
    createdAt,
    updatedAt,
    author,
    ...(importSequence === undefined ? {} : { importSequence }),
    ...(contentToken === undefined ? {} : { contentToken }),
  };
}
