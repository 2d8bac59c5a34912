import { randomBytes } from 'node:crypto';
import { encodeValue } from '../../lambda/encryption/codec';
import { PatientKey } from '../../lambda/encryption/data-key';
import { sealEnvelope } from '../../lambda/encryption/envelope';
import { attributes, context, fields, flipped, key, keyBytes, openWhole, versions, type Whole, whole } from './example';

const original = whole();
const { header, footer } = original.envelope;
const sealed = original.envelope.fields;
const changed = (envelope: Partial<Whole['envelope']>): Whole => ({
  ...original,
  envelope: { ...original.envelope, ...envelope },
});
const withFields = (change: (copy: Map<number, Uint8Array>) => void): Whole => {
  const copy = new Map(sealed);
  change(copy);
  return changed({ fields: copy });
};
const blob = (tag: number): Uint8Array => sealed.get(tag) ?? Buffer.alloc(0);
const bits = (bytes: Uint8Array) => Array.from({ length: bytes.length * 8 }, (_, bit) => bit);

/** @returns what was accepted, which should be nothing */
const accepted = (cases: readonly Whole[]) => cases.filter((one) => typeof openWhole(one) !== 'string').length;

describe('the tamper matrix: of every change to what was sealed, none opens. 45 CFR 164.312(c)', () => {
  it('opens what nobody touched', () => {
    expect(openWhole(original)).toEqual({ accepted: fields });
  });

  it('refuses every flipped bit of the header', () => {
    const cases = bits(header).map((bit) => changed({ header: flipped(header, bit) }));
    expect(cases).toHaveLength(656);
    expect(accepted(cases)).toBe(0);
  });

  it('refuses every flipped bit of the footer', () => {
    const cases = bits(footer).map((bit) => changed({ footer: flipped(footer, bit) }));
    expect(cases).toHaveLength(256);
    expect(accepted(cases)).toBe(0);
  });

  it.each([...sealed.keys()])('refuses every flipped bit of field %i', (tag) => {
    const cases = bits(blob(tag)).map((bit) => withFields((copy) => copy.set(tag, flipped(blob(tag), bit))));
    expect(cases).toHaveLength((64 + 16) * 8);
    expect(accepted(cases)).toBe(0);
  });

  it('refuses every truncation, and every byte too many, of header, footer and fields', () => {
    const lengths = (bytes: Uint8Array) => [
      ...Array.from({ length: bytes.length }, (_, length) => bytes.subarray(0, length)),
      ...Array.from({ length: bytes.length }, (_, start) => bytes.subarray(start + 1)),
      Buffer.concat([bytes, Buffer.alloc(1)]),
      Buffer.concat([Buffer.alloc(1), bytes]),
    ];
    expect(accepted(lengths(header).map((cut) => changed({ header: cut })))).toBe(0);
    expect(accepted(lengths(footer).map((cut) => changed({ footer: cut })))).toBe(0);
    for (const tag of sealed.keys())
      expect(accepted(lengths(blob(tag)).map((cut) => withFields((copy) => copy.set(tag, cut))))).toBe(0);
  });

  it('refuses a field moved to the place of another, exchanged with it, doubled, dropped or added', () => {
    const foreign = whole().envelope.fields.get(1) ?? Buffer.alloc(0);
    const cases = [
      withFields((copy) => copy.set(14, blob(1)).set(1, blob(14))),
      withFields((copy) => copy.set(14, blob(1))),
      withFields((copy) => copy.set(16, blob(15))),
      withFields((copy) => copy.set(16, blob(15)).delete(15)),
      withFields((copy) => copy.set(1, foreign)), // spliced from another envelope of the same record and key
      withFields((copy) => copy.set(2, foreign)),
      withFields((copy) => copy.set(2, Buffer.alloc(16))),
      withFields((copy) => copy.clear()),
      ...[...sealed.keys()].map((tag) => withFields((copy) => copy.delete(tag))),
    ];
    expect(accepted(cases)).toBe(0);
  });

  it('refuses parts of two envelopes of the same record and key put together', () => {
    const other = whole().envelope;
    expect(
      accepted([
        changed({ header: other.header }),
        changed({ footer: other.footer }),
        changed({ fields: other.fields }),
      ]),
    ).toBe(0);
  });

  it.each(['organization', 'patient', 'type', 'record'] as const)(
    'refuses the same envelope under another %s',
    (part) => {
      expect(openWhole({ ...original, context: { ...context, [part]: 'another' } })).toBe('commitment');
      expect(openWhole({ ...original, context: { ...context, [part]: '' } })).toBe('commitment');
    },
  );

  it('refuses a context whose parts were cut at another place', () => {
    const shifted = {
      ...context,
      organization: `${context.organization}${context.patient.slice(0, 1)}`,
      patient: context.patient.slice(1),
    };
    expect(openWhole({ ...original, context: shifted })).toBe('commitment');
  });

  it('refuses a plaintext attribute that was changed, dropped, added, renamed or cut at another place', () => {
    const change = (edit: (copy: Map<string, string>) => void): Whole => {
      const copy = new Map(attributes);
      edit(copy);
      return { ...original, attributes: copy };
    };
    const cases = [
      ...[...attributes.keys()].flatMap((name) => [
        change((copy) => copy.set(name, `${copy.get(name)}0`)),
        change((copy) => copy.set(name, '')),
        change((copy) => copy.delete(name)),
        change((copy) => copy.set(`${name}s`, copy.get(name) ?? '').delete(name)),
      ]),
      change((copy) => copy.set('importSequence', '1')),
      change((copy) => copy.set('', '')),
      change((copy) => copy.set('entrym', 'ain').delete('entry')),
    ];
    expect(new Set(cases.map((one) => openWhole(one)))).toEqual(new Set(['footer']));
  });

  it('takes attributes in any order, as the footer sorts them by name', () => {
    expect(openWhole({ ...original, attributes: new Map([...attributes].reverse()) })).toEqual({ accepted: fields });
  });

  it('refuses a downgrade or an upgrade of version and algorithm before it derives anything', () => {
    for (let value = 0; value < 256; value++) {
      const [version, algorithm] = [Buffer.from(header), Buffer.from(header)];
      version[0] = value;
      algorithm[1] = value;
      if (value === 1) continue;
      expect(openWhole(changed({ header: version }))).toBe('version');
      expect(openWhole(changed({ header: algorithm }))).toBe('algorithm');
    }
  });

  it('refuses another key, whatever version it says it is', () => {
    expect(openWhole({ ...original, key: PatientKey.from(3, randomBytes(32)) })).toBe('commitment');
    expect(openWhole({ ...original, key: PatientKey.from(2, keyBytes) })).toBe('key-version');
    expect(openWhole({ ...original, key: PatientKey.from(3, flipped(keyBytes, 7)) })).toBe('commitment');
  });

  it('refuses an authentic envelope that is older than the caller knows of', () => {
    expect(openWhole(original, 4)).toEqual({ accepted: fields });
    expect(openWhole(original, 5)).toBe('rollback');
  });

  it('says nothing of its age before it is proven authentic', () => {
    expect(openWhole(changed({ footer: flipped(footer, 0) }), 5)).toBe('footer');
  });
});

