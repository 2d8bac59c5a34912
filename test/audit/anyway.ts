import { createHash } from 'node:crypto';
import { crc32, deflateRawSync } from 'node:zlib';
import { segmentKey } from '../../lambda/audit/log-keys';
import { hashLeaf, merkleRoot } from '../../lambda/audit/merkle';
import type { Segment } from '../../lambda/audit/segment';

/** Seals lines that the sealer would refuse, under a leaf that fits them in every other way. */
export function buildAnyway({ leaf }: Segment, text: string): Segment {
  const ndjson = Buffer.from(text);
  const sha256 = createHash('sha256').update(ndjson).digest('hex');
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(ndjson), 0);
  trailer.writeUInt32LE(ndjson.length, 4);
  const bytes = Buffer.concat([Buffer.from('1f8b08000000000000ff', 'hex'), deflateRawSync(ndjson), trailer]);
  const root = merkleRoot(text.trimEnd().split('\n').map(hashLeaf)).toString('hex');
  const key = segmentKey(leaf.last, sha256);
  return { key, sha256, bytes, ndjson, leaf: { ...leaf, bytes: ndjson.length, key, root, sha256 } };
}
