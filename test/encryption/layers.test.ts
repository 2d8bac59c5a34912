import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { PatientKey } from '../../lambda/encryption/data-key';
import { openEnvelope, sealEnvelope } from '../../lambda/encryption/envelope';
import { commitmentOffset, type Envelope, encodeContext, messageIdOffset } from '../../lambda/encryption/envelope-form';
import {
  authenticate,
  derive,
  encryptField,
  everyLayer,
  fieldBinding,
  type Layers,
  layOut,
  openThrough,
  sortFields,
  writeNonce,
} from '../../lambda/encryption/envelope-layers';
import { attributes, context, fields, key, keyBytes, outcome, versions, whole } from './example';

const encoded = encodeContext(context);
const nothing = () => undefined;
const off: Readonly<Record<keyof Layers, Layers>> = {
  format: { ...everyLayer, format: nothing },
  commitment: { ...everyLayer, commitment: nothing },
  footer: { ...everyLayer, footer: nothing },
  rollback: { ...everyLayer, rollback: nothing },
  field: { ...everyLayer, field: withoutTag },
};

interface Attempt {
  readonly key: PatientKey;
  readonly envelope: Envelope;
  readonly attributes: ReadonlyMap<string, string>;
  readonly floor?: number;
}
const attempt = (layers: Layers, { key, envelope, attributes, floor }: Attempt) =>
  outcome(() =>
    openThrough(layers, key, encoded, envelope, attributes, {
      permitted: 'all',
      ...(floor === undefined ? {} : { floor }),
    }),
  );

/** Decrypts as AES-GCM does, without asking whether the tag is right. */
function withoutTag(encryptionKey: Buffer, nonce: Buffer, _bound: Buffer, blob: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-ctr', encryptionKey, Buffer.concat([nonce, Buffer.from([0, 0, 0, 2])]));
  return decipher.update(blob.subarray(0, blob.length - 16));
}

/** An insider who holds the key writes a header as they like, and everything after it as the format says. */
function forge(byKey: PatientKey, header: Buffer, blobs?: ReadonlyMap<number, Buffer>): Envelope {
  const derived = derive(byKey, header.subarray(0, commitmentOffset), encoded);
  const { bind } = fieldBinding(header, encoded);
  const sealed = new Map(
    [...fields].map(([tag, plaintext]) => {
      const blob = Buffer.alloc(plaintext.length + 16);
      encryptField(derived.encryption, writeNonce(Buffer.alloc(12), tag), bind(tag), plaintext, blob, 0);
      return [tag, blob];
    }),
  );
  const all = blobs ?? sealed;
  const { message } = layOut(header, encoded, sortFields(all, 16, 'form'), 0, attributes);
  return { header, fields: all, footer: authenticate(derived.authentication, message) };
}

function headerSaying(version: number, algorithm: number, byKey = key): Buffer {
  const header = Buffer.from(sealEnvelope(byKey, context, versions, fields, attributes).header);
  header[0] = version;
  header[1] = algorithm;
  derive(byKey, header.subarray(0, commitmentOffset), encoded).commitment.copy(header, commitmentOffset);
  return header;
}

describe('no layer is decoration: with one left out, what it alone refuses is accepted', () => {
  const other = PatientKey.from(key.version, randomBytes(32));
  const original = { key, attributes, envelope: whole().envelope };
  const exchanged = () => {
    const { header, fields: sealed } = whole().envelope;
    const [one, two] = [Buffer.from(sealed.get(1) ?? []), Buffer.from(sealed.get(14) ?? [])];
    return forge(
      key,
      Buffer.from(header),
      new Map([
        [1, two],
        [14, one],
      ]),
    );
  };
  const dropped = new Map([...original.envelope.fields].slice(1));

  const classes: readonly (readonly [name: string, layer: keyof Layers, attempt: () => Attempt])[] = [
    [
      'an envelope of an unknown version, whole in itself',
      'format',
      () => ({ ...original, envelope: forge(key, headerSaying(2, 1)) }),
    ],
    [
      'an envelope of an unknown algorithm, whole in itself',
      'format',
      () => ({ ...original, envelope: forge(key, headerSaying(1, 2)) }),
    ],
    [
      'an envelope that names another version of the key',
      'format',
      () => ({ ...original, key: PatientKey.from(9, keyBytes) }),
    ],
    [
      'one header for two keys (salamander)',
      'commitment',
      () => ({ ...original, key: other, envelope: forge(other, headerSaying(1, 1, key)) }),
    ],
    ['a dropped field', 'footer', () => ({ ...original, envelope: { ...original.envelope, fields: dropped } })],
    [
      'a changed attribute',
      'footer',
      () => ({ ...original, attributes: new Map(attributes).set('author', 'somebody else') }),
    ],
    ['an older version put back in place', 'rollback', () => ({ ...original, floor: 5 })],
    ['two fields exchanged by who can make a footer', 'field', () => ({ ...original, envelope: exchanged() })],
  ];

  it.each(classes)('%s is refused by the layer "%s" and by no other', (_, layer, make) => {
    const made = make();
    expect(attempt(everyLayer, made)).toEqual(expect.any(String));
    for (const name of ['format', 'commitment', 'footer', 'rollback', 'field'] as const) {
      if (name === layer) expect(attempt(off[name], made)).toEqual({ accepted: expect.any(Map) });
      else expect(attempt(off[name], made)).toEqual(expect.any(String));
    }
  });

  it('openEnvelope leaves no layer out', () => {
    for (const [, , make] of classes) {
      const { key, envelope, attributes, floor } = make();
      const open = () =>
        openEnvelope(key, context, envelope, attributes, {
          permitted: 'all',
          ...(floor === undefined ? {} : { floor }),
        });
      expect(outcome(open)).toEqual(expect.any(String));
    }
  });

  it('the layers cannot be changed from outside', () => {
    expect(Object.isFrozen(everyLayer)).toBe(true);
  });
});

