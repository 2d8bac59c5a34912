import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** The checksums of `x-amz-checksum-<name>`, each big-endian as S3 sends it. */
const ALGORITHMS = {
  crc32: (bytes: Buffer) => uint32(crc32(bytes)),
  crc32c: (bytes: Buffer) => uint32(crc32c(bytes)),
  crc64nvme,
  sha1: (bytes: Buffer) => createHash('sha1').update(bytes).digest(),
  sha256: (bytes: Buffer) => createHash('sha256').update(bytes).digest(),
} as const;

export type ChecksumAlgorithm = keyof typeof ALGORITHMS;

export function isChecksumAlgorithm(name: string): name is ChecksumAlgorithm {
  return Object.hasOwn(ALGORITHMS, name);
}

/** @returns the checksum in base64 */
export function checksum(algorithm: ChecksumAlgorithm, bytes: Buffer): string {
  return ALGORITHMS[algorithm](bytes).toString('base64');
}

const CRC32C_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0x82f63b78 : 0);
  return remainder >>> 0;
});

function crc32c(bytes: Buffer): number {
  let remainder = 0xffffffff;
  for (const byte of bytes) remainder = (remainder >>> 8) ^ (CRC32C_TABLE[(remainder ^ byte) & 0xff] ?? 0);
  return (remainder ^ 0xffffffff) >>> 0;
}

/** CRC-64/NVME, reflected, in two halves of 32 bits: ten times as fast as with `bigint`. */
const CRC64_HIGH = new Uint32Array(256);
const CRC64_LOW = new Uint32Array(256);
for (let byte = 0; byte < 256; byte++) {
  let high = 0;
  let low = byte;
  for (let bit = 0; bit < 8; bit++) {
    const odd = low & 1;
    low = (low >>> 1) | (high << 31);
    high >>>= 1;
    if (odd) {
      high ^= 0x9a6c9329;
      low ^= 0xac4bc9b5;
    }
  }
  CRC64_HIGH[byte] = high;
  CRC64_LOW[byte] = low;
}

function crc64nvme(bytes: Buffer): Buffer {
  let high = 0xffffffff;
  let low = 0xffffffff;
  for (const byte of bytes) {
    const index = (low ^ byte) & 0xff;
    low = ((low >>> 8) | (high << 24)) ^ (CRC64_LOW[index] ?? 0);
    high = (high >>> 8) ^ (CRC64_HIGH[index] ?? 0);
  }
  return Buffer.concat([uint32(~high >>> 0), uint32(~low >>> 0)]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
