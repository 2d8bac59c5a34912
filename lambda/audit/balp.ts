import { type Coding, type Kind, kindOf, type Pattern, patterns, terminology } from './balp-patterns';
import { canonicalize } from './canonical';
import type { AuditEvent, EventResource, Purpose } from './event';
import { leafHash } from './lane';

/**
 * Events as FHIR R4 AuditEvents in the patterns of IHE BALP (Basic Audit Log Patterns 1.1): what is read by a program that
 * knows FHIR and nothing of Ward. It is a rendering: the evidence stays the sealed line, whose hash each resource carries.
 * BALP has patterns for what succeeded; refusals and failures follow FHIR's own example of an error and claim no pattern.
 */

export interface FhirAuditEvent {
  readonly resourceType: 'AuditEvent';
  readonly [element: string]: unknown;
}

/** of HL7's ActReason, whose PurposeOfUse FHIR asks for */
const purposes: Readonly<Record<Purpose, string>> = {
  TREAT: 'TREAT',
  PAYMENT: 'HPAYMT',
  OPERATIONS: 'HOPERAT',
  REQUEST: 'PATRQT',
  BREACH: 'HCOMPL',
  EMERGENCY: 'ETREAT',
};
const purposeOf = ({ purpose }: AuditEvent) => ({
  coding: [{ system: `${terminology}/v3-ActReason`, code: purposes[purpose] }],
});

const uri = 'urn:ietf:rfc:3986';
const unknown = {
  extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' }],
};

/**
 * @param server address of the API that recorded the event
 * @returns a FHIR R4 AuditEvent, by the id of the event; one event is one resource, so a search that found several patients
 * is several of them
 */
export function balp(event: AuditEvent, server: string): FhirAuditEvent {
  const kind = kindOf(event);
  const pattern = patterns[kind];
  const succeeded = event.outcome === 'permit';
  const observer = {
    identifier: { system: uri, value: `urn:${event.origin.replaceAll('/', ':')}` },
    display: event.origin,
  };
  const profile =
    succeeded && event.request !== null && pattern.profile !== '' ? profileOf(pattern, kind, event) : undefined;
  return {
    resourceType: 'AuditEvent',
    id: event.id,
    ...(profile && {
      meta: { profile: [`https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.${profile}`] },
    }),
    ...(!succeeded && { contained: [operationOutcome(event)] }),
    extension: [
      { url: 'urn:ward:fhir:audit-line-sha256', valueString: leafHash(canonicalize(event)) },
      { url: 'urn:ward:fhir:audit-action', valueCode: event.action },
    ],
    type: pattern.type,
    ...(pattern.subtype.length > 0 && { subtype: pattern.subtype }),
    action: pattern.action,
    recorded: event.at,
    outcome: outcomeCode(event),
    ...(event.reason !== null && { outcomeDesc: event.reason }),
    purposeOfEvent: [purposeOf(event)],
    agent: agents(event, kind, pattern, { observer, server }),
    source: {
      site: event.origin,
      observer,
      type: [{ system: `${terminology}/security-source-type`, code: '4', display: 'Application Server' }],
    },
    entity: entities(event, kind),
  };
}

/** A disclosure is somebody's; the other patterns come with a patient and without. */
function profileOf({ profile }: Pattern, kind: Kind, { patient }: AuditEvent): string | undefined {
  if (kind === 'disclosure') return patient === null ? undefined : profile;
  return patient === null ? profile : `Patient${profile}`;
}

function outcomeCode({ outcome, request }: AuditEvent): string {
  if (outcome === 'permit') return '0';
  return outcome === 'error' && (request?.status ?? 500) < 500 ? '4' : '8';
}