/*
 * AES-GCM alone does not commit to its key: one ciphertext and one tag can be made to open under two keys (Dodis et al.,
 * CRYPTO 2018). GHASH is linear, so of one block of ciphertext both tags can be solved to be equal.
 */
describe('a ciphertext that opens under two keys', () => {
  const multiply = (x: bigint, y: bigint): bigint => {
    let [product, v] = [0n, y];
    for (let bit = 127n; bit >= 0n; bit--) {
      if ((x >> bit) & 1n) product ^= v;
      v = v & 1n ? (v >> 1n) ^ (0xe1n << 120n) : v >> 1n;
    }
    return product;
  };
  const inverse = (x: bigint): bigint => {
    let result = 1n << 127n; // the one of this field
    for (let square = multiply(x, x), power = 1; power < 128; power++, square = multiply(square, square))
      result = multiply(result, square);
    return result;
  };
  const number = (bytes: Buffer) => BigInt(`0x${bytes.toString('hex')}`);
  const block = (value: bigint) => Buffer.from(value.toString(16).padStart(32, '0'), 'hex');

  it('is made for AES-GCM, and refused by the commitment of WE1', () => {
    const [one, two] = [PatientKey.from(1, randomBytes(32)), PatientKey.from(1, randomBytes(32))];
    const header = Buffer.from(
      sealEnvelope(one, context, versions, new Map([[1, Buffer.alloc(16)]]), attributes).header,
    );
    expect(header.subarray(messageIdOffset)).toHaveLength(64);
    const nonce = writeNonce(Buffer.alloc(12), 1);
    const bound = Buffer.from(fieldBinding(header, encoded).bind(1));
    const parts = [one, two].map((which) => {
      const { encryption } = derive(which, header.subarray(0, commitmentOffset), encoded);
      const h = number(createCipheriv('aes-256-ecb', encryption, null).setAutoPadding(false).update(Buffer.alloc(16)));
      const keystream = createCipheriv(
        'aes-256-ctr',
        encryption,
        Buffer.concat([nonce, Buffer.from([0, 0, 0, 2])]),
      ).update(Buffer.alloc(16));
      const zeroes = Buffer.alloc(32);
      encryptField(encryption, nonce, bound, keystream, zeroes, 0); // its ciphertext is all zeroes: the tag of C = 0
      return { h: multiply(h, h), tag: number(zeroes.subarray(16)) };
    });
    const [first, second] = parts;
    if (!first || !second) throw new Error('two keys');
    const ciphertext = multiply(first.tag ^ second.tag, inverse(first.h ^ second.h));
    const blob = Buffer.concat([block(ciphertext), block(first.tag ^ multiply(ciphertext, first.h))]);
    const envelope: Envelope = { header, fields: new Map([[1, blob]]), footer: Buffer.alloc(32) };
    const gcmAlone = { ...everyLayer, commitment: nothing, footer: nothing };
    const opened = [one, two].map((which) => attempt(gcmAlone, { key: which, envelope, attributes }));

    expect(opened).toEqual([{ accepted: expect.any(Map) }, { accepted: expect.any(Map) }]);
    expect(opened[0]).not.toEqual(opened[1]);
    expect(attempt({ ...everyLayer, footer: nothing }, { key: one, envelope, attributes })).toEqual({
      accepted: expect.any(Map),
    });
    expect(attempt({ ...everyLayer, footer: nothing }, { key: two, envelope, attributes })).toBe('commitment');
    expect(attempt(everyLayer, { key: two, envelope, attributes })).toBe('commitment');
  });
});

describe('minimum necessary', () => {
  it('decrypts the permitted fields only, after the footer has proven all of them. 45 CFR 164.502(b)', () => {
    const decrypted: number[] = [];
    const watching: Layers = {
      ...everyLayer,
      field(encryptionKey, nonce, bound, blob) {
        decrypted.push(nonce.readUInt32BE(8));
        return everyLayer.field(encryptionKey, nonce, bound, blob);
      },
    };
    const { envelope } = whole();
    const opened = openThrough(watching, key, encoded, envelope, attributes, { permitted: [15, 77] });
    expect([...opened.keys()]).toEqual([15]);
    expect(decrypted).toEqual([15]);
    const changed = { ...envelope, fields: new Map(envelope.fields).set(14, Buffer.alloc(80)) };
    expect(outcome(() => openThrough(watching, key, encoded, changed, attributes, { permitted: [15] }))).toBe('footer');
    expect(decrypted).toEqual([15]);
  });
});
