import type { Action } from '../../access/policy';

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
/** largest body of most requests, bytes */
export const small = 16 * kibibyte;
/** largest body of a request that writes records, bytes */
export const record = 256 * kibibyte;
