import { type Route, small } from './route';

/** Business associates and their agreements. 45 CFR 164.308(b), 164.504(e). */
export const associates = [
  {
    method: 'POST',
    path: '/v1/associates',
    function: 'associates',
    action: 'associate.record',
    bodyLimit: small,
    summary: 'Record a business associate and the agreement with them',
  },
  {
    method: 'GET',
    path: '/v1/associates',
    function: 'associates',
    action: 'associate.list',
    bodyLimit: 0,
    summary: 'List the business associates, and how their agreements stand',
  },
  {
    method: 'GET',
    path: '/v1/associates/{associateId}',
    function: 'associates',
    action: 'associate.read',
    bodyLimit: 0,
    summary: 'Read one business associate with every agreement there was',
  },
  {
    method: 'POST',
    path: '/v1/associates/{associateId}/agreements',
    function: 'associates',
    action: 'associate.renew',
    bodyLimit: small,
    summary: 'Record another agreement with a business associate; takes If-Match',
  },
  {
    method: 'POST',
    path: '/v1/associates/{associateId}/end',
    function: 'associates',
    action: 'associate.end',
    bodyLimit: small,
    summary: 'End the relationship with a business associate, and say what became of the PHI; takes If-Match',
  },
] as const satisfies readonly Route[];
