import { createDecipheriv, createHmac } from 'node:crypto';

/*
 * A reader of WE1 written from docs/formats/envelope.md alone, sharing no line with lambda/encryption: what it opens,
 * anyone can open who has that page and the key.
 */

const u32 = (value: number): Buffer =>
  Buffer.from([value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]);
const lp = (value: string | Buffer): Buffer => {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
  return Buffer.concat([u32(bytes.length), bytes]);
};

export interface Written {
  readonly key: Buffer;
  readonly context: {
    readonly organization: string;
    readonly patient: string;
    readonly type: string;
    readonly record: string;
  };
  readonly header: Buffer;
  readonly fields: readonly { readonly tag: number; readonly sealed: Buffer }[];
  readonly attributes: Readonly<Record<string, string>>;
  readonly footer: Buffer;
}

export function readWithTheDocumentAlone({
  key,
  context,
  header,
  fields,
  attributes,
  footer,
}: Written): Map<number, Buffer> {
  if (header.length !== 82 || header[0] !== 1 || header[1] !== 1) throw new Error('header');
  const ctx = Buffer.concat([lp(context.organization), lp(context.patient), lp(context.type), lp(context.record)]);
  const info = Buffer.concat([
    Buffer.from('WARD-ENVELOPE/v1 record'),
    header.subarray(0, 18),
    header.subarray(18, 50),
    ctx,
  ]);
  const first = createHmac('sha512', key)
    .update(Buffer.concat([info, Buffer.from([1])]))
    .digest();
  const second = createHmac('sha512', key)
    .update(Buffer.concat([first, info, Buffer.from([2])]))
    .digest();
  if (!first.subarray(32).equals(header.subarray(50))) throw new Error('commitment');
  const sorted = [...fields].sort((a, b) => a.tag - b.tag);
  const named = Object.entries(attributes).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const message = Buffer.concat([
    lp(header),
    lp(ctx),
    u32(sorted.length),
    ...sorted.flatMap(({ tag, sealed }) => [u32(tag), lp(sealed)]),
    u32(named.length),
    ...named.flatMap(([name, value]) => [lp(name), lp(value)]),
  ]);
  if (!createHmac('sha512', second.subarray(0, 32)).update(message).digest().subarray(0, 32).equals(footer))
    throw new Error('footer');
  return new Map(
    sorted.map(({ tag, sealed }) => {
      const nonce = Buffer.concat([Buffer.alloc(8), u32(tag)]);
      const decipher = createDecipheriv('aes-256-gcm', first.subarray(0, 32), nonce, { authTagLength: 16 });
      decipher.setAAD(Buffer.concat([header, ctx, u32(tag)]));
      decipher.setAuthTag(sealed.subarray(sealed.length - 16));
      return [tag, Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()])];
    }),
  );
}

export function decodeWithTheDocumentAlone(plaintext: Buffer): unknown {
  if (plaintext[0] === 5) return JSON.parse(plaintext.toString('utf8', 1));
  const content = plaintext.subarray(1, plaintext.lastIndexOf(0x80));
  switch (plaintext[0]) {
    case 0:
      return null;
    case 1:
      return false;
    case 2:
      return true;
    case 3:
      return content.readDoubleBE();
    case 4:
      return content.toString('utf8');
    default:
      throw new Error('kind');
  }
}
