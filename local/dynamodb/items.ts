import type { AttributeValue, Item } from 'dynalite/db';

const numberBytes = (text: string): number => Math.ceil(text.replace(/[^0-9]/g, '').length / 2) + 1;
const base64Bytes = (text: string): number => Buffer.byteLength(text, 'base64');

function sum<T>(values: readonly T[], bytes: (value: T) => number): number {
  let total = 0;
  for (const value of values) total += bytes(value);
  return total;
}

function valueBytes(value: AttributeValue): number {
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  if (value.N !== undefined) return numberBytes(value.N);
  if (value.B !== undefined) return base64Bytes(value.B);
  if (value.SS) return sum(value.SS, (text) => Buffer.byteLength(text));
  if (value.NS) return sum(value.NS, numberBytes);
  if (value.BS) return sum(value.BS, base64Bytes);
  if (value.L) return 3 + sum(value.L, (member) => 1 + valueBytes(member));
  if (value.M) return 3 + Object.keys(value.M).length + itemBytes(value.M);
  return 1;
}

/** An item's size as DynamoDB bills and limits it: UTF-8 names plus values, in bytes. */
export function itemBytes(item: Item | undefined): number {
  return item ? sum(Object.entries(item), ([name, value]) => Buffer.byteLength(name) + valueBytes(value)) : 0;
}

/** Equal as DynamoDB sees it: the order of attributes and of a set's members does not count. */
export function sameItem(a: Item | undefined, b: Item | undefined): boolean {
  if (!a || !b) return a === b;
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) => sameValue(a[name], b[name]));
}

function sameValue(a: AttributeValue | undefined, b: AttributeValue | undefined): boolean {
  if (!a || !b) return false;
  if (a.M && b.M) return sameItem(a.M, b.M);
  if (a.L && b.L) {
    const other = b.L;
    return a.L.length === other.length && a.L.every((member, position) => sameValue(member, other[position]));
  }
  for (const set of ['SS', 'NS', 'BS'] as const) {
    const members = a[set];
    const others = b[set];
    if (members && others)
      return members.length === others.length && members.every((member) => others.includes(member));
  }
  return JSON.stringify(a) === JSON.stringify(b);
}

/** A key attribute's value as text, the way IAM compares `dynamodb:LeadingKeys`: binary stays base64. */
export function keyText(value: AttributeValue | undefined): string | undefined {
  return value?.S ?? value?.N ?? value?.B;
}
