import type { RecordItem } from './model';

/** A transaction takes 100 items and 4 MiB; checks, event and their overhead need room too. */
export const mostEntries = 80;
const mostBytes = 2_500_000;
/** keys, times and names of an item, beside its sealed fields */
const overheadBytes = 1000;

/** @returns the items in their order, as many at a time as one transaction takes */
export function* batches(items: readonly RecordItem[]): Generator<RecordItem[]> {
  let batch: RecordItem[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = Object.values(item.fields).reduce((sum, field) => sum + field.length, overheadBytes);
    if (batch.length > 0 && (batch.length >= mostEntries || bytes + size > mostBytes)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(item);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}
