import { gatewayHeaders, securityHeaders } from '../../lambda/http/security-headers';
import { ward } from './ward';

const cloud = ward();

async function ask(path: string, options: { who?: string; method?: string; body?: string; token?: string } = {}) {
  const { who, method = 'GET', body, token = who && (await cloud.tokens(who)).accessToken } = options;
  return fetch(`${cloud.output('ApiUrl')}${path}`, {
    method,
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body }),
  });
}
const headersOf = ({ headers }: Response) =>
  Object.fromEntries(Object.keys(securityHeaders).map((name) => [name, headers.get(name)]));

test.each([
  ['200', () => ask('v1/me', { who: 'clinician' }), 200],
  ['403', () => ask('v1/users', { who: 'clinician' }), 403],
  ['400', () => ask('v1/patients', { who: 'registrar', method: 'POST', body: '{}' }), 400],
])('a %s of code forbids plain HTTP, copies and scripts - 45 CFR 164.312(e)(1)', async (_, answer, status) => {
  const response = await answer();
  expect(response.status).toBe(status);
  expect(headersOf(response)).toEqual(securityHeaders);
});

test.each([
  ['401', () => ask('v1/me'), 401],
  ['401 of a made-up token', () => ask('v1/me', { token: 'e30.e30.e30' }), 401],
  ['403 of an unknown route', () => ask('v1/nowhere', { who: 'clinician' }), 403],
  ['400 of a body that is no object', () => ask('v1/patients', { who: 'registrar', method: 'POST', body: '[]' }), 400],
])('a %s of the gateway does so too', async (_, answer, status) => {
  const response = await answer();
  expect(response.status).toBe(status);
  expect(headersOf(response)).toEqual(gatewayHeaders);
});

describe('a body', () => {
  /** JSON of exactly so many bytes */
  const sized = (bytes: number): string => {
    const empty = JSON.stringify({ x: '' });
    return JSON.stringify({ x: 'x'.repeat(bytes - empty.length) });
  };
  test.each([
    ['a small one', 'admin', 'v1/users', 16 * 1024],
    ['that of a record', 'registrar', 'v1/patients', 256 * 1024],
  ])('as large as the route takes is read, one byte more is not: %s', async (_, who, path, limit) => {
    const most = await ask(path, { who, method: 'POST', body: sized(limit) });
    const more = await ask(path, { who, method: 'POST', body: sized(limit + 1) });
    expect([most.status, more.status]).toEqual([400, 413]);
  });
});
