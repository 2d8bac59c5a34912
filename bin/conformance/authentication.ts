import { routes } from '../../lambda/http/routes';
import { type Check, type Finding, green, red, unseen } from '../doctor/finding';
import { type Answered, type Attempt, attemptOf, bearer, call, callAll, type Reply, type Subject } from './subject';

const remedy = 'do not put anybody’s record into this stage: find what differs from the template, docs/operations.md';

/** @returns one finding for many requests that all must be answered alike */
export function allAnswered(
  subject: string,
  answers: readonly Answered[],
  well: (reply: Reply) => boolean,
  says: string,
): Finding {
  const wrong = answers.filter(([, reply]) => !well(reply));
  if (wrong.length === 0) return green(subject, `${says} (${answers.length} requests)`);
  const shown = wrong.slice(0, 5).map(([what, { status }]) => `${what} ${status}`);
  return red(subject, `${wrong.length} of ${answers.length} were answered otherwise: ${shown.join(', ')}`, remedy);
}

const refused = (reply: Reply): boolean => reply.status === 401 && reply.type === 'urn:ward:problem:unauthorized';

/** 45 CFR 164.312(d): who is not proven to be somebody is nobody, at every method. */
export const authentication: Check<Subject> = {
  name: 'Authentication',
  rule: '45 CFR 164.312(a)(1), (d)',
  look: async (subject) => {
    const answers = await callAll(
      subject,
      routes.map((route) => attemptOf(route)),
    );
    return [allAnswered('no token', answers, refused, 'every method answers 401'), ...(await withTokens(subject))];
  },
};

async function withTokens(subject: Subject): Promise<readonly Finding[]> {
  const [user] = subject.users;
  if (!user) return [unseen('tokens that are not good', 'nobody is signed in: name test users with --users')];
  const me = (what: string, token: string): Attempt => ({
    what,
    method: 'GET',
    path: '/v1/me',
    headers: bearer(token),
  });
  const good = await call(subject, 'GET', '/v1/me', { headers: bearer(user.accessToken) });
  const tokens: readonly (readonly [string, string])[] = [
    ['an ID token', user.idToken],
    ['an altered signature', altered(user.accessToken)],
    ['another algorithm', unsigned(user.accessToken)],
    ['another subject', retold(user.accessToken, { sub: '00000000-0000-4000-8000-000000000000' })],
    ['another scope', retold(user.accessToken, { scope: 'openid' })],
    ['a later end', retold(user.accessToken, { exp: 4_102_444_800 })],
    ['no token at all', 'x'],
  ];
  const answers = await callAll(
    subject,
    tokens.map(([what, token]) => me(what, token)),
  );
  return [
    good.status === 200
      ? green('a good token', 'is answered')
      : red(
          'a good token',
          `is answered ${good.status}`,
          'sign the test users in again: nothing else here shows anything',
        ),
    allAnswered(
      'tokens that are not good',
      answers,
      ({ status }) => status === 401 || status === 403,
      'none is answered',
    ),
  ];
}

/** @returns the token with one character of its signature changed, in the middle, where every bit counts */
export function altered(token: string): string {
  const at = token.lastIndexOf('.') + 20;
  return `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
}

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function unsigned(token: string): string {
  const [, claims = ''] = token.split('.');
  return `${encoded({ alg: 'none', typ: 'JWT' })}.${claims}.`;
}

/** @returns the token with other claims under the same signature */
function retold(token: string, claims: Readonly<Record<string, unknown>>): string {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const stated: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
  return `${header}.${encoded({ ...(typeof stated === 'object' ? stated : {}), ...claims })}.${signature}`;
}
