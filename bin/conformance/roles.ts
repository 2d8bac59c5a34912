import { actions } from '../../lambda/access/policy';
import { LogStore } from '../../lambda/audit/log-store';
import { OutboxReader } from '../../lambda/audit/outbox-reader';
import { type Route, routes } from '../../lambda/http/routes';
import { type Check, type Finding, green, red, unseen } from '../doctor/finding';
import { eachLane, openLanes } from '../doctor/open-lanes';
import { output, type Place } from '../doctor/place';
import { allAnswered } from './authentication';
import { attemptOf, bearer, callAll, type Reply, type Subject } from './subject';

/** events of a lane that are looked through, the newest first */
const newestOfLane = 2000;

/** 45 CFR 164.312(a)(1), (b): a role does what the table gives it and nothing else, and each refusal is on record. */
export const roleDenials: Check<Subject> = {
  name: 'Roles',
  rule: '45 CFR 164.308(a)(4), 164.312(b)',
  look: async (subject) => {
    if (subject.users.length === 0) return [unseen('refusals', 'nobody is signed in: name test users with --users')];
    const findings: Finding[] = [];
    const refused: string[] = [];
    for (const { role, accessToken } of subject.users) {
      const forbidden = routes.filter((route) => !mayAsk(role, route));
      const answers = await callAll(
        subject,
        forbidden.map((route) => attemptOf(route, bearer(accessToken))),
      );
      const well = ({ status, type }: Reply) => status === 403 && type === 'urn:ward:problem:forbidden';
      findings.push(allAnswered(role, answers, well, 'is refused what the table does not give'));
      refused.push(...answers.map(([, { requestId }]) => requestId));
    }
    return [...findings, await recorded(subject.place, refused)];
  },
};

function mayAsk(role: string, { action }: Route): boolean {
  const allowed: readonly string[] = actions[action].roles;
  return allowed.includes(role);
}

/** Looks for the event of each refusal in the outbox, where it is before the answer is sent. */
async function recorded(place: Place, requestIds: readonly string[]): Promise<Finding> {
  const { documents, now } = place;
  const subject = 'events of the refusals';
  const { state } = await new LogStore(documents, output(place, 'AuditLogTable'), () => now).read();
  const outbox = new OutboxReader(documents, output(place, 'AuditTable'));
  const lanes = await openLanes(state, outbox);
  const heads = new Map(
    (await outbox.heads(lanes.map(({ lane }) => ({ lane, function: '', openedAt: '' })))).map((head) => [
      head.lane,
      head.seq,
    ]),
  );
  const missing = new Set(requestIds);
  await eachLane(lanes, async ({ lane }) => {
    const head = heads.get(lane) ?? 0;
    for (const { line } of await outbox.events(lane, Math.max(1, head - newestOfLane), head)) {
      const id = requestOfDenial(line);
      if (id !== undefined) missing.delete(id);
    }
  });
  return missing.size === 0
    ? green(subject, `each of ${requestIds.length} is on record`)
    : red(
        subject,
        `${missing.size} of ${requestIds.length} are not on record`,
        'docs/runbook.md, "Outbox contradiction": it is an incident',
      );
}

function requestOfDenial(line: string): string | undefined {
  const event: unknown = JSON.parse(line);
  if (typeof event !== 'object' || event === null || !('outcome' in event) || event.outcome !== 'deny')
    return undefined;
  const request: unknown = 'request' in event ? event.request : undefined;
  return typeof request === 'object' && request !== null && 'id' in request ? String(request.id) : undefined;
}
