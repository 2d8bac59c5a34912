/** What stands for something that was taken out. */
export const redacted = '[redacted]';

const months =
  'jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t|tember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?';
const streets =
  'street|st|avenue|ave|road|rd|lane|ln|drive|dr|boulevard|blvd|court|ct|circle|way|place|pl|square|terrace|highway|hwy|parkway';

/**
 * Where an identifier of 45 CFR 164.514(b)(2) begins and ends in a text, in the order in which they are looked for. Each takes
 * a time that is linear in the text: none has a repetition inside of another.
 */
const patterns: readonly RegExp[] = [
  // (R) ids of ours, before what looks for groups of digits takes a part of one and leaves the rest
  /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/gi,
  // what stands in quotes was quoted from somewhere: (A) names among it
  /"[^"]*"|“[^“”]*”|`[^`]*`|(?<![\p{L}\d])'[^']*'(?![\p{L}\d])/gu,
  // (N) URLs, and (F) e-mail addresses
  /\b[a-z][a-z0-9+.-]{0,20}:\/\/\S+/gi,
  /(?<!\S)\S+@\S+/g,
  // (A) a person who is addressed, (H), (I), (J), (K), (L), (M) a number that is called one
  /\b(?:mr|mrs|ms|miss|mx|dr|prof|patient|person|name|named|born)\b\.?\s+\p{Lu}[\p{L}'-]*(?:\s+\p{Lu}[\p{L}'.-]*)*/giu,
  /\b(?:mrn|ssn|dob|npi|vin|serial|plate|account|acct|policy|member|beneficiary|licen[cs]e|certificate|plan|chart|device|passport)(?:\s+(?:no|nr|number|id))?\b[\s.:#=-]{1,4}\S+/gi,
  // (B) a street, (C) a date but its year
  new RegExp(`\\b\\d{1,6}\\s+(?:[\\p{L}.'-]+\\s+){1,4}(?:${streets})\\b\\.?`, 'giu'),
  new RegExp(`\\b(?:${months})\\b\\.?\\s+\\d{1,2}(?:st|nd|rd|th)?\\b(?:,?\\s+\\d{2,4}\\b)?`, 'gi'),
  new RegExp(`\\b\\d{1,2}(?:st|nd|rd|th)?\\.?\\s+(?:${months})\\b(?:\\.?,?\\s+\\d{2,4}\\b)?`, 'gi'),
  // (O) addresses of networks; (D), (E), (G) digits in groups
  /(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])/gi,
  /\+?\(?\d[\d\s().+/-]{3,}\d\b/g,
];

/** (R) any other number or code that is one of its kind: whatever has four digits, or three beside letters. A year may stay. */
function isCode(token: string): boolean {
  const digits = token.replace(/\D/g, '').length;
  if (/^\W*(?:19|20)\d\d\W*$/.test(token)) return false;
  return digits >= 4 || (digits >= 3 && /\p{L}/u.test(token)) || token.length > 60;
}

/** @returns the text without what identifies a person by its form; a name in plain words has none */
export function withoutIdentifiers(text: string): string {
  const shortened = patterns.reduce((rest, pattern) => rest.replace(pattern, redacted), text);
  return shortened.replace(/[^\s,;()[\]{}<>|]+/g, (token) => (isCode(token) ? redacted : token));
}

/** Beside these names stands what a record, a request, a key or an account holds. Letters alone, in lower case. */
const names: ReadonlySet<string> = new Set(
  [
    // categories
    'demographics ssn medicalhistory diagnoses prescriptions notes psychotherapynotes insuranceid billingaddress',
    'paymenthistory claimclinical',
    // who a person is, in FHIR's words and in others'
    'name names family given middle prefix suffix maiden surname firstname lastname fullname givenname familyname nickname',
    'birthdate birthday dob age gender sex race ethnicity deceased deceasedboolean deceaseddatetime maritalstatus',
    'multiplebirthboolean multiplebirthinteger photo communication language preferred contact relationship link other',
    'generalpractitioner managingorganization identifier assigner mrn npi period start end use system rank active',
    'address line city district county state postalcode zip zipcode country street telecom phone phonenumber fax email mail',
    'value valuestring valuecode valuedatetime valueid valueuri display text div narrative comment reason words',
    'member membernumber subscriberid policynumber plan account accountnumber license vehicle device serial url ip sourceip',
    'patient patientid subject person author sub actor user username useragent viewer recipient recipients to cc bcc',
    // clinical content
    'resource resourcetype contained content attachment data note diagnosis condition medication dosage dosageinstruction',
    'claim coverage payer insurer item items product procedure observation description title reference',
    // stored items and their keys
    'key keys pk sk attributes expressionattributevalues expressionattributenames itemcollectionkey fields header footer line',
    'requestitems responses unprocessedkeys unprocesseditems cancellationreasons plaintext ciphertext ciphertextblob lookup token',
    // requests and answers
    'body rawbody headers header multivalueheaders cookie cookies authorization query querystring querystringparameters',
    'multivaluequerystringparameters pathparameters path rawpath claims identity requestcontext authorizer response input output event',
    // secrets
    'password secret credentials accesskeyid secretaccesskey sessiontoken accesstoken refreshtoken idtoken code otp userattributes',
  ]
    .join(' ')
    .split(' '),
);

/** Whether what stands beside this name is of a record, a request, a key or an account, however the name is written. */
export const isSensitiveName = (name: string): boolean => names.has(name.toLowerCase().replace(/[^a-z]/g, ''));
