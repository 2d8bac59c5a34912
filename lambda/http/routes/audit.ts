import { type Route, small } from './route';

/** Questions to the audit log, and what two people say in it. */
export const questions = [
  {
    method: 'GET',
    path: '/v1/patients/{id}/access-log',
    function: 'access-log',
    action: 'access-log.read',
    bodyLimit: 0,
    summary: 'Who used my record, when and why, in words',
  },
  {
    method: 'POST',
    path: '/v1/audit/search',
    function: 'audit-search',
    action: 'audit.search',
    bodyLimit: small,
    summary: 'Find audit events by patient or actor, time and action, each held against its sealed line',
  },
  {
    method: 'POST',
    path: '/v1/audit/acknowledgements',
    function: 'audit-acknowledgement',
    action: 'audit.acknowledge',
    bodyLimit: small,
    summary: 'Name lost events of a lane in the log, with a second person’s approval',
  },
] as const satisfies readonly Route[];