describe('sealing', () => {
  it('makes every envelope of the same record another one', () => {
    const [one, two] = [whole().envelope, whole().envelope];
    expect(one.header.subarray(18, 50)).not.toEqual(two.header.subarray(18, 50));
    for (const tag of fields.keys()) expect(one.fields.get(tag)).not.toEqual(two.fields.get(tag));
  });

  it('adds 114 bytes and 16 for each field', () => {
    const twelve = new Map(Array.from({ length: 12 }, (_, index) => [index + 1, Buffer.alloc(64)]));
    const envelope = sealEnvelope(key, context, versions, twelve, attributes);
    const length = [envelope.header, envelope.footer, ...envelope.fields.values()].reduce(
      (sum, part) => sum + part.length,
      0,
    );
    expect(length - 12 * 64).toBe(306);
  });

  it.each([
    ['a tag of 0', () => sealEnvelope(key, context, versions, new Map([[0, Buffer.alloc(1)]]), attributes)],
    [
      'a tag of more than 32 bits',
      () => sealEnvelope(key, context, versions, new Map([[2 ** 32, Buffer.alloc(1)]]), attributes),
    ],
    [
      'a tag that is no integer',
      () => sealEnvelope(key, context, versions, new Map([[1.5, Buffer.alloc(1)]]), attributes),
    ],
    ['a negative version', () => sealEnvelope(key, context, { ...versions, recordVersion: -1 }, fields, attributes)],
    [
      'an unsafe version',
      () => sealEnvelope(key, context, { ...versions, recordVersion: 2 ** 53 }, fields, attributes),
    ],
    [
      'a schema version of more than 32 bits',
      () => sealEnvelope(key, context, { ...versions, schemaVersion: 2 ** 32 }, fields, attributes),
    ],
    [
      'half a surrogate pair in the context',
      () => sealEnvelope(key, { ...context, record: '\ud800' }, versions, fields, attributes),
    ],
    [
      'half a surrogate pair in an attribute',
      () => sealEnvelope(key, context, versions, fields, new Map([['a', '\udc00']])),
    ],
    [
      'a message id of another length',
      () => sealEnvelope(key, context, versions, fields, attributes, () => Buffer.alloc(31)),
    ],
    ['a key of 31 bytes', () => PatientKey.from(1, Buffer.alloc(31))],
    ['a key of 33 bytes', () => PatientKey.from(1, Buffer.alloc(33))],
    ['a key version of 0', () => PatientKey.from(0, Buffer.alloc(32))],
  ])('refuses %s', (_, attempt) => {
    expect(attempt).toThrow(expect.objectContaining({ name: 'EnvelopeError', code: 'argument' }));
  });

  it('refuses a key that was released', () => {
    const released = PatientKey.from(1, keyBytes);
    released.release();
    expect(() => sealEnvelope(released, context, versions, fields, attributes)).toThrow(
      expect.objectContaining({ code: 'key' }),
    );
  });

  it('writes a body longer than one block back as it was', () => {
    const long = new Map([[224, encodeValue({ text: 'ä'.repeat(70_000) })]]);
    expect(openWhole({ ...original, envelope: sealEnvelope(key, context, versions, long, attributes) })).toEqual({
      accepted: long,
    });
  });
});
