import { LogStore } from '../../lambda/audit/log-store';
import { OutboxReader } from '../../lambda/audit/outbox-reader';
import { type Finding, green, red } from '../doctor/finding';
import { eachLane, openLanes } from '../doctor/open-lanes';
import { output, type Place } from '../doctor/place';

/** events of a lane that are looked through, the newest first */
const newestOfLane = 2000;

/**
 * Looks for the event of each request in the outbox, where it is before the answer is sent. 45 CFR 164.312(b).
 * @param requests their ids, by the outcome that the event must have
 */
export async function recorded(
  place: Place,
  subject: string,
  requests: Readonly<Partial<Record<'permit' | 'deny', readonly string[]>>>,
): Promise<Finding> {
  const { documents, now } = place;
  const { state } = await new LogStore(documents, output(place, 'AuditLogTable'), () => now).read();
  const outbox = new OutboxReader(documents, output(place, 'AuditTable'));
  const lanes = await openLanes(state, outbox);
  const heads = new Map(
    (await outbox.heads(lanes.map(({ lane }) => ({ lane, function: '', openedAt: '' })))).map((head) => [
      head.lane,
      head.seq,
    ]),
  );
  const wanted = Object.entries(requests).flatMap(([outcome, ids]) => ids.map((id) => `${outcome} ${id}`));
  const missing = new Set(wanted);
  await eachLane(lanes, async ({ lane }) => {
    const head = heads.get(lane) ?? 0;
    for (const { line } of await outbox.events(lane, Math.max(1, head - newestOfLane), head))
      missing.delete(toldIn(line));
  });
  return missing.size === 0
    ? green(subject, `each of ${wanted.length} is on record`)
    : red(
        subject,
        `${missing.size} of ${wanted.length} are not on record`,
        'docs/runbook.md, "Outbox contradiction": it is an incident',
      );
}

/** @returns outcome and request of an event, as `deny <id>` */
function toldIn(line: string): string {
  const event: unknown = JSON.parse(line);
  if (typeof event !== 'object' || event === null || !('outcome' in event) || !('request' in event)) return '';
  const { outcome, request } = event;
  const id = typeof request === 'object' && request !== null && 'id' in request ? request.id : '';
  return `${String(outcome)} ${String(id)}`;
}
