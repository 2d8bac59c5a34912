import { actions } from '../../lambda/access/policy';
import { type Route, routes } from '../../lambda/http/routes';
import { type Check, type Finding, unseen } from '../doctor/finding';
import { allAnswered } from './authentication';
import { recorded } from './recorded';
import { attemptOf, bearer, callAll, type Reply, type Subject } from './subject';

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
    return [...findings, await recorded(subject.place, 'events of the refusals', { deny: refused })];
  },
};

function mayAsk(role: string, { action }: Route): boolean {
  const allowed: readonly string[] = actions[action].roles;
  return allowed.includes(role);
}
