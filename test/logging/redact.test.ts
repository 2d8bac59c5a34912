import { inspect } from 'node:util';
import fc from 'fast-check';
import { isSensitiveName, withoutIdentifiers } from '../../lambda/logging/identifiers';
import { redact } from '../../lambda/logging/redact';
import { resourceDefinition, typeDefinition } from '../../lambda/records/fhir/structure';
import { categories } from '../../lambda/records/model';

const digit = (count: number) => fc.stringMatching(new RegExp(`^[0-9]{${count}}$`));
const hex = (count: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${count}}$`));
const letters = fc.stringMatching(/^[B-Z][a-z]{6,12}q$/);
const month = fc.constantFrom('Jan', 'February', 'march', 'Sept', 'DECEMBER');
const day = fc.integer({ min: 1, max: 28 });

/** The kinds of 45 CFR 164.514(b)(2)(i) that have a form, each with a part that must not survive. */
const identifiers: Readonly<Record<string, fc.Arbitrary<readonly [text: string, canary: string]>>> = {
  '(A) a name that is called one': letters.map((name) => [`Mrs. ${name}`, name]),
  '(A) a name in quotes': letters.map((name) => [`of "${name}"`, name]),
  '(B) a street': fc.tuple(digit(3), letters).map(([number, name]) => [`${number} ${name} Street`, name]),
  '(B) a postal code': digit(5).map((code) => [code, code]),
  '(C) a date': fc.tuple(digit(4), digit(2), digit(2)).map(([y, m, d]) => [`${y}-${m}-${d}`, `${m}-${d}`]),
  '(C) an American date': fc.tuple(digit(2), digit(2), digit(4)).map(([m, d, y]) => [`${m}/${d}/${y}`, `${m}/${d}`]),
  '(C) a date in words': fc.tuple(month, day, digit(4)).map(([m, d, y]) => [`${m} ${d}, ${y}`, `${m} ${d}`]),
  '(C) a date in words, day first': fc.tuple(month, day).map(([m, d]) => [`${d} ${m}`, `${d} ${m}`]),
  '(D) a telephone number': digit(4).map((end) => [`(555) 867-${end}`, end]),
  '(D) a telephone number with its country': digit(4).map((end) => [`+1 555 867 ${end}`, end]),
  '(F) an e-mail address': letters.map((name) => [`${name}@example.org`, name]),
  '(G) a social security number': digit(9).map((n) => [`${n.slice(0, 3)}-${n.slice(3, 5)}-${n.slice(5)}`, n.slice(5)]),
  '(G) one without hyphens': digit(9).map((n) => [n, n]),
  '(H) a medical record number': digit(3).map((n) => [`MRN-${n}`, n]),
  '(I) a plan number': fc.tuple(letters, digit(3)).map(([a, b]) => [`member id ${a}${b}`, a]),
  '(J) an account number': digit(8).map((n) => [`account ${n}`, n]),
  '(K) a licence': fc.tuple(letters, digit(4)).map(([a, b]) => [`${a}${b}`, `${a}${b}`]),
  '(L) a vehicle': digit(6).map((n) => [`1HGCM82633A${n}`, n]),
  '(M) a device': fc.array(hex(2), { minLength: 6, maxLength: 6 }).map((parts) => [parts.join(':'), parts.join(':')]),
  '(N) a URL': letters.map((name) => [`https://example.org/patients/${name}`, name]),
  '(O) an IPv4 address': fc
    .ipV4()
    .filter((ip) => ip.replace(/\D/g, '').length > 3)
    .map((ip) => [ip, ip]),
  '(O) an IPv6 address': fc.tuple(hex(4), hex(4)).map(([a, b]) => [`2001:db8::${a}:${b}`, `${a}:${b}`]),
  '(R) a patient id': fc.uuid().map((id) => [id, id.slice(0, 13)]),
  '(R) a token': fc.tuple(hex(40)).map(([code]) => [`eyJhbGciOiJSUzI1NiJ9.${code}`, code]),
};

const around = fc.constantFrom(
  (text: string) => text,
  (text: string) => `could not be read: ${text}, nothing was done`,
  (text: string) => `{"message":"of ${text.replaceAll('"', "'")} in JSON"}`,
  (text: string) => `a=1&b=${text}`,
  (text: string) => `[${text}]`,
);

/** Puts a value somewhere into a structure. */
type Nest = (value: unknown) => unknown;
const nest: fc.Arbitrary<Nest> = fc
  .array(
    fc.constantFrom<Nest>(
      (value) => ({ detail: value }),
      (value) => [1, value],
      (value) => new Map([['detail', value]]),
      (value) => new Map([[value, 1]]),
      (value) => new Set([value]),
      (value) => new Error('failed', { cause: value }),
      (value) => Object.assign(new Error('failed'), { detail: value, $response: { body: value } }),
      (value) => ({ Items: [{ detail: { S: value } }] }),
      (value) => Object.create({ inherited: value }, { shown: { value, enumerable: true } }),
      (value) => (typeof value === 'string' ? { [value]: 1 } : { value }),
      (value) => (typeof value === 'string' ? Buffer.from(value) : { detail: value }),
    ),
    { maxLength: 7 },
  )
  .map((layers) => (value) => layers.reduce((inner, layer) => layer(inner), value));

test('an id that ends in digits goes whole: what looks for telephone numbers takes no part of it', () => {
  expect(redact('entry a0ffffea-beea-7ac7-8000-000000000000')).toBe('entry [redacted]');
});

describe('no identifier survives, in whatever it is wrapped; 45 CFR 164.514(b)(2)', () => {
  test.each(Object.entries(identifiers))('%s', (_, identifier) => {
    fc.assert(
      fc.property(identifier, around, nest, ([text, canary], words, wrap) => {
        expect(JSON.stringify(redact(wrap(words(text))))).not.toContain(canary);
      }),
      { numRuns: 200 },
    );
  });
});

