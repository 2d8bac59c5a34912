import { batches, mostEntries } from '../../lambda/records/import-batches';
import type { RecordItem } from '../../lambda/records/model';

const entry = (index: number, bytes = 10): RecordItem => ({
  PK: 'P#1',
  SK: `C#notes#${index}`,
  category: 'notes',
  entry: '5b0c1c1e-6d5b-4f6e-8d53-0d9f2f1f7a11',
  version: 1,
  createdAt: '2026-03-10T08:00:00.000Z',
  updatedAt: '2026-03-10T08:00:00.000Z',
  author: '9f3d8a52-3c53-4f2b-9f0b-2a7e1f0c6d22',
  header: new Uint8Array(),
  fields: { body: new Uint8Array(bytes) },
  footer: new Uint8Array(),
});
const sizes = (items: readonly RecordItem[]) => [...batches(items)].map((batch) => batch.length);
const many = (count: number, bytes?: number) => Array.from({ length: count }, (_, index) => entry(index, bytes));

test('every item is in one batch, in order', () => {
  const items = many(2 * mostEntries + 1);
  expect(sizes(items)).toEqual([mostEntries, mostEntries, 1]);
  expect([...batches(items)].flat()).toEqual(items);
});

test('a batch stays below what a transaction takes, 4 MiB', () => {
  for (const batch of batches(many(100, 200_000)))
    expect(batch.reduce((sum, { fields }) => sum + (fields['body']?.length ?? 0), 0)).toBeLessThan(4 * 1024 * 1024);
  expect(sizes(many(100, 200_000)).reduce((sum, size) => sum + size, 0)).toBe(100);
});

test('an item that is larger than a batch goes alone, and of nothing there is no batch', () => {
  expect(sizes([entry(1), entry(2, 3_000_000), entry(3)])).toEqual([1, 1, 1]);
  expect(sizes([])).toEqual([]);
});
