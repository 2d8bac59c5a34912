import { createHash, createPublicKey, verify } from 'node:crypto';
import { LogError } from '../../lambda/audit/log-error';
import { formatNote, noteKeyId, parseNote, signedText, signingKey, verifyNote } from '../../lambda/audit/note';
import { newSigner, note, origin } from './archive';
import { openNote } from './c2sp';

const signer = newSigner();
const other = newSigner();
const root = Buffer.alloc(32, 7);
const checkpoint = note(signer, 20852163, root);

test('a checkpoint is a note of three lines, signed under the name of its log', () => {
  const [origin1, size, hash, empty, line, end] = checkpoint.split('\n');
  expect([origin1, size, hash, empty, end]).toEqual([origin, '20852163', root.toString('base64'), '', '']);
  expect(line).toMatch(/^\u2014 ward\/clinic\/local [A-Za-z0-9+/]{91}=$/);
  expect(parseNote(checkpoint)).toMatchObject({ origin, size: 20852163, root });
  expect(verifyNote(parseNote(checkpoint), [other, signer])).toEqual([signer]);
});

test('an independent reader of C2SP signed notes accepts it, and refuses it for any change', () => {
  const verifierKey = { name: origin, publicKey: signer.raw };
  expect(openNote(Buffer.from(checkpoint), verifierKey)).toBe(`${origin}\n20852163\n${root.toString('base64')}\n`);
  expect(() => openNote(Buffer.from(checkpoint), { name: origin, publicKey: other.raw })).toThrow('no signature');
  expect(() => openNote(Buffer.from(checkpoint), { name: 'ward/else/local', publicKey: signer.raw })).toThrow();
  const bytes = Buffer.from(checkpoint);
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
    expect(() => openNote(changed, verifierKey)).toThrow();
    expect(() => verifyNote(parseNote(changed), [signer])).toThrow(LogError);
  }
});

test('the independent reader accepts a note of Go’s sumdb/note', () => {
  // The example in the documentation of that package, which C2SP signed notes come from.
  const vkey = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
  const text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
  const signed = `${text}\n\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`;
  const [name = '', id, key = ''] = vkey.split('+');
  const typed = Buffer.from(key, 'base64');
  expect(typed[0]).toBe(1);
  const publicKey = typed.subarray(1);
  expect(openNote(Buffer.from(signed), { name, publicKey })).toBe(text);
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), publicKey]);
  expect(noteKeyId(name, signingKey(spki)).toString('hex')).toBe(id);
});

test('a fingerprint is what openssl makes of the public key', () => {
  const spki = createPublicKey({ key: signer.spki, format: 'der', type: 'spki' }).export({
    format: 'der',
    type: 'spki',
  });
  expect(signer.fingerprint).toBe(createHash('sha256').update(spki).digest('hex'));
  for (const bytes of [signer.raw, Buffer.concat([signer.spki, Buffer.alloc(1)]), Buffer.alloc(44)])
    expect(() => signingKey(bytes)).toThrow('key-invalid');
});

test('signatures of strangers are ignored, one false signature of a known key refuses the note', () => {
  const text = signedText({ origin, size: 3, root });
  const own = { name: origin, keyId: noteKeyId(origin, signer), signature: signer.sign(text) };
  const strange = { name: 'witness.example/w', keyId: Buffer.alloc(4, 9), signature: Buffer.alloc(72) };
  const forged = { ...own, signature: other.sign(text) };
  const check = (...lines: readonly (typeof own)[]) => verifyNote(parseNote(formatNote(text, lines)), [signer]).length;
  expect(check(strange, own)).toBe(1);
  expect(check(own, { ...strange, name: origin })).toBe(1);
  expect(() => check(strange)).toThrow('note-signature-invalid');
  expect(() => check(own, forged)).toThrow('note-signature-invalid');
  expect(() => check(forged)).toThrow('note-signature-invalid');
});

test.each([
  ['no signature', checkpoint.slice(0, checkpoint.indexOf('\n\n') + 2)],
  ['no end', checkpoint.slice(0, -1)],
  ['more behind the end', `${checkpoint}\n`],
  ['an extension line', checkpoint.replace('\n\n', '\nmore\n\n')],
  ['a size with a leading zero', checkpoint.replace('\n2', '\n02')],
  ['a size that is no number', checkpoint.replace('\n2', '\nx')],
  ['a size that no number holds', checkpoint.replace('\n20852163', '\n9007199254740993')],
  ['a short root', checkpoint.replace(root.toString('base64'), root.subarray(1).toString('base64'))],
  ['base64 in another spelling', checkpoint.replace(root.toString('base64'), root.toString('base64url'))],
  ['a carriage return', checkpoint.replace('\n', '\r\n')],
  ['a hyphen for the dash', checkpoint.replace('\u2014', '-')],
  ['two spaces', checkpoint.replace(`${origin} `, `${origin}  `)],
  ['seventeen signatures', checkpoint + `\u2014 w AAAAAAAA\n`.repeat(16)],
])('%s: no note', (_, text) => {
  expect(() => parseNote(text)).toThrow('note-invalid');
});

test('bytes that are not UTF-8 are no note, and no names with a plus or a space are signed', () => {
  expect(() => parseNote(Buffer.concat([Buffer.from([0xff]), Buffer.from(checkpoint)]))).toThrow('note-invalid');
  for (const name of ['a b', 'a+b', '', 'a\nb'])
    expect(() => signedText({ origin: name, size: 1, root })).toThrow(RangeError);
});

test('what is signed is the text with its last line feed and without the empty line', () => {
  const { text, signatures } = parseNote(checkpoint);
  expect(text.endsWith(`${root.toString('base64')}\n`)).toBe(true);
  expect(verify(null, Buffer.from(text), signer.key, signatures[0]?.signature ?? Buffer.alloc(0))).toBe(true);
});
