import { needsFacts, networkOf, observe } from '../../../lambda/breach/detect/observe';
import { rules } from '../../../lambda/breach/detect/rules';
import { parseDetectionSettings, readDetectionSettings } from '../../../lambda/breach/detect/settings';
import { patientOf, person } from './observations';

type Told = Parameters<typeof observe>[0];
const event: Told = {
  action: 'patient.read',
  actor: { mfa: true, role: 'registrar', session: null, sub: person },
  at: '2026-03-10T10:00:00.000Z',
  basis: 'role',
  categories: ['demographics'],
  id: '019b0000-0000-7000-8000-000000000000',
  outcome: 'permit',
  patient: patientOf(1),
  purpose: 'OPERATIONS',
  reason: null,
  request: { id: person, ip: '198.51.100.7', method: 'GET', route: '/v1/patients/{id}', status: 200 },
  resources: [],
};

test('an access is observed with its actor, patient and network', () => {
  expect(observe(event)).toMatchObject({
    subject: person,
    kind: 'access',
    patient: patientOf(1),
    network: '198.51.100.0/24',
    authenticated: true,
  });
});

test('what nobody did is not observed', () => {
  expect(observe({ ...event, actor: null, request: null, action: 'breach.sweep' })).toBeUndefined();
});

test('a sign-in counts as unauthenticated, whatever it says of factors, and an unknown account by its network', () => {
  const request = { id: person, ip: '203.0.113.9', method: 'POST', route: 'user-pool', status: 401 } as const;
  const signIn = { ...event, action: 'user-pool.sign-in', patient: null, request };
  expect(observe(signIn)).toMatchObject({ kind: 'sign-in', authenticated: false, subject: person });
  expect(observe({ ...signIn, actor: null })).toMatchObject({ subject: 'network:203.0.113.0/24', actor: null });
});

test('facts are needed of the workforce’s accesses and attempts, not of patients, searches or other refusals', () => {
  const needs = (change: Partial<Told>) => {
    const observation = observe({ ...event, ...change });
    return observation !== undefined && needsFacts(observation);
  };
  expect(needs({})).toBe(true);
  expect(needs({ outcome: 'deny', reason: 'no-relationship', basis: null })).toBe(true);
  expect(needs({ action: 'emergency.open' })).toBe(true);
  expect(needs({ outcome: 'deny', reason: 'lockdown', basis: null })).toBe(false);
  expect(needs({ action: 'patient.search' })).toBe(false);
  expect(needs({ actor: { mfa: true, role: 'patient', session: null, sub: person } })).toBe(false);
});

test.each([
  ['198.51.100.7', '198.51.100.0/24'],
  ['::ffff:198.51.100.7', '198.51.100.0/24'],
  ['2001:db8:12::1', '2001:db8:12::/48'],
  ['2001:0DB8:0012:0000:0000:0000:0000:0001', '2001:db8:12::/48'],
  ['::1', '0:0:0::/48'],
])('the network of %s is %s', (ip, network) => {
  expect(networkOf(ip)).toBe(network);
});

test('settings have defaults and say by name what is wrong, without the value', () => {
  expect(readDetectionSettings('{}')).toEqual(parseDetectionSettings());
  expect(() => parseDetectionSettings({ timeZone: 'Mars/Olympus' })).toThrow('a time zone such as America/New_York');
  expect(() => parseDetectionSettings({ contain: ['sign-in-failures'] })).toThrow('one of bulk-reading');
  expect(() => parseDetectionSettings({ treshold: 1 })).toThrow('treshold');
});

test('each rule has an id of its own and one sentence; those that may contain are critical', () => {
  expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
  for (const { reason, severity, mayContain } of rules) {
    expect(reason).toMatch(/^[A-Z][^.]*\.$/);
    expect(mayContain).toBe(severity === 'critical');
  }
});

test('what the settings let contain is exactly what may', () => {
  const ids = rules.filter(({ mayContain }) => mayContain).map(({ id }) => id);
  expect(parseDetectionSettings({ contain: ids }).contain).toEqual(ids);
  for (const { id } of rules.filter(({ mayContain }) => !mayContain))
    expect(() => parseDetectionSettings({ contain: [id] })).toThrow();
});
