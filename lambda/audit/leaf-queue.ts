import { createHash } from 'node:crypto';
import type { TransactItem } from '../records/transaction';
import { type AcknowledgeLeaf, encodeLeaf, type Leaf, type SegmentLeaf } from './leaf';

/**
 * @param line of the leaf
 * @returns what the leaf waits for the log under, hex: a segment's digest, of an acknowledgement that of its line; undefined
 *   for leaves that never wait
 */
export function queueName(leaf: Leaf, line: string): string | undefined {
  if (leaf.type === 'segment') return leaf.sha256;
  return leaf.type === 'acknowledge' ? createHash('sha256').update(line).digest('hex') : undefined;
}

/** @returns the write that has a leaf wait for the log, for the transaction of what it tells of; fails when it waits already */
export function enqueue(table: string, leaf: SegmentLeaf | AcknowledgeLeaf, at: Date): TransactItem {
  const line = encodeLeaf(leaf);
  return {
    Put: {
      TableName: table,
      Item: { PK: 'QUEUE', SK: queueName(leaf, line), leaf: line, at: at.toISOString() },
      ConditionExpression: 'attribute_not_exists(PK)',
    },
  };
}
