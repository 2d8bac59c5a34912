import fc from 'fast-check';
import { asStreamed, type PastEvent, pastEvents } from '../../bin/redrive/past-events';
import type { Registration, StoredEvent } from '../../lambda/audit/outbox-reader';

const start = Date.parse('2026-11-23T06:00:00Z');
const at = (seconds: number): Date => new Date(start + seconds * 1000);
const stored = (seq: number, line: string): StoredEvent => ({ seq, hash: `h${seq}`, line });

/** An outbox of lanes, each of events at ascending seconds. */
function outboxOf(lanes: readonly (readonly number[])[]) {
  let asked = 0;
  return {
    furtherPages: () => asked,
    registeredSince: async (since: Date): Promise<Registration[]> =>
      lanes
        .map((seconds, lane) => ({ lane: String(lane), function: 'a', openedAt: at(seconds[0] ?? 0).toISOString() }))
        .filter(({ openedAt }) => new Date(openedAt) >= since),
    async *backwards(lane: string): AsyncGenerator<readonly StoredEvent[]> {
      const events = (lanes[Number(lane)] ?? []).map((second, seq) =>
        stored(seq, JSON.stringify({ at: at(second).toISOString() })),
      );
      for (events.reverse(); events.length > 0; asked++) yield events.splice(0, 3);
    },
  };
}
async function found(outbox: Parameters<typeof pastEvents>[0], from: Date, to: Date): Promise<PastEvent[]> {
  const all: PastEvent[] = [];
  for await (const few of pastEvents(outbox, from, to)) all.push(...few);
  return all;
}

test('each event of the time is found once, and no other', async () => {
  const second = fc.integer({ min: 0, max: 1000 });
  const lane = fc.array(second, { minLength: 1, maxLength: 12 }).map((seconds) => seconds.sort((a, b) => a - b));
  await fc.assert(
    fc.asyncProperty(fc.array(lane, { maxLength: 70 }), second, second, async (lanes, one, other) => {
      const [from, to] = [Math.min(one, other), Math.max(one, other)];
      const events = await found(outboxOf(lanes), at(from), at(to));
      const expected = lanes.flatMap((seconds, index) =>
        seconds.flatMap((each, seq) => (each >= from && each <= to ? [`${index} ${seq}`] : [])),
      );
      expect(events.map(({ lane: name, seq }) => `${name} ${seq}`).sort()).toEqual(expected.sort());
    }),
  );
});

test('a lane is read back no further than the time that is asked for', async () => {
  const outbox = outboxOf([Array.from({ length: 300 }, (_, index) => index)]);
  expect(await found(outbox, at(298), at(400))).toHaveLength(2);
  expect(outbox.furtherPages()).toBe(0);
});

test('what is no event is handed over too, and hides none before it', async () => {
  const events = [stored(0, JSON.stringify({ at: at(5).toISOString() })), stored(1, '{"at":"never"}'), stored(2, 'no')];
  const outbox = {
    registeredSince: async () => [{ lane: 'l', function: 'a', openedAt: at(0).toISOString() }],
    async *backwards() {
      yield [...events].reverse();
    },
  };
  expect((await found(outbox, at(0), at(10))).map(({ seq }) => seq).sort()).toEqual([0, 1, 2]);
});

test('an event is told as the stream tells of it', () => {
  const event = { ...stored(7, '{}'), lane: 'l', at: at(5) };
  expect(asStreamed(event, 3)).toMatchObject({
    eventName: 'INSERT',
    dynamodb: {
      ApproximateCreationDateTime: start / 1000 + 5,
      Keys: { PK: { S: 'LANE#l' }, SK: { S: '000000000007' } },
      NewImage: { PK: { S: 'LANE#l' }, SK: { S: '000000000007' }, hash: { S: 'h7' }, line: { S: '{}' } },
      SequenceNumber: '3',
    },
  });
});
