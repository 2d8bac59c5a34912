import { decodeValue, encodeValue } from '../../lambda/encryption/codec';
import { LookupKey, PatientKey } from '../../lambda/encryption/data-key';
import { openEnvelope, readHeader, sealEnvelope } from '../../lambda/encryption/envelope';
import {
  entryIdFrom,
  type LookupName,
  lookupNames,
  lookupToken,
  normalizeLookup,
} from '../../lambda/encryption/lookup';
import known from '../vectors/envelope/envelopes.json';
import lookups from '../vectors/envelope/lookup-tokens.json';
import { decodeWithTheDocumentAlone, readWithTheDocumentAlone } from './second-reader';

const bytes = (hex: string) => Buffer.from(hex, 'hex');

describe.each(known.envelopes)('known answer: $name', (vector) => {
  const key = PatientKey.from(vector.key.version, bytes(vector.key.bytes));
  const attributes = new Map<string, string>(Object.entries(vector.attributes));
  const envelope = {
    header: bytes(vector.header),
    fields: new Map(vector.fields.map(({ tag, sealed }) => [tag, bytes(sealed)])),
    footer: bytes(vector.footer),
  };
  const plaintexts = new Map(vector.fields.map(({ tag, plaintext }) => [tag, bytes(plaintext)]));

  it('is sealed to the same bytes', () => {
    const sealed = sealEnvelope(key, vector.context, vector, plaintexts, attributes, () => bytes(vector.messageId));
    expect(sealed.header.toString('hex')).toBe(vector.header);
    expect(sealed.footer.toString('hex')).toBe(vector.footer);
    expect(sealed.fields).toEqual(new Map([...envelope.fields].sort(([a], [b]) => a - b)));
  });

  it('opens to the same fields and values', () => {
    const opened = openEnvelope(key, vector.context, envelope, attributes, { permitted: 'all' });
    expect(opened).toEqual(plaintexts);
    for (const { tag, value } of vector.fields) {
      expect(decodeValue(opened.get(tag) ?? Buffer.alloc(0))).toEqual(value);
      expect(encodeValue(value)).toEqual(plaintexts.get(tag));
    }
    expect(readHeader(envelope.header)).toMatchObject({
      keyVersion: vector.key.version,
      schemaVersion: vector.schemaVersion,
      recordVersion: vector.recordVersion,
    });
  });

  it('opens with a second reader that was written from the format page alone', () => {
    const opened = readWithTheDocumentAlone({
      key: bytes(vector.key.bytes),
      context: vector.context,
      header: envelope.header,
      fields: vector.fields.map(({ tag, sealed }) => ({ tag, sealed: bytes(sealed) })),
      attributes: Object.fromEntries(attributes),
      footer: envelope.footer,
    });
    expect(opened).toEqual(plaintexts);
    for (const { tag, value } of vector.fields)
      expect(decodeWithTheDocumentAlone(opened.get(tag) ?? Buffer.alloc(0))).toEqual(value);
  });
});

describe('known lookup tokens', () => {
  const key = LookupKey.from(1, bytes(lookups.key));
  const isName = (name: string): name is LookupName => (lookupNames as readonly string[]).includes(name);

  it.each(lookups.tokens)('$name of $normalized is $token', ({ name, values, normalized, token, entryId }) => {
    if (!isName(name)) throw new Error('a name that is no longer there');
    expect(values.map((value) => normalizeLookup(name, value))).toEqual(normalized);
    expect(lookupToken(key, name, ...values)).toBe(token);
    expect(entryIdFrom(token)).toBe(entryId);
  });
});
