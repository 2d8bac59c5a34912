/**
 * The JSON form of FHIR's primitive types. Source: http://hl7.org/fhir/R4/datatypes.html#primitive; the calendar and the
 * ranges that its regular expressions leave open are checked as well.
 */
export interface PrimitiveType {
  readonly json: 'string' | 'number' | 'boolean';
  readonly isValid: (value: string | number | boolean) => boolean;
  /** what it may be, for an error message */
  readonly form: string;
}

const text = (pattern: RegExp, form: string, more: (value: string) => boolean = () => true): PrimitiveType => ({
  json: 'string',
  isValid: (value) => typeof value === 'string' && pattern.test(value) && more(value),
  form,
});
const wholeNumber = (least: number, form: string): PrimitiveType => ({
  json: 'number',
  isValid: (value) => typeof value === 'number' && Number.isInteger(value) && value >= least && value <= 2_147_483_647,
  form,
});

const year = '(?!0000)[0-9]{4}';
const month = '(0[1-9]|1[0-2])';
const day = '(0[1-9]|[12][0-9]|3[01])';
const clock = '([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\\.[0-9]{1,9})?';
const zone = '(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))';

/** Is there such a day? The patterns let 31 February pass. */
function isCalendarDay(value: string): boolean {
  if (value.length < 10) return true;
  const days = new Date(0);
  days.setUTCFullYear(Number(value.slice(0, 4)), Number(value.slice(5, 7)), 0);
  return Number(value.slice(8, 10)) <= days.getUTCDate();
}

const mebibyte = 1024 * 1024;
// Control characters other than tab and line ends, and halves of surrogate pairs: they cannot be shown, stored or compared alike everywhere.
// biome-ignore lint/suspicious/noControlCharactersInRegex: refusing them is the point
const unprintable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\p{Surrogate}]/u;
const isPrintable = (value: string): boolean => value.length <= mebibyte && !unprintable.test(value);
function isBase64(value: string): boolean {
  const packed = value.replace(/\s/g, '');
  return packed !== '' && packed.length % 4 === 0 && !/=/.test(packed.slice(0, -2)) && !/=[^=]$/.test(packed);
}

const anyText = text(/\S/, 'text of at most 1 MB that is not blank', isPrintable);
const uri = text(/^\S+$/, 'a URI without white space', isPrintable);

export const primitives: ReadonlyMap<string, PrimitiveType> = new Map<string, PrimitiveType>([
  ['base64Binary', text(/^[0-9a-zA-Z+/=\s]+$/, 'base64', isBase64)],
  ['boolean', { json: 'boolean', isValid: (value) => typeof value === 'boolean', form: 'true or false' }],
  ['canonical', uri],
  ['code', text(/^\S+( \S+)*$/, 'a code: words with single spaces between them', isPrintable)],
  ['date', text(new RegExp(`^${year}(-${month}(-${day})?)?$`), 'a date: YYYY, YYYY-MM or YYYY-MM-DD', isCalendarDay)],
  [
    'dateTime',
    text(
      new RegExp(`^${year}(-${month}(-${day}(T${clock}${zone})?)?)?$`),
      'a date, or YYYY-MM-DDThh:mm:ss with a time zone',
      isCalendarDay,
    ),
  ],
  [
    'decimal',
    {
      json: 'number',
      isValid: (value) => typeof value === 'number' && Number.isFinite(value),
      form: 'a finite number',
    },
  ],
  ['id', text(/^[A-Za-z0-9.-]{1,64}$/, '1 to 64 letters, digits, hyphens and dots')],
  [
    'instant',
    text(
      new RegExp(`^${year}-${month}-${day}T${clock}${zone}$`),
      'YYYY-MM-DDThh:mm:ss with a time zone',
      isCalendarDay,
    ),
  ],
  ['integer', wholeNumber(-2_147_483_648, 'a whole number of 32 bits')],
  ['markdown', anyText],
  ['oid', text(/^urn:oid:[0-2](\.(0|[1-9][0-9]*))+$/, 'urn:oid: and an OID')],
  ['positiveInt', wholeNumber(1, 'a whole number from 1')],
  ['string', anyText],
  ['time', text(new RegExp(`^${clock}$`), 'hh:mm:ss')],
  ['unsignedInt', wholeNumber(0, 'a whole number from 0')],
  ['uri', uri],
  ['url', uri],
  ['uuid', text(/^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'urn:uuid: and a UUID in lower case')],
]);
