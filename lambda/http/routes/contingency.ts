import { type Route, small } from './route';

/** The end of a record, and what it waits for. */
export const disposal = [
  {
    method: 'POST',
    path: '/v1/patients/{id}/disposal',
    function: 'disposal',
    action: 'patient.dispose',
    bodyLimit: small,
    summary: 'Destroy the keys of a patient, with a second person’s approval; it cannot be undone',
  },
  {
    method: 'GET',
    path: '/v1/patients/{id}/disposal',
    function: 'disposal',
    action: 'disposal.read',
    bodyLimit: 0,
    summary: 'The certificate of a disposal',
  },
  {
    method: 'PUT',
    path: '/v1/patients/{id}/legal-hold',
    function: 'legal-hold',
    action: 'legal-hold.place',
    bodyLimit: small,
    summary: 'Preserve a record: no disposal while the hold stands',
  },
  {
    method: 'DELETE',
    path: '/v1/patients/{id}/legal-hold',
    function: 'legal-hold',
    action: 'legal-hold.release',
    bodyLimit: small,
    summary: 'Release a legal hold, with a second person’s approval',
  },
] as const satisfies readonly Route[];
