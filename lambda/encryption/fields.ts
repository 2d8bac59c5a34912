import { type Category, isStructured } from '../records/model';
import { EnvelopeError } from './envelope-error';

/*
 * The register of field tags. A tag is part of a field's nonce and of what binds it to its place, so it is given once:
 * a field that is no longer written keeps its tag, and a new one takes the next number of its range.
 */

/** FHIR R4 Patient: every element, and `_element` for what may extend a primitive one. 1 to 127 */
const demographics: Readonly<Record<string, number>> = {
  resourceType: 1,
  id: 2,
  meta: 3,
  implicitRules: 4,
  language: 5,
  text: 6,
  contained: 7,
  extension: 8,
  modifierExtension: 9,
  identifier: 10,
  active: 11,
  name: 12,
  telecom: 13,
  gender: 14,
  birthDate: 15,
  deceasedBoolean: 16,
  deceasedDateTime: 17,
  address: 18,
  maritalStatus: 19,
  multipleBirthBoolean: 20,
  multipleBirthInteger: 21,
  photo: 22,
  contact: 23,
  communication: 24,
  generalPractitioner: 25,
  managingOrganization: 26,
  link: 27,
  /** of the bundle entry that the patient was imported from */
  fullUrl: 28,
  _id: 29,
  _implicitRules: 30,
  _language: 31,
  _active: 32,
  _gender: 33,
  _birthDate: 34,
  _deceasedBoolean: 35,
  _deceasedDateTime: 36,
  _multipleBirthBoolean: 37,
  _multipleBirthInteger: 38,
};

/** 128 to 159 */
const ssn: Readonly<Record<string, number>> = {
  value: 128,
  /** the FHIR identifier that it came in, so that an export gives back an equal one */
  identifier: 129,
};

/** FHIR R4 Address. 160 to 223 */
const billingAddress: Readonly<Record<string, number>> = {
  id: 160,
  extension: 161,
  use: 162,
  type: 163,
  text: 164,
  line: 165,
  city: 166,
  district: 167,
  state: 168,
  postalCode: 169,
  country: 170,
  period: 171,
  _use: 172,
  _type: 173,
  _text: 174,
  _line: 175,
  _city: 176,
  _district: 177,
  _state: 178,
  _postalCode: 179,
  _country: 180,
};

/** The whole content of an entry of a list category. */
export const bodyField = 'body';
const bodyTag = 224;
/** One staged part of an import; sealed under the import's own key. */
export const stagedPartTag = 225;
/** Narratives of the governance table (incidents, reasons), sealed under a key of their own: kept free for them. */
export const governanceTags = { first: 256, last: 511 } as const;

const structured: Readonly<Partial<Record<Category, Readonly<Record<string, number>>>>> = {
  demographics,
  ssn,
  billing_address: billingAddress,
};

export interface RegisteredField {
  /** `list`: the body of an entry of any list category; `import`: a staged part */
  readonly of: 'demographics' | 'ssn' | 'billing_address' | 'list' | 'import';
  readonly field: string;
}

const byTag: ReadonlyMap<number, RegisteredField> = registered();

function registered(): Map<number, RegisteredField> {
  const all: [number, RegisteredField][] = [
    ...Object.entries(demographics).map(entry('demographics')),
    ...Object.entries(ssn).map(entry('ssn')),
    ...Object.entries(billingAddress).map(entry('billing_address')),
    [bodyTag, { of: 'list', field: bodyField }],
    [stagedPartTag, { of: 'import', field: 'part' }],
  ];
  return new Map(all);
}

function entry(of: RegisteredField['of']) {
  return ([field, tag]: [string, number]): [number, RegisteredField] => [tag, { of, field }];
}

/** @returns the tag of a category's field; a list category has the one field `body`. @throws EnvelopeError `tag` for no field of it */
export function tagOf(category: Category, field: string): number {
  const fields = structured[category];
  const tag = fields
    ? Object.hasOwn(fields, field)
      ? fields[field]
      : undefined
    : field === bodyField
      ? bodyTag
      : undefined;
  if (tag === undefined) throw new EnvelopeError('tag');
  return tag;
}

/** @returns what a tag was given to. @throws EnvelopeError `tag` when it was given to nothing */
export function fieldOf(tag: number): RegisteredField {
  const field = byTag.get(tag);
  if (!field) throw new EnvelopeError('tag');
  return field;
}

/** @returns whether a field of this tag belongs in an entry of this category */
export function belongs(tag: number, category: Category): boolean {
  const of = byTag.get(tag)?.of;
  return isStructured(category) ? of === category : of === 'list';
}

/** Every tag that was given, for the documentation and its test. */
export const registeredTags = (): ReadonlyMap<number, RegisteredField> => byTag;
