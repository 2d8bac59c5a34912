import * as fc from 'fast-check';
import { decodeValue, encodeValue } from '../../lambda/encryption/codec';
import { openEnvelope, readHeader } from '../../lambda/encryption/envelope';
import { EnvelopeError } from '../../lambda/encryption/envelope-error';
import { openRecord } from '../../lambda/encryption/records';
import type { RecordItem } from '../../lambda/records/model';
import { attributes, context, key, whole } from './example';

/** @returns whether it was refused as it should be; throws what should never have come out */
function refused(open: () => unknown): boolean {
  try {
    open();
    return false;
  } catch (error) {
    if (error instanceof EnvelopeError) return true;
    throw error;
  }
}

/** A fast generator of its own: what it makes depends on the seed alone, so a failure can be had again. */
function generator(seed: number) {
  let state = seed;
  const next = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const bytes = (length: number) => Buffer.from(Array.from({ length }, () => next(256)));
  return { next, bytes };
}

describe('the parser, given anything, throws EnvelopeError or nothing', () => {
  const { envelope } = whole();

  it('100,000 damaged envelopes are refused, none opens, nothing else is thrown', () => {
    const { next, bytes } = generator(20_260_115);
    let opened = 0;
    for (let run = 0; run < 100_000; run++) {
      const parts: Buffer[] = [
        Buffer.from(envelope.header),
        ...[...envelope.fields.values()].map((blob) => Buffer.from(blob)),
        Buffer.from(envelope.footer),
      ];
      const which = next(parts.length);
      const part = parts[which] ?? Buffer.alloc(0);
      const kind = next(5);
      if (kind === 0) parts[which] = bytes(next(200));
      else if (kind === 1) parts[which] = part.subarray(next(part.length), part.length - next(2));
      else if (kind === 2) parts[which] = Buffer.concat([part, bytes(1 + next(40))]);
      else part[next(part.length)] = ((part[next(part.length)] ?? 0) ^ (1 + next(255))) & 255;
      const [header = part, ...rest] = parts;
      const footer = rest.pop() ?? part;
      const tags = [...envelope.fields.keys()].map((tag) => (kind === 4 ? next(2 ** 32) : tag));
      const fields = new Map(rest.map((blob, index) => [tags[index] ?? 0, blob]));
      const same =
        header.equals(envelope.header) &&
        footer.equals(envelope.footer) &&
        kind !== 4 &&
        [...fields].every(([tag, blob]) => blob.equals(envelope.fields.get(tag) ?? Buffer.alloc(0)));
      if (same) continue; // the damage was none
      if (!refused(() => openEnvelope(key, context, { header, fields, footer }, attributes, { permitted: 'all' })))
        opened += 1;
      refused(() => readHeader(header));
    }
    expect(opened).toBe(0);
  });

  it('100,000 plaintexts decode or are refused, and what decodes has that one form', () => {
    const { next, bytes } = generator(42);
    const samples = ['Patient', true, null, 12.5, { a: [1, 'b', null] }, '\ud800'].map((value) => encodeValue(value));
    for (let run = 0; run < 100_000; run++) {
      const sample = Buffer.from(samples[next(samples.length)] ?? []);
      const plaintext =
        next(3) === 0 ? bytes(next(130)) : sample.subarray(0, next(4) === 0 ? next(sample.length + 1) : sample.length);
      for (let edits = next(3); edits > 0 && plaintext.length > 0; edits--)
        plaintext[next(plaintext.length)] = next(256);
      refused(() => {
        const value = decodeValue(plaintext);
        if (plaintext[0] !== 5) expect(encodeValue(value).equals(plaintext)).toBe(true);
      });
    }
  });

  it('items of any shape are refused', () => {
    const anything = fc.record({
      PK: fc.string(),
      SK: fc.string(),
      category: fc.constantFrom('demographics', 'notes'),
      entry: fc.string(),
      version: fc.integer(),
      createdAt: fc.string({ unit: 'binary' }),
      updatedAt: fc.string(),
      author: fc.string(),
      header: fc.oneof(fc.uint8Array({ minLength: 82, maxLength: 82 }), fc.uint8Array()),
      fields: fc.dictionary(fc.oneof(fc.string(), fc.nat().map(String)), fc.uint8Array()),
      footer: fc.uint8Array({ maxLength: 40 }),
    });
    fc.assert(
      fc.property(anything, (item) => {
        const placed = { ...item, PK: `P#${item.PK}`, SK: `C#${item.category}#${item.entry}` } as RecordItem;
        expect(refused(() => openRecord(key, 'example-clinic', item as RecordItem))).toBe(true);
        expect(refused(() => openRecord(key, 'example-clinic', placed))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('what is no bytes at all is refused', () => {
    const wrong = [
      undefined,
      null,
      '',
      'a'.repeat(82),
      82,
      [],
      {},
      new Uint16Array(82),
      new DataView(new ArrayBuffer(82)),
    ];
    for (const value of wrong) {
      expect(refused(() => readHeader(value as Uint8Array))).toBe(true);
      for (const part of ['header', 'footer'] as const)
        expect(
          refused(() => openEnvelope(key, context, { ...envelope, [part]: value }, attributes, { permitted: 'all' })),
        ).toBe(true);
      const fields = new Map(envelope.fields).set(1, value as Uint8Array);
      expect(refused(() => openEnvelope(key, context, { ...envelope, fields }, attributes, { permitted: 'all' }))).toBe(
        true,
      );
    }
  });
});
