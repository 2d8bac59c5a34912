import type { AuditEvent } from './event';

export interface Coding {
  readonly system: string;
  readonly code: string;
  readonly display?: string;
}

export const terminology = 'http://terminology.hl7.org/CodeSystem';
const dicom = (code: string, display: string): Coding => ({
  system: 'http://dicom.nema.org/resources/ontology/DCM',
  code,
  display,
});
const destination = dicom('110152', 'Destination Role ID');
const source = dicom('110153', 'Source Role ID');
const participation = (code: string, display: string): Coding => ({
  system: `${terminology}/v3-ParticipationType`,
  code,
  display,
});
const recipient = participation('IRCP', 'information recipient');
const author = participation('AUT', 'author (originator)');

export type Kind =
  | 'authentication'
  | 'read'
  | 'vread'
  | 'query'
  | 'create'
  | 'update'
  | 'patch'
  | 'delete'
  | 'disclosure'
  | 'activity';

export interface Pattern {
  /** last part of the profile's address; PatientRead where there is a patient, else Read */
  readonly profile: string;
  readonly type: Coding;
  readonly subtype: readonly Coding[];
  readonly action: 'C' | 'R' | 'U' | 'D' | 'E';
  /** DICOM's roles follow the data: what is read flows to the client, while a query and what is written flow to the server */
  readonly client: Coding;
  readonly server: Coding;
  readonly user: Coding;
}

const rest: Coding = { system: `${terminology}/audit-event-type`, code: 'rest', display: 'Restful Operation' };
const interaction = (code: string): Coding => ({
  system: 'http://hl7.org/fhir/restful-interaction',
  code,
  display: code,
});
const toClient = { client: destination, server: source, user: recipient };
const toServer = { client: source, server: destination, user: author };

export const patterns: Readonly<Record<Kind, Pattern>> = {
  read: { profile: 'Read', type: rest, subtype: [interaction('read')], action: 'R', ...toClient },
  vread: { profile: 'Read', type: rest, subtype: [interaction('vread')], action: 'R', ...toClient },
  query: {
    profile: 'Query',
    type: rest,
    subtype: [interaction('search-type')],
    action: 'E',
    ...toServer,
    user: recipient,
  },
  create: { profile: 'Create', type: rest, subtype: [interaction('create')], action: 'C', ...toServer },
  update: { profile: 'Update', type: rest, subtype: [interaction('update')], action: 'U', ...toServer },
  patch: { profile: 'Update', type: rest, subtype: [interaction('patch')], action: 'U', ...toServer },
  delete: {
    profile: 'Delete',
    type: rest,
    subtype: [interaction('delete')],
    action: 'D',
    client: dicom('110150', 'Application'),
    server: { system: `${terminology}/provenance-participant-type`, code: 'custodian', display: 'Custodian' },
    user: author,
  },
  disclosure: {
    profile: 'PrivacyDisclosure.Source',
    type: dicom('110106', 'Export'),
    subtype: [
      { system: `${terminology}/iso-21089-lifecycle`, code: 'disclose', display: 'Disclose Record Lifecycle Event' },
    ],
    action: 'R',
    ...toClient,
  },
  authentication: {
    profile: '',
    type: dicom('110114', 'User Authentication'),
    subtype: [dicom('110122', 'Login')],
    action: 'E',
    ...toServer,
    user: recipient,
  },
  activity: {
    profile: '',
    type: dicom('110100', 'Application Activity'),
    subtype: [],
    action: 'E',
    ...toServer,
  },
};

/** @returns which pattern an event follows, by its action and what the request did */
export function kindOf({ action, request }: AuditEvent): Kind {
  const [area = '', verb = ''] = action.split('.');
  if (area === 'user-pool' || action === 'session.sign-in' || request?.route === 'user-pool') return 'authentication';
  if (area === 'disclosure' || verb === 'export') return 'disclosure';
  if (verb === 'search' && request) return 'query';
  if (verb === 'version') return 'vread';
  switch (request?.method) {
    case 'GET':
      return 'read';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return 'delete';
    default:
      return 'activity';
  }
}
