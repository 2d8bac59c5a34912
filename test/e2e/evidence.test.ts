import type { AuditEvent } from '../../lambda/audit/event';
import { type LaneHead, laneStart, leafHash } from '../../lambda/audit/lane';
import { daysWork, type Told } from './days-work';
import { type OwnCloud, ownCloud } from './own-cloud';
import { told } from './scene';
import type { Ward } from './ward';

let own: OwnCloud;
let cloud: Ward;
beforeAll(async () => {
  own = await ownCloud();
  cloud = own.ward;
});
afterAll(() => own.remove());

test('the outbox holds exactly one event for each read, write and denial, and one a hit; 45 CFR 164.312(b)', async () => {
  const work = await daysWork(cloud);
  // The sign-ins of these people are evidence as well; they come by another way and in their own time.
  const requests = (await cloud.events()).filter(({ request }) => request?.route.startsWith('/v1/'));
  const order = ({ action, patient }: Partial<Told>): string => `${action} ${patient}`;
  const sorted = <Event extends Partial<Told>>(list: readonly Event[]): Event[] =>
    [...list].sort((a, b) => (order(a) < order(b) ? -1 : 1));
  for (const [id, expected] of work) {
    const found = requests.filter(({ request }) => request?.id === id).map(told);
    expect(sorted(found)).toEqual(sorted(expected).map((each) => expect.objectContaining(each)));
  }
  // Nothing else was done, and nothing else is told: the cloud is this test's own.
  expect(requests.length).toBe([...work.values()].flat().length);
  expect(work.size).toBeGreaterThan(25);
});

test('each lane is a chain from its own start, without a gap; 45 CFR 164.312(c)(1)', async () => {
  const items = (await cloud.items('AuditTable')).filter((item) => String(item['PK']).startsWith('LANE#'));
  const events = await cloud.events();
  const lanes = new Map<string, AuditEvent[]>();
  for (const event of events) lanes.set(event.lane, [...(lanes.get(event.lane) ?? []), event]);
  expect(lanes.size).toBeGreaterThan(5);
  for (const [lane, chain] of lanes) {
    let head: LaneHead = laneStart(chain[0]?.origin ?? '', lane);
    for (const event of [...chain].sort((a, b) => a.seq - b.seq)) {
      const item = items.find(({ PK, SK }) => PK === `LANE#${lane}` && SK === String(event.seq).padStart(12, '0'));
      const line = String(item?.['line']);
      expect([event.prev, event.seq]).toEqual([head.hash, head.seq + 1]);
      expect(item?.['hash']).toBe(leafHash(line));
      head = { lane, seq: event.seq, hash: leafHash(line) };
    }
  }
  const registered = (await cloud.partition('AuditTable', 'LANES')).map(({ SK }) => SK);
  expect([...registered].sort()).toEqual([...lanes.keys()].sort());
  expect(items).toHaveLength(events.length);
});