test.each(['family', 'birth_date', 'birthDate', 'billing_address', 'Item', 'Key', 'sourceIp', 'Authorization', 'PK'])(
  'whatever stands beside %s is taken out',
  (name) => {
    fc.assert(
      fc.property(letters, nest, nest, (canary, inside, outside) => {
        const said = JSON.stringify(redact(outside({ [name]: inside(canary) })));
        expect(said).not.toContain(canary);
      }),
    );
    for (const text of [`${name}=Muster&x=1`, `"${name}": Muster`, `{"a":[{"${name}":{"S":"Muster"}}]}`])
      expect(redact(text)).not.toContain('Muster');
  },
);

test('errors of every kind say their class and code alone', () => {
  const wraps: readonly ((canary: string) => unknown)[] = [
    (canary) => new Error(canary),
    (canary) => new Error('a', { cause: new TypeError(canary) }),
    (canary) => new AggregateError([new Error(canary)], canary),
    (canary) => Object.assign(new Error(canary), { name: 'ValidationException', $fault: 'client', Item: canary }),
    (canary) =>
      Object.assign(new Error(canary), {
        name: 'TransactionCanceledException',
        CancellationReasons: [{ Code: 'ConditionalCheckFailed', Message: canary, Item: { family: { S: canary } } }],
        $response: { body: canary, headers: { a: canary } },
      }),
    (canary) => Object.assign(new Error('a'), { name: `Bad 12 ${canary}`, code: `${canary} 17` }),
  ];
  fc.assert(
    fc.property(letters, fc.constantFrom(...wraps), nest, (canary, wrap, outside) => {
      expect(JSON.stringify(redact(outside(wrap(canary))))).not.toContain(canary);
    }),
  );
  const cancelled = wraps[4];
  expect(redact(cancelled?.('x'))).toEqual({ error: ['TransactionCanceledException', 'ConditionalCheckFailed'] });
});

test('bytes are counted, however they are held', () => {
  fc.assert(
    fc.property(letters, nest, (canary, outside) => {
      const bytes = Buffer.from(canary);
      const held = [bytes, new Uint8Array(bytes), new DataView(bytes.buffer), new Uint8Array(bytes).buffer];
      const said = JSON.stringify(redact(outside(held)));
      for (const form of [canary, bytes.toString('base64'), bytes.toString('hex'), [...bytes].join()])
        expect(said).not.toContain(form);
    }),
  );
  expect(redact(Buffer.alloc(7))).toBe('[7 bytes]');
});

test('getters are not called, cycles end, and what throws while it is read is named as that', () => {
  const called = jest.fn(() => 'Muster');
  const cycle: Record<string, unknown> = { status: 'open' };
  cycle['self'] = cycle;
  const hostile = new Proxy(
    {},
    {
      ownKeys: () => {
        throw new Error('Muster');
      },
    },
  );
  const value = { cycle, hostile, own: Object.defineProperty({}, 'detail', { get: called, enumerable: true }) };
  expect(redact(value)).toEqual({
    cycle: { status: 'open', self: '[cycle]' },
    hostile: '[unreadable]',
    own: { detail: '[getter]' },
  });
  expect(called).not.toHaveBeenCalled();
});

test('what is huge is cut short', () => {
  const wide = Array.from({ length: 100_000 }, (_, index) => ({ index }));
  let deep: unknown = 'end';
  for (let depth = 0; depth < 100_000; depth++) deep = { deep };
  for (const value of [wide, deep, [deep, wide, [wide]], 'x'.repeat(10_000_000), new Set(wide)])
    expect(JSON.stringify(redact(value)).length).toBeLessThan(20_000);
});

test('any value gives JSON', () => {
  fc.assert(
    fc.property(
      fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true }),
      (value) => {
        expect(typeof JSON.stringify(redact(value))).toBe('string');
      },
    ),
  );
});

test('what an operator needs stays: words, small numbers, years, and names of programs', () => {
  const line = { attempts: 3, status: 503, region: 'Possible memory leak detected in 2026', ok: true };
  expect(redact(line)).toEqual({ ...line, status: 503 });
  expect(withoutIdentifiers('DeprecationWarning: use the other constructor')).toBe(
    'DeprecationWarning: use the other constructor',
  );
});

test('every category and every element of a person in FHIR is a name that is taken out', () => {
  const base = new Set([
    'id',
    'extension',
    'modifierExtension',
    'meta',
    'implicitRules',
    'contentType',
    'size',
    'hash',
  ]);
  const types = ['HumanName', 'Address', 'ContactPoint', 'Identifier', 'Narrative', 'Attachment'].map(typeDefinition);
  const elements = [resourceDefinition('Patient'), ...types]
    .flatMap((type) => [...(type?.elements.keys() ?? [])])
    .filter((name) => !base.has(name) && !['type', 'status', 'creation'].includes(name));
  expect(elements.length).toBeGreaterThan(30);
  expect([...categories, ...elements].filter((name) => !isSensitiveName(name))).toEqual([]);
});

test('a canary would be seen', () => {
  // What the properties look for does come out of a printer that takes nothing away.
  expect(inspect(new Error('a', { cause: { family: 'Muster' } }), { depth: 9 })).toContain('Muster');
});

it('reads so many letters of a value and no more, so that long texts cannot keep a function from its work', () => {
  const texts = Array.from({ length: 40 }, () => 'word '.repeat(300));
  const shown = JSON.stringify(redact(texts));
  expect(shown.split('[text of 1500 characters]').length - 1).toBe(40 - 13);
});
