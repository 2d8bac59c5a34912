import * as fc from 'fast-check';
import { balp } from '../../lambda/audit/balp';
import { type AuditEvent, auditEvent, outcomes, purposes } from '../../lambda/audit/event';
import { leafHash } from '../../lambda/audit/lane';
import { routes } from '../../lambda/http/routes';
import { type AuditEventR4, auditEventR4 } from './audit-event-r4';
import { draft, id, lane, type Told } from './query-folder';

const server = 'https://api.example.org/v1';
const at = '2026-01-05T14:00:00.000Z';
const eventOf = (told: Partial<Told> = {}): AuditEvent => {
  const [event] = lane('lane', [{ at, ...told }]);
  return auditEvent.parse(JSON.parse(event?.line ?? ''));
};
const rendered = (told: Partial<Told> = {}): AuditEventR4 => auditEventR4.parse(balp(eventOf(told), server));
const request = (method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', status = 200) => ({
  request: { id: id('request'), ip: '192.0.2.7', method, route: '/v1/patients/{id}', status },
});

type Codes = readonly { readonly code: string }[] | undefined;
const codes = (codings: Codes): string[] => (codings ?? []).map(({ code }) => code);
const coded = (concept: object | undefined): string | undefined =>
  (concept as { coding?: { code: string }[] } | undefined)?.coding?.[0]?.code;
const agentOf = (event: AuditEventR4, type: string) => event.agent.filter((each) => coded(each.type) === type);
const entitiesOf = (event: AuditEventR4, type: string) =>
  (event.entity ?? []).filter((each) => each.type?.['code'] === type);
const profileOf = (event: AuditEventR4): string | undefined =>
  (event.meta?.['profile'] as string[] | undefined)?.[0]?.replace(/^.*IHE\.BasicAudit\./, '');

// IHE BALP 1.1: profile, subtype, action, type of the client's and of the server's agent, type of the user's.
test.each<[string, Partial<Told>, [string, string, string, string, string, string]]>([
  ['a read', {}, ['PatientRead', 'read', 'R', '110152', '110153', 'IRCP']],
  ['a version', { action: 'record.version' }, ['PatientRead', 'vread', 'R', '110152', '110153', 'IRCP']],
  [
    'a search',
    { action: 'patient.search', ...request('POST') },
    ['PatientQuery', 'search-type', 'E', '110153', '110152', 'IRCP'],
  ],
  [
    'a creation',
    { action: 'record.create', ...request('POST', 201) },
    ['PatientCreate', 'create', 'C', '110153', '110152', 'AUT'],
  ],
  [
    'a new version',
    { action: 'record.update', ...request('PUT') },
    ['PatientUpdate', 'update', 'U', '110153', '110152', 'AUT'],
  ],
  [
    'a patch',
    { action: 'patient.correct', ...request('PATCH') },
    ['PatientUpdate', 'patch', 'U', '110153', '110152', 'AUT'],
  ],
  [
    'an ending',
    { action: 'care-team.remove', ...request('DELETE') },
    ['PatientDelete', 'delete', 'D', '110150', 'custodian', 'AUT'],
  ],
  [
    'an export',
    { action: 'patient.export' },
    ['PrivacyDisclosure.Source', 'disclose', 'R', '110152', '110153', 'IRCP'],
  ],
])('%s follows its pattern: DICOM’s roles turn with the flow of the data', (_, told, expected) => {
  const event = rendered(told);
  const [profile, subtype, action, client, ward, user] = expected;
  expect([profileOf(event), codes(event.subtype), event.action, event.outcome]).toEqual([
    profile,
    [subtype],
    action,
    '0',
  ]);
  expect(agentOf(event, client)).toEqual([
    expect.objectContaining({ requestor: false, network: { address: '192.0.2.7', type: '2' } }),
  ]);
  expect(agentOf(event, ward)).toEqual([
    expect.objectContaining({ who: event.source.observer, network: { address: server, type: '5' } }),
  ]);
  const [person] = agentOf(event, user);
  expect(person).toMatchObject({ requestor: true, who: { identifier: { value: `urn:uuid:${id('ann')}` } } });
  expect(person).not.toHaveProperty('network');
  expect(coded(person?.purposeOfUse?.[0])).toBe('TREAT');
  expect(entitiesOf(event, '1')).toEqual([
    expect.objectContaining({
      what: { reference: `Patient/${id('patient 1')}` },
      role: expect.objectContaining({ code: '1' }),
    }),
  ]);
  expect(entitiesOf(event, '2')).toHaveLength(1);
  expect(entitiesOf(event, 'XrequestId')).toEqual([
    expect.objectContaining({ what: { identifier: { value: expect.any(String) } } }),
  ]);
});

