import { failure } from './failure';

export interface Conditional {
  readonly ifMatch?: string;
  readonly ifNoneMatch?: string;
  readonly ifModifiedSince?: string;
  readonly ifUnmodifiedSince?: string;
}

/**
 * The preconditions of a read in the order of RFC 9110, section 13.2.2.
 *
 * @param modifiedAt epoch milliseconds; HTTP dates have whole seconds
 * @throws ServiceError PreconditionFailed (412) or NotModified (304)
 */
export function requireConditions(conditional: Conditional, etag: string, modifiedAt: number): void {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = conditional;
  const modified = Math.floor(modifiedAt / 1000) * 1000;
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, etag)) throw failure('PreconditionFailed');
  } else if (ifUnmodifiedSince !== undefined && modified > Date.parse(ifUnmodifiedSince)) {
    throw failure('PreconditionFailed');
  }
  if (ifNoneMatch !== undefined) {
    if (matches(ifNoneMatch, etag)) throw failure('NotModified');
  } else if (ifModifiedSince !== undefined && modified <= Date.parse(ifModifiedSince)) {
    throw failure('NotModified');
  }
}

/** Whether an `If-Match` list names the entity tag; S3 takes tags with and without quotes. */
export function matches(list: string, etag: string): boolean {
  return list.split(',').some((tag) => ['*', etag].includes(tag.trim().replace(/^(?:W\/)?"([^"]*)"$/, '$1')));
}

/**
 * One range of bytes (RFC 9110, section 14.1.2). S3 ignores several ranges and what it cannot read.
 *
 * @returns first and last byte, or undefined for the whole
 * @throws ServiceError InvalidRange when it begins behind the end
 */
export function parseRange(header: string | undefined, size: number): { first: number; last: number } | undefined {
  const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (from === undefined || to === undefined || (from === '' && to === '')) return undefined;
  if (from !== '' && to !== '' && Number(to) < Number(from)) return undefined;
  const first = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (first > last) throw failure('InvalidRange');
  return { first, last };
}
