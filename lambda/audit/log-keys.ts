/** Names of the log's objects in the archive. Numbers have twelve digits, so that they sort as they count. */
const twelve = (value: number): string => {
  if (!Number.isSafeInteger(value) || value < 0 || value >= 1e12) throw new RangeError('not a size of a log');
  return String(value).padStart(12, '0');
};

export const segmentPrefix = 'v1/segments/';
export const leavesPrefix = 'v1/log/leaves/';
export const tilePrefix = 'v1/log/tile/';
export const checkpointPrefix = 'v1/log/checkpoint/';

/** @param first,last indices of leaves, both inclusive */
export const leavesKey = (first: number, last: number): string =>
  `${leavesPrefix}${twelve(first)}-${twelve(last)}.ndjson`;
/** @param size of the tree that the note signs */
export const checkpointKey = (size: number): string => `${checkpointPrefix}${twelve(size)}.note`;

/** @param newest instant of the newest event, ISO 8601 in UTC; @param sha256 of the NDJSON, hex */
export const segmentKey = (newest: string, sha256: string): string =>
  `${segmentPrefix}dt=${newest.slice(0, 10)}/hr=${newest.slice(11, 13)}/${sha256}.ndjson.gz`;

const leavesForm = /^v1\/log\/leaves\/(\d{12})-(\d{12})\.ndjson$/;
const checkpointForm = /^v1\/log\/checkpoint\/(\d{12})\.note$/;
const segmentForm = /^v1\/segments\/dt=\d{4}-\d{2}-\d{2}\/hr=\d{2}\/[0-9a-f]{64}\.ndjson\.gz$/;

export function readLeavesKey(key: string): { readonly first: number; readonly last: number } | undefined {
  const [, first, last] = leavesForm.exec(key) ?? [];
  return first && last ? { first: Number(first), last: Number(last) } : undefined;
}

export function readCheckpointKey(key: string): number | undefined {
  const [, size] = checkpointForm.exec(key) ?? [];
  return size ? Number(size) : undefined;
}

export const isSegmentKey = (key: string): boolean => segmentForm.test(key);