function agents(
  event: AuditEvent,
  kind: Kind,
  pattern: Pattern,
  { observer, server }: { readonly observer: object; readonly server: string },
): object[] {
  const { actor, request, resources } = event;
  const coded = (coding: Coding) => ({ coding: [coding] });
  const ward = {
    type: coded(pattern.server),
    who: observer,
    requestor: false,
    network: { address: server, type: '5' }, // a URI
  };
  const client = request && {
    type: coded(pattern.client),
    // The application is known by its session: an access token names no other identity of it.
    who: actor?.session
      ? { identifier: { system: uri, value: `urn:uuid:${actor.session}` }, display: 'session' }
      : unknown,
    requestor: actor === null,
    network: request.ip === null ? { _address: unknown, type: '2' } : { address: request.ip, type: '2' }, // an IP address
  };
  const user = actor && {
    type: coded(pattern.user),
    role: actor.role === null ? [] : [{ coding: [{ system: 'urn:ward:role', code: actor.role }] }],
    who: { identifier: { system: uri, value: `urn:uuid:${actor.sub}` } },
    requestor: true,
    purposeOfUse: [purposeOf(event)],
  };
  const to = kind === 'disclosure' ? disclosedTo(resources) : undefined;
  // A disclosure goes to its recipient, where the event names one, and else to whoever fetched it.
  const receiving = client && to ? { ...client, who: to, network: { _address: unknown, type: '5' } } : client;
  return [...(receiving ? [receiving] : []), ward, ...(user ? [withoutEmpty(user)] : [])];
}

function disclosedTo(resources: readonly EventResource[]): object | undefined {
  const named = resources.find(({ type }) => type === 'recipient' || type === 'vendor');
  return named && { identifier: { system: uri, value: `urn:uuid:${named.id}` }, display: named.type };
}

function withoutEmpty<User extends { readonly role: readonly unknown[] }>({ role, ...user }: User): object {
  return role.length === 0 ? user : { ...user, role };
}

const entityType = (code: '1' | '2', display: string) => ({
  system: `${terminology}/audit-entity-type`,
  code,
  display,
});
const objectRole = (code: string, display: string) => ({ system: `${terminology}/object-role`, code, display });

function entities(event: AuditEvent, kind: Kind): object[] {
  const { patient, request, outcome } = event;
  const person = patient !== null && {
    what: { reference: `Patient/${patient}` },
    type: entityType('1', 'Person'),
    role: objectRole('1', 'Patient'),
  };
  const transaction = request && {
    what: { identifier: { value: request.id } },
    type: {
      system: 'https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType',
      code: 'XrequestId',
    },
  };
  const failure = outcome !== 'permit' && {
    what: { reference: '#outcome' },
    type: { system: 'http://hl7.org/fhir/resource-types', code: 'OperationOutcome', display: 'OperationOutcome' },
    description: 'why the request was not carried out',
  };
  const what = kind === 'query' ? query(event) : data(event, kind);
  return [person, what, transaction, failure].filter((entity) => typeof entity === 'object' && entity !== null);
}

/** The search as it is on record: its route. What was searched for is PHI and never enters the log. */
function query({ request }: AuditEvent): object {
  const line = request ? `${request.method} ${request.route}` : '';
  return {
    type: entityType('2', 'System Object'),
    role: objectRole('24', 'Query'),
    query: Buffer.from(line).toString('base64'),
  };
}

/** BALP admits one entity of data, so several resources are its details; a pattern for deletions admits no details. */
function data({ resources, request, categories }: AuditEvent, kind: Kind): object {
  const [only] = resources;
  const value =
    only && resources.length === 1 ? named(only) : request ? `${request.method} ${request.route}` : 'activity';
  const details = [
    ...(resources.length > 1 ? resources.map((each) => ({ type: 'resource', valueString: named(each) })) : []),
    ...categories.map((category) => ({ type: 'category', valueString: category })),
  ];
  return {
    what: { identifier: { system: 'urn:ward:resource', value } },
    type: entityType('2', 'System Object'),
    role: kind === 'disclosure' ? objectRole('3', 'Report') : objectRole('4', 'Domain Resource'),
    ...(kind !== 'delete' && details.length > 0 && { detail: details }),
  };
}

const named = ({ type, id, version }: EventResource): string =>
  `${type}/${id}${version === null ? '' : `/_history/${version}`}`;

function operationOutcome({ outcome, reason, request }: AuditEvent): object {
  const code = outcome === 'deny' ? 'forbidden' : (request?.status ?? 500) < 500 ? 'business-rule' : 'exception';
  return {
    resourceType: 'OperationOutcome',
    id: 'outcome',
    issue: [{ severity: 'error', code, ...(reason !== null && { details: { text: reason } }) }],
  };
}
