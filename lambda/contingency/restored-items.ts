import { createHash } from 'node:crypto';

/** Tables whose restored copies are held against the table itself; the others are rebuilt from the archive. */
const comparedTables = ['records', 'keys', 'governance', 'audit'] as const;
export type ComparedTable = (typeof comparedTables)[number];
export const isCompared = (table: string): table is ComparedTable => comparedTables.some((each) => each === table);

export type Item = Readonly<Record<string, unknown>>;

/**
 * What can be said of one restored item beside the live one: `same` to the byte; `later`: the live one is further on, as it
 * should be; `expired`: the live one is gone at its time, or with a disposal; `incomparable`: it may change in any way. The
 * rest are faults: `missing` in the live table, `changed` what never changes, `older` live than restored.
 */
export type Comparison = 'same' | 'later' | 'expired' | 'incomparable' | 'missing' | 'changed' | 'older';
export const faults = ['missing', 'changed', 'older'] as const satisfies readonly Comparison[];

/** @returns SHA-256 of an item, equal for equal attributes in whatever order they come */
export function itemHash(item: Item): string {
  return createHash('sha256')
    .update(JSON.stringify(plain(item)))
    .digest('hex');
}

/** @param live the item of the same key in the table that was backed up @param now of the comparison */
export function compareItem(table: ComparedTable, restored: Item, live: Item | undefined, now: Date): Comparison {
  const nature = natureOf(table, restored);
  if (nature === 'passing') return 'incomparable';
  if (!live) return nature === 'ends-with-disposal' || isExpired(restored, now) ? 'expired' : 'missing';
  if (itemHash(restored) === itemHash(live)) return 'same';
  if (nature === 'fixed' || nature === 'ends-with-disposal') return 'changed';
  const [before, after] = [progressOf(restored), progressOf(live)];
  if (before === undefined || after === undefined || after < before) return 'older';
  // A sealed version is not sealed twice; of other items a part may be written without a new number.
  return after === before && nature === 'sealed' ? 'changed' : 'later';
}

type Nature = 'fixed' | 'ends-with-disposal' | 'sealed' | 'growing' | 'passing';

function natureOf(table: ComparedTable, item: Item): Nature {
  const [PK, SK] = [String(item['PK']), String(item['SK'])];
  switch (table) {
    case 'records':
      if (SK.startsWith('V#')) return 'fixed';
      if (SK.startsWith('C#')) return 'sealed';
      return SK === 'PATIENT' ? 'growing' : 'passing';
    case 'keys':
      if (!PK.startsWith('P#')) return 'passing';
      return SK === 'KEY' ? 'growing' : 'ends-with-disposal';
    case 'audit':
      return PK.startsWith('LANE#') ? 'fixed' : 'passing';
    case 'governance':
      // Places that are removed again, and marks of the log, have no number.
      return PK.startsWith('ACTOR#') || PK.startsWith('APPROVAL#') || PK.startsWith('CONTROL#') ? 'growing' : 'passing';
  }
}

/** @returns the number that grows with each change: of a key ring its newest version, whose disposal is the last step */
function progressOf(item: Item): number | undefined {
  const number = item['newest'] ?? item['version'];
  if (typeof number !== 'number') return undefined;
  return 'newest' in item && item['state'] === 'disposed' ? number + 0.5 : number;
}

const isExpired = ({ ttl }: Item, now: Date): boolean => typeof ttl === 'number' && ttl * 1000 <= now.getTime();

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('base64') };
  if (value instanceof Set) return { set: [...value].map((each) => JSON.stringify(plain(each))).sort() };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, each]) => [name, plain(each)]);
}