test('a search is told by its route in base64: what was searched for is PHI and never in the log', () => {
  const [query] = entitiesOf(rendered({ action: 'patient.search', ...request('POST') }), '2');
  expect(Buffer.from(String(query?.query), 'base64').toString()).toBe('POST /v1/patients/{id}');
  expect(query?.role).toMatchObject({ code: '24' });
  expect(query).not.toHaveProperty('what');
});

test('a disclosure is an Export (110106) to its recipient, for its purpose', () => {
  const resources = [
    { id: id('recipient'), type: 'recipient', version: 1 },
    { id: id('entry'), type: 'notes', version: 2 },
  ];
  const event = rendered({ action: 'disclosure.make', purpose: 'REQUEST', resources, ...request('POST') });
  expect(event.type).toMatchObject({ code: '110106' });
  expect(agentOf(event, '110152')).toEqual([
    expect.objectContaining({
      who: expect.objectContaining({ identifier: expect.objectContaining({ value: `urn:uuid:${id('recipient')}` }) }),
    }),
  ]);
  expect(coded(event.purposeOfEvent?.[0])).toBe('PATRQT');
});

test('a refusal claims no pattern of what succeeded, and says why', () => {
  const event = rendered({ outcome: 'deny', reason: 'no-relationship', basis: null, ...request('GET', 403) });
  expect(profileOf(event)).toBeUndefined();
  expect(event).toMatchObject({ outcome: '8', outcomeDesc: 'no-relationship', subtype: [{ code: 'read' }] });
  expect(event.contained).toEqual([
    {
      resourceType: 'OperationOutcome',
      id: 'outcome',
      issue: [{ severity: 'error', code: 'forbidden', details: { text: 'no-relationship' } }],
    },
  ]);
});

test('what a permitted request could not do is a minor failure, what Ward could not do a serious one', () => {
  expect(rendered({ outcome: 'error', reason: 'conflict', ...request('PUT', 409) }).outcome).toBe('4');
  expect(rendered({ outcome: 'error', reason: 'unavailable', ...request('PUT', 503) }).outcome).toBe('8');
});

test('what Ward does by itself is an activity of its own, with no client and no person', () => {
  const event = rendered({ action: 'incident.remind', actor: null, request: null, patient: null, basis: null });
  expect(event.type).toMatchObject({ code: '110100' });
  expect(event.agent).toHaveLength(1);
  expect(profileOf(event)).toBeUndefined();
});

test('a sign-in is a Login (110114, 110122) of its person', () => {
  const event = rendered({ action: 'session.sign-in', request: null, patient: null, basis: null, categories: [] });
  expect([event.type['code'], codes(event.subtype), profileOf(event)]).toEqual(['110114', ['110122'], undefined]);
  expect(event.agent.filter(({ requestor }) => requestor)).toHaveLength(1);
});

test('an event without a patient has the pattern without one', () => {
  expect(profileOf(rendered({ action: 'user.list', patient: null, categories: [] }))).toBe('Read');
});

test('an event that an unknown address caused says that it is unknown', () => {
  const event = rendered({ request: { ...request('GET').request, ip: null } });
  expect(agentOf(event, '110152')[0]?.network).toMatchObject({ _address: { extension: [{ valueCode: 'unknown' }] } });
});

test('each resource leads back to the sealed line', () => {
  const [sealed] = lane('lane', [{ at }]);
  expect(rendered().extension).toContainEqual({
    url: 'urn:ward:fhir:audit-line-sha256',
    valueString: leafHash(sealed?.line ?? ''),
  });
});

test('every event gives a valid AuditEvent of FHIR R4', () => {
  const actions = fc.constantFrom(...routes.map(({ action }) => action), 'disclosure.make', 'incident.remind');
  const resources = fc.array(
    fc.record({
      id: fc.uuid().map(id),
      type: fc.constantFrom('notes', 'vendor', 'user'),
      version: fc.option(fc.nat(9).map((n) => n + 1)),
    }),
    { maxLength: 5 },
  );
  const told = fc.record({
    action: actions,
    outcome: fc.constantFrom(...outcomes),
    purpose: fc.constantFrom(...purposes),
    patient: fc.option(fc.constant(id('patient 1'))),
    reason: fc.option(fc.constant('conflict')),
    resources,
    request: fc.option(
      fc
        .constantFrom(...(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const))
        .map((method) => request(method, 409).request),
    ),
    actor: fc.option(fc.constant(draft({ at }).actor)),
  });
  fc.assert(
    fc.property(told, (each) => {
      expect(auditEventR4.safeParse(balp(eventOf(each), server)).error?.issues ?? []).toEqual([]);
    }),
  );
});
