import type { Action } from '../access/policy';

/** The API in one table: lib/api.ts makes the REST API of it, the handlers look their route up in it, docs/api.md lists it. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** path parameters in braces */
  readonly path: string;
  /** `<name>` of `lambda/**\/<name>.lambda.ts` */
  readonly function: string;
  /** what access/policy.ts decides on */
  readonly action: Action;
  /** largest request body in bytes; 0: no body */
  readonly bodyLimit: number;
  readonly summary: string;
}

const kibibyte = 1024;
const small = 16 * kibibyte;
const record = 256 * kibibyte;

export const routes = [
  {
    method: 'GET',
    path: '/v1/me',
    function: 'account',
    action: 'account.read',
    bodyLimit: 0,
    summary: 'Who I am to Ward',
  },
  {
    method: 'POST',
    path: '/v1/me/enrollment',
    function: 'account',
    action: 'account.enroll',
    bodyLimit: small,
    summary: 'Bind my patient account to my record with a one-time code',
  },
  {
    method: 'GET',
    path: '/v1/users',
    function: 'users',
    action: 'user.list',
    bodyLimit: 0,
    summary: 'List the people who can sign in',
  },
  {
    method: 'POST',
    path: '/v1/users',
    function: 'users',
    action: 'user.create',
    bodyLimit: small,
    summary: 'Create a person and invite them',
  },
  {
    method: 'GET',
    path: '/v1/approvals',
    function: 'approvals',
    action: 'approval.list',
    bodyLimit: 0,
    summary: 'What waits for a second person, and what was decided',
  },
  {
    method: 'POST',
    path: '/v1/approvals',
    function: 'approvals',
    action: 'approval.request',
    bodyLimit: small,
    summary: 'Ask for a second person',
  },
  {
    method: 'GET',
    path: '/v1/approvals/{approvalId}',
    function: 'approvals',
    action: 'approval.read',
    bodyLimit: 0,
    summary: 'Read one approval',
  },
  {
    method: 'POST',
    path: '/v1/approvals/{approvalId}/approve',
    function: 'approvals',
    action: 'approval.approve',
    bodyLimit: small,
    summary: 'Agree as the second person',
  },
  {
    method: 'POST',
    path: '/v1/approvals/{approvalId}/reject',
    function: 'approvals',
    action: 'approval.reject',
    bodyLimit: small,
    summary: 'Refuse as the second person, or withdraw what one asked for',
  },
  {
    method: 'POST',
    path: '/v1/patients',
    function: 'registration',
    action: 'patient.register',
    bodyLimit: record,
    summary: 'Register a patient',
  },
  {
    method: 'GET',
    path: '/v1/patients/{id}',
    function: 'patients',
    action: 'patient.read',
    bodyLimit: 0,
    summary: 'Read the structured categories of a patient',
  },
  {
    method: 'PATCH',
    path: '/v1/patients/{id}',
    function: 'patients',
    action: 'patient.correct',
    bodyLimit: record,
    summary: 'Correct demographics with a JSON merge patch',
  },
  {
    method: 'POST',
    path: '/v1/patients/search',
    function: 'search',
    action: 'patient.search',
    bodyLimit: small,
    summary: 'Find patients by MRN, or by family name and birth date',
  },
  {
    method: 'POST',
    path: '/v1/patients/{id}/enrollment-codes',
    function: 'account',
    action: 'account.invite',
    bodyLimit: small,
    summary: 'Issue a one-time code that binds an account to this record',
  },
  {
    method: 'GET',
    path: '/v1/patients/{id}/records/{category}',
    function: 'entries',
    action: 'record.list',
    bodyLimit: 0,
    summary: 'Read the entries of one category',
  },
  {
    method: 'POST',
    path: '/v1/patients/{id}/records/{category}',
    function: 'entry-changes',
    action: 'record.create',
    bodyLimit: record,
    summary: 'Add an entry',
  },
  {
    method: 'GET',
    path: '/v1/patients/{id}/records/{category}/{entryId}',
    function: 'entries',
    action: 'record.read',
    bodyLimit: 0,
    summary: 'Read one entry',
  },
  {
    method: 'PUT',
    path: '/v1/patients/{id}/records/{category}/{entryId}',
    function: 'entry-changes',
    action: 'record.update',
    bodyLimit: record,
    summary: 'Write a new version of an entry',
  },
  {
    method: 'GET',
    path: '/v1/patients/{id}/records/{category}/{entryId}/versions',
    function: 'entries',
    action: 'record.history',
    bodyLimit: 0,
    summary: 'List the versions of an entry',
  },
  {
    method: 'GET',
    path: '/v1/patients/{id}/records/{category}/{entryId}/versions/{version}',
    function: 'entries',
    action: 'record.version',
    bodyLimit: 0,
    summary: 'Read one version of an entry',
  },
  {
    method: 'GET',
    path: '/v1/patients/{id}/care-team',
    function: 'care-team',
    action: 'care-team.read',
    bodyLimit: 0,
    summary: 'Who cares for this patient',
  },
  {
    method: 'PUT',
    path: '/v1/patients/{id}/care-team/{userId}',
    function: 'care-team',
    action: 'care-team.add',
    bodyLimit: small,
    summary: 'Add a clinician to the care team',
  },
  {
    method: 'DELETE',
    path: '/v1/patients/{id}/care-team/{userId}',
    function: 'care-team',
    action: 'care-team.remove',
    bodyLimit: 0,
    summary: 'End a care-team membership',
  },
  {
    method: 'POST',
    path: '/v1/imports',
    function: 'imports',
    action: 'import.create',
    bodyLimit: small,
    summary: 'Begin an import',
  },
  {
    method: 'GET',
    path: '/v1/imports/{importId}',
    function: 'imports',
    action: 'import.read',
    bodyLimit: 0,
    summary: 'How far an import is',
  },
  {
    method: 'PUT',
    path: '/v1/imports/{importId}/parts/{part}',
    function: 'imports',
    action: 'import.stage',
    bodyLimit: record,
    summary: 'Stage one part of a bundle',
  },
  {
    method: 'POST',
    path: '/v1/imports/{importId}/commit',
    function: 'import-commit',
    action: 'import.commit',
    bodyLimit: small,
    summary: 'Validate the whole bundle and store it, or name what is refused',
  },
  {
    method: 'GET',
    path: '/v1/patients/{id}/export',
    function: 'export',
    action: 'patient.export',
    bodyLimit: 0,
    summary: 'The record as a FHIR R4 bundle',
  },
] as const satisfies readonly Route[];
