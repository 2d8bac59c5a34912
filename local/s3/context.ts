import type { Reply } from '../service';
import { failure } from './failure';
import type { Permissions } from './permissions';
import type { S3Request } from './request';
import type { Store } from './store';
import { document, type XmlContent } from './xml';

/** What every operation works with. Times are epoch milliseconds. */
export interface S3Context {
  readonly store: Store;
  readonly permissions: Permissions;
  readonly clock: () => number;
}

export type S3Operation = (request: S3Request) => Reply;
/** By method, level and subresource, such as `PUT object?retention`. */
export type S3Operations = Readonly<Record<string, S3Operation>>;

export function xmlReply(name: string, content: XmlContent): Reply {
  return { status: 200, headers: { 'content-type': 'application/xml' }, body: document(name, content) };
}

/** @throws ServiceError NotImplemented naming the first of these headers that was sent: S3 would heed it */
export function refuseHeaders(request: S3Request, refused: readonly string[]): void {
  for (const name of refused)
    if (request.header(name) !== undefined) throw failure('NotImplemented', `the header ${name} is not emulated`);
}
