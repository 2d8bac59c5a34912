import type { DynamoDBRecord } from 'aws-lambda';
import type { OutboxReader, StoredEvent } from '../../lambda/audit/outbox-reader';
import { timeOf } from '../doctor/open-lanes';

/** An event of the outbox with its place there. */
export interface PastEvent extends StoredEvent {
  readonly lane: string;
  readonly at: Date;
}

type Reader = Pick<OutboxReader, 'registeredSince' | 'backwards'>;

/** Lambda replaces each instance every few hours, and an instance writes a lane: no lane is written for as long. */
const laneDays = 7;
const lanesAtOnce = 32;

/**
 * The outbox keeps events for 180 days; a stream keeps them for one, and names them by numbers that nothing else knows. So
 * what happened is found by its time.
 * @returns what the outbox has of that time, a few lanes after the other, each few by time
 */
export async function* pastEvents(outbox: Reader, from: Date, to: Date): AsyncGenerator<readonly PastEvent[]> {
  const opened = await outbox.registeredSince(new Date(from.getTime() - laneDays * 24 * 60 * 60 * 1000));
  const lanes = opened.filter(({ openedAt }) => new Date(openedAt) <= to).map(({ lane }) => lane);
  for (let first = 0; first < lanes.length; first += lanesAtOnce) {
    const few = lanes.slice(first, first + lanesAtOnce).map((lane) => ofLane(outbox, lane, from, to));
    yield (await Promise.all(few)).flat().sort((a, b) => a.at.getTime() - b.at.getTime());
  }
}

async function ofLane(outbox: Reader, lane: string, from: Date, to: Date): Promise<PastEvent[]> {
  const found: PastEvent[] = [];
  for await (const page of outbox.backwards(lane))
    for (const event of page) {
      const at = told(event) ?? to;
      if (at < from) return found;
      if (at <= to) found.push({ ...event, lane, at });
    }
  return found;
}

/** @returns undefined for what is no event: it is the function's to refuse, and hides none that is one */
function told(event: StoredEvent): Date | undefined {
  try {
    const at = timeOf(event);
    return Number.isNaN(at.getTime()) ? undefined : at;
  } catch {
    return undefined;
  }
}

/** @returns the event as the outbox's stream tells of it, under a number of its own */
export function asStreamed({ lane, seq, hash, line, at }: PastEvent, number: number): DynamoDBRecord {
  const Keys = { PK: { S: `LANE#${lane}` }, SK: { S: String(seq).padStart(12, '0') } };
  return {
    eventName: 'INSERT',
    eventSource: 'aws:dynamodb',
    dynamodb: {
      ApproximateCreationDateTime: Math.floor(at.getTime() / 1000),
      Keys,
      NewImage: { ...Keys, hash: { S: hash }, line: { S: line } },
      SequenceNumber: String(number),
      StreamViewType: 'NEW_IMAGE',
    },
  };
}
