/*
 * Writes test/vectors/audit: `node --import tsx scripts/audit-vectors.ts`.
 * The vectors are frozen. When running this changes a file, the format has changed, and the archives that there are cannot be
 * verified any more: that needs a new version in the lines, and new vectors beside these.
 */
import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nextEpoch, noEpoch } from '../lambda/audit/epoch';
import type { EventDraft } from '../lambda/audit/event';
import { appendEvent, laneStart } from '../lambda/audit/lane';
import { encodeLeaf, type Leaf } from '../lambda/audit/leaf';
import { checkpointKey, leavesKey } from '../lambda/audit/log-keys';
import { LogTree } from '../lambda/audit/log-tree';
import { emptyRoot, hashLeaf } from '../lambda/audit/merkle';
import { formatNote, noteKeyId, signedText, signingKey } from '../lambda/audit/note';
import { buildSegment } from '../lambda/audit/segment';

const directory = join(__dirname, '../test/vectors/audit');
const origin = 'ward/example-clinic/production';
const lane = '01935a00-0000-7000-8000-00000000001a';
/** the secret key of RFC 8032 section 7.1, test 1 */
const secret = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex');
const privateKey = createPrivateKey({
  key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), secret]),
  format: 'der',
  type: 'pkcs8',
});
const key = signingKey(createPublicKey(privateKey).export({ format: 'der', type: 'spki' }));

const read: EventDraft = {
  action: 'record.read',
  actor: {
    mfa: true,
    role: 'clinician',
    session: '5f0c4b1e-8a52-4f57-9d0f-6c4c8ad0a001',
    sub: '7d0c3b52-63f4-4f0e-8b7e-1f0e9d2c4a66',
  },
  basis: 'care-team',
  categories: ['diagnoses'],
  outcome: 'permit',
  patient: '0b8e7f0a-5c1d-4e7b-9a55-3d2f6c7e8a91',
  purpose: 'TREAT',
  reason: null,
  request: {
    id: 'c1a9e2d4-2f64-4a7e-8c0f-0d5b7e6f1a02',
    ip: '2001:db8::17',
    method: 'GET',
    route: '/v1/patients/{id}/records/{category}',
    status: 200,
  },
  resources: [{ id: '3f0c8a6e-2d4b-8f6a-9c1e-7b5d3a2f1e0c', type: 'diagnoses', version: 3 }],
};
const denied: EventDraft = {
  ...read,
  basis: null,
  categories: [],
  outcome: 'deny',
  reason: 'not-on-care-team',
  request: read.request && { ...read.request, status: 403 },
  resources: [],
};

const start = laneStart(origin, lane);
const first = appendEvent(start, origin, read, {
  id: '01935a00-0000-7000-8000-000000000001',
  at: new Date('2026-11-23T11:59:58.250Z'),
});
const second = appendEvent(first, origin, denied, {
  id: '01935a00-0000-7000-8000-000000000002',
  at: new Date('2026-11-23T12:00:01.000Z'),
});
const segment = buildSegment([second.line, first.line]);
const at = '2026-11-23T12:01:00.000Z';
const leaves: readonly Leaf[] = [
  {
    at,
    format: '0'.repeat(64),
    keys: [{ fingerprint: key.fingerprint, public: key.spki.toString('base64') }],
    origin,
    type: 'genesis',
    v: 1,
  },
  segment.leaf,
  nextEpoch(noEpoch, {
    now: new Date(at),
    lanes: [{ lane, seq: 2, hash: second.hash, function: 'ward-records', openedAt: '2026-11-23T11:59:58.250Z' }],
    archivedTo: () => 2,
    prev: { root: emptyRoot().toString('hex'), size: 0 },
  }).leaf,
];
const others: readonly Leaf[] = [
  { at, fingerprint: key.fingerprint, public: key.spki.toString('base64'), type: 'key', v: 1 },
  {
    at,
    by: ['0b8e7f0a-5c1d-4e7b-9a55-3d2f6c7e8a91', '7d0c3b52-63f4-4f0e-8b7e-1f0e9d2c4a66'],
    gaps: [[lane, 3, 5]],
    reason: 'stream-expired',
    type: 'acknowledge',
    v: 1,
  },
];
const tree = new LogTree();
for (const leaf of leaves) tree.append(hashLeaf(encodeLeaf(leaf)));
const text = signedText({ origin, size: tree.size, root: tree.root() });
const signature = sign(null, Buffer.from(text), privateKey);

mkdirSync(directory, { recursive: true });
function write(name: string, content: unknown): void {
  writeFileSync(join(directory, name), `${JSON.stringify(content, null, 2)}\n`);
  process.stdout.write(`${name}\n`);
}
const about = 'docs/formats/audit-log.md; hashes and keys in hexadecimal unless said otherwise';
write('lane.json', {
  about,
  origin,
  lane,
  start: start.hash,
  events: [first, second].map(({ line, hash }) => ({ line, hash })),
});
write('segment.json', {
  about,
  lines: [first.line, second.line],
  key: segment.key,
  sha256: segment.sha256,
  root: segment.leaf.root,
  leaf: encodeLeaf(segment.leaf),
});
write('log.json', {
  about,
  leavesKey: leavesKey(0, leaves.length - 1),
  leaves: leaves.map((leaf) => ({ line: encodeLeaf(leaf), hash: hashLeaf(encodeLeaf(leaf)).toString('hex') })),
  otherLeaves: others.map((leaf) => ({ line: encodeLeaf(leaf), hash: hashLeaf(encodeLeaf(leaf)).toString('hex') })),
  root: tree.root().toString('hex'),
});
write('checkpoint.json', {
  about,
  secretKey: secret.toString('hex'),
  publicKey: key.raw.toString('hex'),
  spki: key.spki.toString('hex'),
  fingerprint: key.fingerprint,
  keyId: noteKeyId(origin, key).toString('hex'),
  objectKey: checkpointKey(tree.size),
  signedText: text,
  note: formatNote(text, [{ name: origin, keyId: noteKeyId(origin, key), signature }]),
});
