import { capacityUnits, type Item } from 'dynalite/db';

/** An item that a batch or transaction touched. */
export interface Touched {
  readonly table: string;
  readonly item: Item | undefined;
  readonly use: 'read' | 'write';
}

/**
 * `ConsumedCapacity` of a batch or transaction, where the request asks for it.
 *
 * @param factor 2 for a transaction, which AWS prepares and commits
 */
export function consumed(
  input: { readonly ReturnConsumedCapacity?: unknown },
  touched: readonly Touched[],
  factor = 1,
): { ConsumedCapacity?: { TableName: string; CapacityUnits: number }[] } {
  if (input.ReturnConsumedCapacity !== 'TOTAL' && input.ReturnConsumedCapacity !== 'INDEXES') return {};
  const units = new Map<string, number>();
  for (const { table, item, use } of touched)
    units.set(table, (units.get(table) ?? 0) + factor * capacityUnits(item, use === 'read', true));
  return { ConsumedCapacity: [...units].map(([TableName, CapacityUnits]) => ({ TableName, CapacityUnits })) };
}
