import { randomBytes } from 'node:crypto';
import { routes } from '../../lambda/http/routes';
import { type Check, type Finding, green, red, unseen } from '../doctor/finding';
import { allAnswered } from './authentication';
import { bearer, call, callAll, json, nobody, pathOf, type Reply, type Subject } from './subject';

const remedy = 'find what differs from the template, docs/operations.md';
/** every answer has them, whether code made it or the gateway */
const demanded: Readonly<Record<string, RegExp>> = {
  'strict-transport-security': /max-age=\d{8}/,
  'cache-control': /no-store/,
  'x-content-type-options': /nosniff/,
};
/** what tells an attacker about the machinery, or lets a page of any origin read answers */
const unwanted = ['server-timing', 'x-powered-by', 'access-control-allow-origin'];

/** 45 CFR 164.312(a)(1), (c)(1): what is no request of Ward is refused, with an answer that says nothing. */
export const requests: Check<Subject> = {
  name: 'Requests',
  rule: '45 CFR 164.312(a)(1), (e)(1)',
  look: async (subject) => [
    await unknownRoutes(subject),
    await headers(subject),
    await foreignOrigin(subject),
    ...(await badBodies(subject)),
  ],
};

async function unknownRoutes(subject: Subject): Promise<Finding> {
  const known = new Set(routes.map(({ method, path }) => `${method} ${path}`));
  const paths = ['/', '/v1', '/v2/me', '/v1/patients/export', '/v1/admin', '/.well-known/openid-configuration'];
  const others = [...new Set(routes.map(({ path }) => path))].flatMap((path) =>
    ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD']
      .filter((method) => !known.has(`${method} ${path}`))
      .map((method) => [method, pathOf(path)] as const),
  );
  const attempts = [...paths.map((path) => ['GET', path] as const), ...others];
  const answers = await callAll(
    subject,
    attempts.map(([method, path]) => ({ what: `${method} ${path}`, method, path })),
  );
  // A path such as /v1/patients/search is a known route with that word for an id: its authorizer answers.
  const well = ({ status }: Reply) => status === 401 || status === 403 || status === 404;
  return allAnswered('unknown routes and methods', answers, well, 'there is no other');
}

async function headers(subject: Subject): Promise<Finding> {
  const [user] = subject.users;
  const answers = [
    ['a refusal of the gateway', await call(subject, 'GET', '/v1/me')],
    ['an unknown route', await call(subject, 'GET', '/v1/unknown')],
    ...(user
      ? [['an answer of code', await call(subject, 'GET', '/v1/me', { headers: bearer(user.accessToken) })] as const]
      : []),
  ] as const;
  const well = (reply: Reply) =>
    Object.entries(demanded).every(([name, pattern]) => pattern.test(reply.headers.get(name) ?? '')) &&
    unwanted.every((name) => !reply.headers.has(name) || reply.headers.get(name) !== '*');
  return allAnswered('security headers', answers, well, Object.keys(demanded).join(', '));
}

/** A browser asks before a page of another origin may call (the Fetch standard): no answer, no call. */
async function foreignOrigin(subject: Subject): Promise<Finding> {
  const origin = `https://${nobody}.example`;
  const asked = { origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' };
  const answers = [
    ['preflight', await call(subject, 'OPTIONS', '/v1/me', { headers: asked })],
    ['request', await call(subject, 'GET', '/v1/me', { headers: { origin } })],
  ] as const;
  const well = (reply: Reply) => {
    const allowed = reply.headers.get('access-control-allow-origin');
    return allowed !== '*' && allowed !== origin;
  };
  return allAnswered('a page of a foreign origin', answers, well, 'may read nothing');
}

async function badBodies(subject: Subject): Promise<readonly Finding[]> {
  const user = subject.users.find(({ role }) => role === 'registrar') ?? subject.users[0];
  if (!user) return [unseen('bodies', 'nobody is signed in: name test users with --users')];
  const route = '/v1/patients/search';
  const send = (body: string, more: Readonly<Record<string, string>> = json) =>
    call(subject, 'POST', route, { body, headers: { ...bearer(user.accessToken), ...more } });
  const canary = randomBytes(16).toString('hex');
  const replies = {
    'larger than the route takes': await send(JSON.stringify({ mrn: canary.repeat(1024) })),
    'not JSON': await send(`{"mrn": "${canary}`),
    'no object': await send(`["${canary}"]`),
    'another content type': await send(`<mrn>${canary}</mrn>`, { 'content-type': 'application/xml' }),
    'a name that stands twice': await send(`{"mrn": "${canary}1", "mrn": "${canary}2"}`),
    'an unknown field': await send(JSON.stringify({ [canary]: canary })),
  };
  const answers = Object.entries(replies);
  const findings = [
    allAnswered('bodies', answers, ({ status }) => [400, 403, 413, 415].includes(status), 'each is refused'),
  ];
  const echoed = answers.filter(([, { text }]) => text.includes(canary)).map(([what]) => what);
  findings.push(
    echoed.length === 0
      ? green('refusals', 'repeat nothing of what was sent')
      : red('refusals', `repeat what was sent: ${echoed.join(', ')}`, remedy),
  );
  return findings;
}
