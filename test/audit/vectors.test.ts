import { createHash, createPrivateKey, sign } from 'node:crypto';
import { readEventLine } from '../../lambda/audit/event-line';
import { laneStart, leafHash } from '../../lambda/audit/lane';
import { decodeLeaf, encodeLeaf } from '../../lambda/audit/leaf';
import { hashLeaf, merkleRoot } from '../../lambda/audit/merkle';
import { noteKeyId, parseNote, signedText, signingKey, verifyNote } from '../../lambda/audit/note';
import { buildSegment } from '../../lambda/audit/segment';
import checkpoint from '../vectors/audit/checkpoint.json';
import lane from '../vectors/audit/lane.json';
import log from '../vectors/audit/log.json';
import segment from '../vectors/audit/segment.json';
import { openNote } from './c2sp';

/*
 * What was ever archived must verify for six years: these vectors stay. Each is held against the product, and against the
 * words of docs/formats/audit-log.md with nothing but SHA-256 and Ed25519 of Node.
 */
const sha256 = (...parts: readonly (string | Uint8Array)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const leaf = (line: string): Buffer => sha256(Uint8Array.of(0), line);
const node = (left: Uint8Array, right: Uint8Array): Buffer => sha256(Uint8Array.of(1), left, right);
const two = (values: readonly { readonly line: string }[]): readonly [string, string] => [
  values[0]?.line ?? '',
  values[1]?.line ?? '',
];

test('a lane starts with the hash of its name and each event names the hash of the one before', () => {
  expect(sha256(`ward-audit/v1 lane\n${lane.origin}\n${lane.lane}\n`).toString('hex')).toBe(lane.start);
  expect(laneStart(lane.origin, lane.lane).hash).toBe(lane.start);
  const [first, second] = two(lane.events);
  expect(readEventLine(first)).toMatchObject({ seq: 1, prev: lane.start, lane: lane.lane, origin: lane.origin });
  expect(readEventLine(second)).toMatchObject({ seq: 2, prev: leaf(first).toString('hex') });
  expect(lane.events.map(({ line }) => leaf(line).toString('hex'))).toEqual(lane.events.map(({ hash }) => hash));
  expect(lane.events.map(({ line }) => leafHash(line))).toEqual(lane.events.map(({ hash }) => hash));
});

test('a segment has the key, the digest, the root and the leaf that it always had', () => {
  const [first = '', second = ''] = segment.lines;
  expect(sha256(`${first}\n${second}\n`).toString('hex')).toBe(segment.sha256);
  expect(node(leaf(first), leaf(second)).toString('hex')).toBe(segment.root);
  expect(segment.key).toBe(`v1/segments/dt=2026-11-23/hr=12/${segment.sha256}.ndjson.gz`);
  const built = buildSegment([second, first]);
  expect([built.key, built.sha256, encodeLeaf(built.leaf)]).toEqual([segment.key, segment.sha256, segment.leaf]);
});

test('leaves of every kind read back, hash as they did, and make the root', () => {
  for (const { line, hash } of [...log.leaves, ...log.otherLeaves]) {
    expect(encodeLeaf(decodeLeaf(line))).toBe(line);
    expect(leaf(line).toString('hex')).toBe(hash);
    expect(() => decodeLeaf(` ${line}`)).toThrow('leaf-invalid');
    expect(() => decodeLeaf(line.replace('"v":1', '"v":2'))).toThrow('leaf-invalid');
    expect(() => decodeLeaf(line.replace('"type"', '"more":1,"type"'))).toThrow('leaf-invalid');
  }
  const [genesis, sealed, epoch] = log.leaves.map(({ line }) => leaf(line));
  expect(node(node(genesis ?? root, sealed ?? root), epoch ?? root)).toEqual(root);
  expect(merkleRoot(log.leaves.map(({ line }) => hashLeaf(line)))).toEqual(root);
});
const root = Buffer.from(log.root, 'hex');

test('the checkpoint is signed as RFC 8032 signs, and opens for the product and for a reader of the C2SP text', () => {
  const pkcs8 = Buffer.from(`302e020100300506032b657004220420${checkpoint.secretKey}`, 'hex');
  const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  const signature = sign(null, Buffer.from(checkpoint.signedText), privateKey);
  const { origin, size, root: signed, signatures } = parseNote(checkpoint.note);
  expect(signatures[0]?.signature).toEqual(signature);
  expect([origin, size, signed]).toEqual([lane.origin, log.leaves.length, root]);
  expect(signedText({ origin, size, root: signed })).toBe(checkpoint.signedText);
  const key = signingKey(Buffer.from(checkpoint.spki, 'hex'));
  expect(key.fingerprint).toBe(checkpoint.fingerprint);
  expect(key.raw.toString('hex')).toBe(checkpoint.publicKey);
  expect(noteKeyId(origin, key).toString('hex')).toBe(checkpoint.keyId);
  expect(verifyNote(parseNote(checkpoint.note), [key])).toHaveLength(1);
  const reader = { name: origin, publicKey: Buffer.from(checkpoint.publicKey, 'hex') };
  expect(openNote(Buffer.from(checkpoint.note), reader)).toBe(checkpoint.signedText);
});
