import { type Route, small } from './route';

/** Keys of patients, and of the blind index. */
export const keys = [
  {
    method: 'POST',
    path: '/v1/lookup-rotation',
    function: 'lookup-rotation',
    action: 'lookup.rotate',
    bodyLimit: small,
    summary: 'Begin to move the blind index to a new key, or do the next piece of it',
  },
  {
    method: 'POST',
    path: '/v1/patients/{id}/keys',
    function: 'keys',
    action: 'key.rotate',
    bodyLimit: small,
    summary: 'Give a patient a next key; what is stored stays readable',
  },
  {
    method: 'POST',
    path: '/v1/key-rotations',
    function: 'keys',
    action: 'key.list',
    bodyLimit: small,
    summary: 'One page of patients with the version and age of their newest key',
  },
] as const satisfies readonly Route[];
