import { auditEvent } from './event';
import { canonicalPattern } from './line-pattern';
import { LogError } from './log-error';

/** What the log's structure needs of an event; the rest is for whoever queries it. */
export interface EventLine {
  readonly at: string;
  readonly id: string;
  readonly lane: string;
  readonly origin: string;
  readonly prev: string;
  readonly seq: number;
}

/** Groups: at, id, lane, origin, prev, seq. */
export const eventPattern = canonicalPattern(auditEvent, ['at', 'id', 'lane', 'origin', 'prev', 'seq']);

/**
 * @param line one event, without the line feed
 * @throws LogError `line-invalid` unless it is an event in canonical form, to the byte
 */
export function readEventLine(line: string): EventLine {
  const [, at, id, lane, origin, prev, seq] = eventPattern.exec(line) ?? [];
  if (!at || !id || !lane || !origin || !prev || !seq) throw new LogError('line-invalid');
  return { at, id, lane, origin, prev, seq: Number(seq) };
}
