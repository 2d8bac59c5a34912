import { createHash } from 'node:crypto';
import type { Exchange } from './chain';
import { Problem } from './problem';

/** @returns the version that `If-Match` asks for. @throws Problem version-required, invalid-input */
export function expectedVersion({ headers }: Exchange): number {
  const header = headers['if-match'];
  if (header === undefined) throw new Problem('version-required');
  const version = /^"([1-9]\d{0,9})"$/.exec(header)?.[1];
  if (!version)
    throw new Problem('invalid-input', { errors: [{ field: 'If-Match', message: 'must be one version in quotes' }] });
  return Number(version);
}

export const entityTag = (version: number): { readonly etag: string } => ({ etag: `"${version}"` });

/**
 * @returns what stands for `Idempotency-Key` in the governance table: bound to the person and the route, so that nobody
 *   meets another's key; undefined when the header is absent
 */
export function idempotencyToken({ headers, access, parameters }: Exchange): string | undefined {
  const header = headers['idempotency-key'];
  if (header === undefined) return undefined;
  if (!/^[\x21-\x7e]{8,128}$/.test(header))
    throw new Problem('invalid-input', {
      errors: [{ field: 'Idempotency-Key', message: 'must be 8 to 128 printable characters' }],
    });
  const parts = [access.identity.sub, access.action, JSON.stringify(Object.entries(parameters).sort()), header];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
