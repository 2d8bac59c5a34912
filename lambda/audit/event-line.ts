import { canonicalize } from './canonical';
import { auditEvent } from './event';
import { LogError } from './log-error';

/** What the log's structure needs of an event; the rest is for whoever queries it. */
export interface EventLine {
  readonly at: string;
  readonly id: string;
  readonly lane: string;
  readonly prev: string;
  readonly seq: number;
}

/**
 * @param line one event, without the line feed
 * @throws LogError `line-invalid` unless it is an event in canonical form, to the byte
 */
export function readEventLine(line: string): EventLine {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new LogError('line-invalid');
  }
  const parsed = auditEvent.safeParse(value);
  if (!parsed.success || canonicalize(parsed.data) !== line) throw new LogError('line-invalid');
  const { at, id, lane, prev, seq } = parsed.data;
  return { at, id, lane, prev, seq };
}
