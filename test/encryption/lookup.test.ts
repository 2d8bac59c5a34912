import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { LookupKey } from '../../lambda/encryption/data-key';
import { entryIdFrom, lookupNames, lookupToken, normalizeLookup } from '../../lambda/encryption/lookup';

const bytes = randomBytes(32);
const key = LookupKey.from(1, bytes);
const text = fc.string({ unit: 'grapheme', maxLength: 20 });

describe('the normalization of what is looked up', () => {
  it.each([
    ['mrn', ' MRN-00 12/3 ', 'mrn00123'],
    ['ssn', '078-05-1120', '078051120'],
    ['ssn', '０７８ ０５ １１２０', '078051120'],
    ['family', '  O’Brien\t\u00a0Smith\n', 'o’brien smith'],
    ['family', 'ﬁne', 'fine'],
    ['family', 'e\u0301tienne', 'étienne'],
    ['family', 'ÅNGSTRÖM', 'ångström'],
    ['family', 'Straße', 'straße'],
    ['family', 'Smith-Jones', 'smith-jones'],
    ['import-content', ' Exact ', ' Exact '],
  ] as const)('%s %j becomes %j', (name, value, normalized) => {
    expect(normalizeLookup(name, value)).toBe(normalized);
  });

  it('forgets case in ASCII, form and white space around and between words', () => {
    const word = fc.stringMatching(/^[A-Za-z]{1,8}$/);
    const space = fc.constantFrom(' ', '  ', '\t', '\u00a0', '\u3000', ' \n ');
    fc.assert(
      fc.property(word, word, space, space, (first, second, around, between) => {
        const plain = lookupToken(key, 'family', `${first} ${second}`);
        expect(
          lookupToken(key, 'family', `${around}${first.toUpperCase()}${between}${second.toLowerCase()}${around}`),
        ).toBe(plain);
      }),
    );
    fc.assert(
      fc.property(text, (value) => {
        expect(normalizeLookup('family', value.normalize('NFD'))).toBe(
          normalizeLookup('family', value.normalize('NFC')),
        );
      }),
    );
  });

  it('leaves of an identifier letters and digits, and nothing else', () => {
    fc.assert(fc.property(text, (value) => /^[\p{L}\p{Nd}]*$/u.test(normalizeLookup('mrn', value))));
  });
});

describe('a lookup token', () => {
  it('is 16 bytes, and equal exactly for what is equal once normalized', () => {
    fc.assert(
      fc.property(text, text, (one, two) => {
        const tokens = [one, two].map((value) => lookupToken(key, 'family', value));
        expect(tokens[0]).toMatch(/^[0-9a-f]{32}$/);
        expect(tokens[0] === tokens[1]).toBe(normalizeLookup('family', one) === normalizeLookup('family', two));
      }),
    );
  });

  it('of one value under two names, or two keys, has nothing in common', () => {
    expect(new Set(lookupNames.map((name) => lookupToken(key, name, '12345'))).size).toBe(lookupNames.length);
    expect(lookupToken(LookupKey.from(1, randomBytes(32)), 'mrn', '12345')).not.toBe(lookupToken(key, 'mrn', '12345'));
    expect(lookupToken(LookupKey.from(2, bytes), 'mrn', '12345')).toBe(lookupToken(key, 'mrn', '12345'));
  });

  it('knows where one value ends and the next begins', () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 4 }), fc.array(text, { maxLength: 4 }), (one, two) => {
        const same = JSON.stringify(one) === JSON.stringify(two);
        expect(lookupToken(key, 'import-resource', ...one) === lookupToken(key, 'import-resource', ...two)).toBe(same);
      }),
    );
    expect(lookupToken(key, 'family-birth-date', 'ab', 'c')).not.toBe(lookupToken(key, 'family-birth-date', 'a', 'bc'));
  });

  it('becomes an entry id that is a UUID of version 8', () => {
    fc.assert(
      fc.property(text, (value) => {
        const id = entryIdFrom(lookupToken(key, 'import-resource', value));
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      }),
    );
    for (const wrong of ['', 'a'.repeat(31), 'A'.repeat(32), 'g'.repeat(32)])
      expect(() => entryIdFrom(wrong)).toThrow(expect.objectContaining({ code: 'argument' }));
  });
});
