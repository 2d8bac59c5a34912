/*
 * Writes test/vectors/envelope: `node --import tsx scripts/envelope-vectors.ts`.
 * The vectors are frozen. When running this changes a file, the format has changed, and what is sealed already cannot be
 * opened any more: that needs a new version byte, and new vectors beside these.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeValue, type Json } from '../lambda/encryption/codec';
import { LookupKey, PatientKey } from '../lambda/encryption/data-key';
import { type EnvelopeContext, sealEnvelope } from '../lambda/encryption/envelope';
import { registeredTags, tagOf } from '../lambda/encryption/fields';
import { entryIdFrom, type LookupName, lookupToken, normalizeLookup } from '../lambda/encryption/lookup';

const directory = join(__dirname, '../test/vectors/envelope');
const counting = (first: number, length: number) =>
  Buffer.from(Array.from({ length }, (_, index) => (first + index) % 256));
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

interface Case {
  readonly name: string;
  readonly keyVersion: number;
  readonly key: Buffer;
  readonly messageId: Buffer;
  readonly context: EnvelopeContext;
  readonly schemaVersion: number;
  readonly recordVersion: number;
  readonly values: readonly (readonly [tag: number, value: Json])[];
  readonly attributes: Readonly<Record<string, string>>;
}

const patient = '0b8e7f0a-5c1d-4e7b-9a55-3d2f6c7e8a91';
const metadata = {
  patient,
  createdAt: '2026-01-15T08:30:00.000Z',
  updatedAt: '2026-01-15T08:30:00.000Z',
  author: '7d0c3b52-63f4-4f0e-8b7e-1f0e9d2c4a66',
};

const cases: readonly Case[] = [
  {
    name: 'demographics with every kind of value, tags given out of order',
    keyVersion: 1,
    key: counting(0, 32),
    messageId: counting(64, 32),
    context: { organization: 'example-clinic', patient, type: 'demographics', record: 'main' },
    schemaVersion: 1,
    recordVersion: 1,
    values: [
      [tagOf('demographics', 'birthDate'), '1979-12-31'],
      [tagOf('demographics', 'resourceType'), 'Patient'],
      [tagOf('demographics', 'name'), [{ family: 'Ōkubo', given: ['José', '𝒳'] }]],
      [tagOf('demographics', 'active'), true],
      [tagOf('demographics', 'multipleBirthInteger'), 2],
      [tagOf('demographics', 'deceasedBoolean'), false],
      [tagOf('demographics', 'maritalStatus'), null],
      [tagOf('demographics', 'language'), ''],
      [tagOf('demographics', 'id'), 'x'.repeat(62)],
      [tagOf('demographics', 'fullUrl'), 'x'.repeat(63)],
    ],
    attributes: { ...metadata, category: 'demographics', entry: 'main', version: '1' },
  },
  {
    name: 'an entry of a list category: one body, the third version, imported',
    keyVersion: 7,
    key: counting(128, 32),
    messageId: counting(5, 32),
    context: {
      organization: 'example-clinic',
      patient,
      type: 'diagnoses',
      record: '3f0c8a6e-2d4b-8f6a-9c1e-7b5d3a2f1e0c',
    },
    schemaVersion: 1,
    recordVersion: 3,
    values: [
      [
        tagOf('diagnoses', 'body'),
        {
          resourceType: 'Condition',
          code: { text: 'Seasonal allergic rhinitis' },
          onsetAge: { value: 12.5, unit: 'a' },
        },
      ],
    ],
    attributes: {
      ...metadata,
      category: 'diagnoses',
      entry: '3f0c8a6e-2d4b-8f6a-9c1e-7b5d3a2f1e0c',
      version: '3',
      importSequence: '2',
      contentToken: '00112233445566778899aabbccddeeff',
    },
  },
  {
    name: 'no field at all, the largest numbers, text beyond ASCII in context and attributes',
    keyVersion: 0xffffffff,
    key: counting(200, 32),
    messageId: counting(100, 32),
    context: { organization: 'Klinik-Übersee', patient: 'p', type: '', record: '病歴' },
    schemaVersion: 0xffffffff,
    recordVersion: Number.MAX_SAFE_INTEGER,
    values: [],
    // U+FF5E comes before U+1F600 by UTF-8 and by code point, after it by UTF-16 code unit.
    attributes: { '\u{1f600}': 'second', '\uff5e': 'first', a: '' },
  },
  {
    name: 'a field with the largest tag, no attribute',
    keyVersion: 2,
    key: counting(17, 32),
    messageId: counting(42, 32),
    context: { organization: 'o', patient: 'p', type: 't', record: 'r' },
    schemaVersion: 0,
    recordVersion: 0,
    values: [
      [0xffffffff, -0.1],
      [1, 'ä'],
    ],
    attributes: {},
  },
];

const envelopes = cases.map(
  ({ name, keyVersion, key, messageId, context, schemaVersion, recordVersion, values, attributes }) => {
    const fields = values.map(([tag, value]) => ({ tag, value, plaintext: encodeValue(value) }));
    const sealed = sealEnvelope(
      PatientKey.from(keyVersion, key),
      context,
      { schemaVersion, recordVersion },
      new Map(fields.map(({ tag, plaintext }) => [tag, plaintext])),
      new Map(Object.entries(attributes)),
      () => messageId,
    );
    return {
      name,
      key: { version: keyVersion, bytes: hex(key) },
      messageId: hex(messageId),
      context,
      schemaVersion,
      recordVersion,
      attributes,
      fields: fields.map(({ tag, value, plaintext }) => ({
        tag,
        value,
        plaintext: hex(plaintext),
        sealed: hex(sealed.fields.get(tag) ?? Buffer.alloc(0)),
      })),
      header: hex(sealed.header),
      footer: hex(sealed.footer),
    };
  },
);

const lookupKey = counting(31, 32);
const looked: readonly (readonly [LookupName, ...string[]])[] = [
  ['mrn', 'MRN-0012 345'],
  ['mrn', 'ｍｒｎ００１２３４５'],
  ['ssn', '078-05-1120'],
  ['family-birth-date', '  ÓBriain\u00a0\t Smith ', '1979-12-31'],
  ['family', 'ΟΔΥΣΣΕΥΣ'],
  ['family', 'Straße'],
  ['family', 'STRASSE'],
  ['family', 'İnce'],
  ['address', '1 Main St', 'Springfield', 'IL', '62701'],
  ['import-resource', patient, 'urn:uuid:Condition-1'],
  ['import-content', patient, 'diagnoses', '{"resourceType":"Condition"}'],
];
const tokens = looked.map(([name, ...values]) => {
  const token = lookupToken(LookupKey.from(1, lookupKey), name, ...values);
  return {
    name,
    values,
    normalized: values.map((value) => normalizeLookup(name, value)),
    token,
    entryId: entryIdFrom(token),
  };
});

function write(name: string, content: unknown): void {
  writeFileSync(join(directory, name), `${JSON.stringify(content, null, 2)}\n`);
  process.stdout.write(`${name}\n`);
}
write('envelopes.json', { format: 'WE1', about: 'docs/formats/envelope.md; bytes in hexadecimal', envelopes });
write('lookup-tokens.json', {
  format: 'WARD-LOOKUP/v1',
  about: 'docs/formats/envelope.md',
  key: hex(lookupKey),
  tokens,
});
write('field-tags.json', {
  about: 'every field tag that was ever given; a line here never changes',
  tags: [...registeredTags()].map(([tag, { of, field }]) => ({ tag, of, field })),
});
