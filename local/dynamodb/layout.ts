import { createKey, type Item, type Range, type TableDescription } from 'dynalite/db';

/**
 * Where things lie in LevelDB. A table's name has letters, digits, `_`, `-` and `.` only, and every key after a prefix
 * is hexadecimal, digits and `/`; so `~` parts the names and ends each range.
 */
export const prefixes = {
  tables: 'table~',
  tokens: 'token~',
  items: (table: string) => `item-${table}~`,
  index: (table: string, index: string) => `index-${table}~${index}~`,
  expiry: (table: string) => `expiry-${table}~`,
  stream: (table: string) => `stream-${table}~`,
};

export const under = (prefix: string): Range => ({ gt: prefix, lt: `${prefix}~` });

/** @throws nothing, but expects a key that dynalite's validateKey or validateItem has accepted */
export const itemKey = (table: TableDescription, item: Item): string =>
  prefixes.items(table.TableName) + createKey(item, table);

/** A time in `expiry~` order: seconds since 1970, for every time that TTL acts on. */
export const expiryTime = (seconds: number): string => String(Math.floor(seconds)).padStart(12, '0');

/** The second at which TTL may delete an item, if its attribute holds a time that TTL acts on. */
export function expiresAt(item: Item | undefined, attribute: string | undefined): number | undefined {
  const text = attribute === undefined ? undefined : item?.[attribute]?.N;
  const seconds = text === undefined ? Number.NaN : Number(text);
  return seconds >= 0 && seconds < 1e12 ? seconds : undefined;
}

/**
 * The index and expiry entries of an item. An index leaves out items without its keys, and items whose attribute has
 * another type. The entry's key ends with the item's whole key: dynalite's own has 24 bits of a hash there, so two of
 * some thousand items under one index key would overwrite each other.
 */
export function derivedEntries(
  table: TableDescription,
  timeToLive: string | undefined,
  item: Item | undefined,
): Map<string, unknown> {
  const entries = new Map<string, unknown>();
  if (!item) return entries;
  const own = createKey(item, table);
  for (const index of table.GlobalSecondaryIndexes ?? []) {
    if (!index.KeySchema.every(({ AttributeName }) => hasIndexKey(table, AttributeName, item))) continue;
    const key = indexKey(table, index.KeySchema, item);
    entries.set(prefixes.index(table.TableName, index.IndexName) + key, projected(table, index, item));
  }
  const seconds = expiresAt(item, timeToLive);
  if (seconds !== undefined)
    entries.set(`${prefixes.expiry(table.TableName)}${expiryTime(seconds)}/${own}`, keyOf(table, item));
  return entries;
}

/** An item's place in an index, also what a page of a query continues after. */
export const indexKey = (table: TableDescription, keySchema: TableDescription['KeySchema'], item: Item): string =>
  createKey(item, table, keySchema) + createKey(item, table);

function hasIndexKey(table: TableDescription, attribute: string, item: Item): boolean {
  const definition = table.AttributeDefinitions.find(({ AttributeName }) => AttributeName === attribute);
  return definition !== undefined && item[attribute]?.[definition.AttributeType] !== undefined;
}

function projected(
  table: TableDescription,
  index: NonNullable<TableDescription['GlobalSecondaryIndexes']>[number],
  item: Item,
): Item {
  if (index.Projection.ProjectionType === 'ALL') return item;
  const names = [
    ...table.KeySchema.map(({ AttributeName }) => AttributeName),
    ...index.KeySchema.map(({ AttributeName }) => AttributeName),
    ...(index.Projection.NonKeyAttributes ?? []),
  ];
  return pick(item, names);
}

/** The primary key of an item. */
export const keyOf = (table: TableDescription, item: Item): Item =>
  pick(
    item,
    table.KeySchema.map(({ AttributeName }) => AttributeName),
  );

function pick(item: Item, names: readonly string[]): Item {
  const picked: Item = {};
  for (const name of names) {
    const value = item[name];
    if (value) picked[name] = value;
  }
  return picked;
}
