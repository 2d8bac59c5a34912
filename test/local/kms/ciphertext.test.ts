import fc from 'fast-check';
import { encodeContext } from '../../../local/kms/ciphertext';

const context = fc.dictionary(
  fc.string({ unit: 'grapheme', maxLength: 4 }),
  fc.string({ unit: 'grapheme', maxLength: 4 }),
  {
    maxKeys: 4,
  },
);

test('two encryption contexts have the same encoding if and only if they have the same pairs', () => {
  fc.assert(
    fc.property(context, context, (a, b) => {
      const sorted = (pairs: Record<string, string>) => JSON.stringify(Object.entries(pairs).sort());
      expect(encodeContext(a).equals(encodeContext(b))).toBe(sorted(a) === sorted(b));
    }),
  );
});

test('the order of the pairs does not change the encoding', () => {
  fc.assert(
    fc.property(context, (pairs) => {
      const reversed = Object.fromEntries(Object.entries(pairs).reverse());
      expect(encodeContext(reversed)).toEqual(encodeContext(pairs));
    }),
  );
});
