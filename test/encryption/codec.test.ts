import * as fc from 'fast-check';
import { decodeValue, encodeValue } from '../../lambda/encryption/codec';

const refusal = (code: string) => expect.objectContaining({ name: 'EnvelopeError', code });
/** JSON text has one zero */
const json = fc.jsonValue({ noUnicodeString: false, maxDepth: 5 }).map((value) => JSON.parse(JSON.stringify(value)));

describe('the form of a plaintext', () => {
  it('gives back every JSON value as it was', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(decodeValue(encodeValue(value))).toStrictEqual(value);
      }),
      { numRuns: 2000 },
    );
  });

  it('gives back every text, also one that UTF-8 has no form for', () => {
    const text = fc.array(fc.nat({ max: 0xffff })).map((units) => String.fromCharCode(...units));
    fc.assert(
      fc.property(fc.oneof(text, fc.string({ unit: 'binary' })), (value) => {
        expect(decodeValue(encodeValue(value))).toBe(value);
      }),
      { numRuns: 2000 },
    );
    for (const value of ['', '\ud800', 'a\udfff', '\ufeffb', '\u0000', '\u0080', '\u0080\u0000\u0000'])
      expect(decodeValue(encodeValue(value))).toBe(value);
  });

  it('gives back every finite number to its last bit, and -0 as the one zero of JSON', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(decodeValue(encodeValue(value))).toBe(value === 0 ? 0 : value);
      }),
    );
  });

  it('pads every scalar to a multiple of 64 bytes, so that short ones have one length', () => {
    const scalars = [null, true, false, 0, 1e300, '', 'M', 'female', 'x'.repeat(62)];
    expect(new Set(scalars.map((value) => encodeValue(value).length))).toEqual(new Set([64]));
    expect(encodeValue('x'.repeat(63))).toHaveLength(128);
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (value) => encodeValue(value).length % 64 === 0));
  });

  it.each([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a bigint', 1n],
    ['a symbol', Symbol('a')],
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['undefined in an array', { a: [undefined] }],
    ['NaN inside', { a: [Number.NaN] }],
    ['a hole in an array', Array(2)],
    ['a date', new Date(0)],
    ['a map', { a: new Map([[1, 2]]) }],
    ['bytes', new Uint8Array(2)],
    ['what would write itself otherwise', { toJSON: () => 'x' }],
  ])('refuses %s, which JSON would drop or change', (_, value) => {
    expect(() => encodeValue(value)).toThrow(refusal('argument'));
  });

  it('refuses a value that holds itself, or is too deep to write', () => {
    const circular: unknown[] = [];
    circular.push(circular);
    expect(() => encodeValue(circular)).toThrow(refusal('argument'));
    let deep: unknown = 0;
    for (let depth = 0; depth < 100_000; depth++) deep = [deep];
    expect(() => encodeValue(deep)).toThrow(refusal('argument'));
  });

  it('takes an undefined member for one that is not there', () => {
    expect(decodeValue(encodeValue({ a: undefined, b: 1 }))).toStrictEqual({ b: 1 });
  });

  it('keeps a member that is named like a method', () => {
    const value = JSON.parse('{"toJSON":"x","__proto__":{"a":1},"constructor":null}');
    expect(JSON.stringify(decodeValue(encodeValue(value)))).toBe(JSON.stringify(value));
  });

  const padded = (...start: number[]) => Buffer.concat([Buffer.from(start), Buffer.alloc(64 - start.length)]);
  it.each([
    ['nothing', Buffer.alloc(0)],
    ['an unknown kind', padded(6, 0x80)],
    ['no padding mark', padded(4, 0x41)],
    ['another padding mark', padded(4, 0x41, 0x81)],
    ['a mark in place of the kind', padded(0x80)],
    ['an odd length', padded(4, 0x41, 0x80).subarray(0, 63)],
    ['a block of padding too many', Buffer.concat([padded(4, 0x41, 0x80), Buffer.alloc(64)])],
    ['text that is not UTF-8', padded(4, 0xff, 0x80)],
    ['a number of seven bytes', padded(3, 0, 0, 0, 0, 0, 0, 0, 0x80)],
    ['a number that is none', padded(3, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0, 0x80)],
    ['a second zero', padded(3, 0x80, 0, 0, 0, 0, 0, 0, 0, 0x80)],
    ['a boolean with content', padded(2, 1, 0x80)],
    ['null with content', padded(0, 1, 0x80)],
    ['a document that is no JSON', Buffer.from('\u0005{"ssn":"078-05-1120"')],
    ['a document that is not UTF-8', Buffer.from([5, 0x22, 0xff, 0x22])],
    ['a document that is a scalar', Buffer.from('\u0005"text"')],
  ])('refuses %s', (_, plaintext) => {
    expect(() => decodeValue(plaintext)).toThrow(refusal('encoding'));
  });

  it('quotes nothing of a plaintext that it refuses', () => {
    try {
      decodeValue(Buffer.from('\u0005{"ssn":"078-05-1120"'));
    } catch (error) {
      expect(error).toBeInstanceOf(Error);
      expect(`${(error as Error).stack}${JSON.stringify(error)}${(error as Error).cause}`).not.toContain('078');
      return;
    }
    throw new Error('not refused');
  });
});
