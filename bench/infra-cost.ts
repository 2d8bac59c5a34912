import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseDetectionSettings } from '../lambda/breach/detect/settings';
import { DetectionStates } from '../lambda/breach/detection-states';
import { startCloud } from '../local/cloud';
import { seedDemo } from '../local/demo';
import { caredFor } from '../test/e2e/scene';
import { Ward } from '../test/e2e/ward';
import { CountedCalls, type Units } from './counted-calls';
import { table } from './measure';
import { dollars, prices } from './prices';
import { ok } from './scene';
import { type Standing, standingNames } from './standing';
import { workedState } from './workday';

const turns = 40;
/** four in five requests read: the authors' assumption, not a measurement */
const readShare = 0.8;
/** memory of a function, and how long a warm request holds it: two round trips of some milliseconds and its own work */
const [gigabytes, seconds] = [1, 0.03];
/** lines of the access log and of the function for a request */
const logBytes = 900;

/** Counts the units of an audited read and write over the laptop cloud, from their requests to the sealed index. */
export async function count(assembly: string): Promise<{ readonly read: Units; readonly write: Units }> {
  const directory = mkdtempSync(join(tmpdir(), 'ward-bench-'));
  const counted = new CountedCalls();
  const cloud = await startCloud({
    assembly,
    directory: join(directory, 'state'),
    port: 0,
    reset: false,
    intercept: counted.intercept,
    scheduleClock: { now: Date.now, at: () => () => undefined }, // what runs by itself is no part of a request
  });
  try {
    await seedDemo(cloud);
    const ward = new Ward(cloud.file);
    const notes = `/v1/patients/${await caredFor({}, 'clinician', ward)}/records/notes`;
    const clinician = ward.as('clinician');
    const made = await ok(clinician, 'POST', notes, { text: 'seen' });
    await cloud.settled();
    await worked(ward);
    const measure = async (request: () => Promise<unknown>): Promise<Units> => {
      for (let turn = 0; turn < 6; turn++) await request(); // both threads of a function are warm
      await cloud.settled();
      counted.take();
      for (let turn = 0; turn < turns; turn++) await request();
      await cloud.settled();
      return counted.take();
    };
    const read = await measure(() => ok(clinician, 'GET', `${notes}/${made.id}`));
    const write = await measure(() => ok(clinician, 'POST', notes, { text: 'seen' }));
    return { read, write };
  } finally {
    await cloud.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The detector reads and writes what it remembers of a person with each event, so it remembers as much as of one who works. */
async function worked(ward: Ward): Promise<void> {
  const states = new DetectionStates(ward.documents(), ward.output('GovernanceTable'));
  const { sub } = ward.user('clinician');
  const state = workedState(sub, parseDetectionSettings(), new Date());
  if (!(await states.write(await states.read(sub), state, undefined))) throw new Error('the detector is not done');
}

/** of tables and keys alone, in dollars for a million requests */
const millionOf = ({ reads, writes, keyCalls }: Units): number =>
  (1e6 / turns) *
  (reads * prices.readUnit.dollars + writes * prices.writeUnit.dollars + keyCalls * prices.keyCall.dollars);

const hoursOfMonth = 730;
/** X-Ray's own rule, which nothing here changes: the first request of each second, and a part of the others */
const traced = { firstOfSecond: hoursOfMonth * 3600, share: 0.05 };

export function costPage(counted: { readonly read: Units; readonly write: Units }, standing: Standing): string {
  const { read, write } = counted;
  const each = (value: number) => (value / turns).toFixed(2);
  const row = (name: string, units: Units) => [
    name,
    each(units.reads),
    each(units.writes),
    each(units.keyCalls),
    each(units.dataEvents),
    dollars(millionOf(units)),
  ];
  const [keys = '', alarms = '', dashboards = '', endpoints = '', webAcl = ''] = standingNames(standing);
  const still: readonly (readonly [string, number])[] = [
    [keys, standing.keys * prices.key.dollars],
    [alarms, standing.alarms * prices.alarm.dollars],
    [dashboards, standing.dashboards * prices.dashboard.dollars],
    [endpoints, standing.endpointPlaces * hoursOfMonth * prices.endpointHour.dollars],
    [webAcl, standing.webAcls * prices.webAcl.dollars + standing.webAclRules * prices.webAclRule.dollars],
    ['checkpoints: signatures, leaves, notes, segments (below)', 1.3],
  ];
  const idle = still.reduce((sum, [, value]) => sum + value, 0);
  const million = 1e6 * ((readShare * millionOf(read)) / 1e6 + ((1 - readShare) * millionOf(write)) / 1e6);
  const around =
    1e6 *
    (prices.request.dollars +
      (standing.webAcls > 0 ? prices.webAclRequest.dollars : 0) +
      prices.invocation.dollars +
      gigabytes * seconds * prices.gigabyteSecond.dollars +
      (logBytes / 1e9) * prices.logGigabyte.dollars);
  const events = readShare * read.dataEvents + (1 - readShare) * write.dataEvents;
  const watched = (requests: number): number =>
    (requests * events * prices.dataEvent.dollars) / turns +
    (Math.min(requests, traced.firstOfSecond) + traced.share * Math.max(0, requests - traced.firstOfSecond)) *
      prices.trace.dollars;
  const months = [0, 1, 100].map((millions) => [
    `${millions} million`,
    dollars(idle),
    dollars(millions * million),
    dollars(millions * around),
    dollars(watched(millions * 1e6)),
    dollars(idle + millions * (million + around) + watched(millions * 1e6)),
  ]);
  const seen = Object.entries(prices).flatMap(([name, price]) =>
    typeof price === 'string' ? [] : [[name, `$${Number(price.dollars.toPrecision(6))}`, price.source, prices.date]],
  );
  return [
    table(
      [
        'one request, with its event sealed and indexed',
        'read units',
        'write units',
        'key calls',
        'data events',
        'a million',
      ],
      [row('audited read of one entry', read), row('audited write of one entry', write)],
    ),
    `Budget: $6.00 a million audited reads before Lambda and API Gateway: ${millionOf(read) <= 6 ? 'kept' : 'MISSED'}.\n`,
    table(
      ['whether anything happens or not', 'a month'],
      still.map(([name, value]) => [name, dollars(value)]),
    ),
    table(
      [
        'requests a month, 4 of 5 read',
        'idle',
        'tables and keys',
        'API, web ACL, functions, logs',
        'trail, traces',
        'together',
      ],
      months,
    ),
    table(['price', '', 'source', 'as of'], seen),
  ].join('\n');
}
