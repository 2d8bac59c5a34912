import { randomUUID } from 'node:crypto';
import { type Authorize, type Call, type Reply, type Service, ServiceError } from '../service';
import type { S3Operation } from './context';
import { deleteObject, deleteObjects } from './delete-object';
import { failure } from './failure';
import { getObject } from './get-object';
import { listOperations } from './listing';
import { lockOperations } from './object-lock';
import { Permissions } from './permissions';
import { putObject } from './put-object';
import { readRequest, type S3Request } from './request';
import { Store } from './store';
import { errorDocument } from './xml';

/** Subresources that an operation of this emulator answers; any other is refused by name. */
const SUBRESOURCES = ['delete', 'legal-hold', 'object-lock', 'retention', 'versioning', 'versions'];

export interface S3Options {
  /** holds objects as they are, not encrypted: mode 0700 */
  readonly directory: string;
  readonly authorize: Authorize;
  /** epoch milliseconds */
  readonly clock?: () => number;
  readonly region: string;
  readonly account: string;
}

/**
 * Amazon S3 for the laptop: the calls that Ward makes, path-style, with versions and Object Lock. What S3 knows and this
 * does not is refused with `NotImplemented`. Compliance retention holds against every caller of the API; whoever owns the
 * laptop can still delete its files.
 */
export class S3 implements Service {
  readonly name = 'S3';
  readonly #store: Store;
  readonly #permissions: Permissions;
  readonly #operations: ReadonlyMap<string, S3Operation>;

  constructor({ directory, authorize, clock = Date.now, region, account }: S3Options) {
    this.#store = new Store(directory, clock);
    this.#permissions = new Permissions(authorize, region, account);
    const context = { store: this.#store, permissions: this.#permissions, clock };
    this.#operations = new Map(
      Object.entries({
        ...listOperations(context),
        ...lockOperations(context),
        'PUT object': putObject(context),
        'GET object': getObject(context),
        'HEAD object': getObject(context),
        'DELETE object': deleteObject(context),
        'POST bucket?delete': deleteObjects(context),
      }),
    );
  }

  /**
   * @param properties a resolved `AWS::S3::Bucket`
   * @throws Error when they are not emulated, or would take away Object Lock
   */
  ensureBucket(name: string, properties: unknown): void {
    this.#store.ensure(name, properties);
  }

  async handle(call: Call): Promise<Reply> {
    const requestId = randomUUID();
    const reply = this.#serve(call, requestId);
    return { ...reply, headers: { 'x-amz-request-id': requestId, ...reply.headers } };
  }

  async close(): Promise<void> {}

  #serve(call: Call, requestId: string): Reply {
    try {
      const request = readRequest(call);
      this.#permissions.requireOwner(request);
      return this.#operation(request)(request);
    } catch (error) {
      const known = error instanceof ServiceError;
      if (!known) process.stderr.write(`S3 failed: ${error instanceof Error ? error.stack : 'not an error'}\n`);
      const status = known ? error.status : 500;
      const headers = known ? stringsOf(error.details) : {};
      if (call.method === 'HEAD' || status === 304) return { status, headers };
      const code = known ? error.code : 'InternalError';
      const message = known ? error.message : 'We encountered an internal error. Please try again.';
      return {
        status,
        headers: { ...headers, 'content-type': 'application/xml' },
        body: errorDocument(code, message, requestId),
      };
    }
  }

  #operation(request: S3Request): S3Operation {
    const level = request.key !== '' ? 'object' : request.bucket !== '' ? 'bucket' : 'service';
    const [subresource] = SUBRESOURCES.filter((name) => request.query.has(name));
    const name = `${request.method} ${level}${subresource ? `?${subresource}` : ''}`;
    const operation = this.#operations.get(name);
    if (!operation) throw failure('NotImplemented', `${name} is not emulated`);
    return operation;
  }
}

function stringsOf(details: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(details).map(([name, value]) => [name, String(value)]));
}
