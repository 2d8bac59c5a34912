import { type Access, type Authorize, ServiceError } from '../service';
import type { Bucket } from './bucket';
import { failure } from './failure';
import type { S3Request } from './request';

type Conditions = Readonly<Record<string, string | readonly string[]>>;

/** How an object is encrypted at rest in AWS; here it decides which permissions are asked for. */
export interface Encryption {
  readonly algorithm: 'AES256' | 'aws:kms';
  readonly keyArn?: string;
  readonly bucketKey: boolean;
}

export class Permissions {
  constructor(
    private readonly authorize: Authorize,
    private readonly region: string,
    private readonly account: string,
  ) {}

  /** @throws ServiceError AccessDenied */
  requireBucket(request: S3Request, action: string, conditions: Conditions = {}): void {
    this.#require(request, `s3:${action}`, bucketArn(request.bucket), conditions);
  }

  /** @throws ServiceError AccessDenied */
  requireObject(request: S3Request, action: string, conditions: Conditions = {}, key = request.key): void {
    this.#require(request, `s3:${action}`, `${bucketArn(request.bucket)}/${key}`, conditions);
  }

  requireService(request: S3Request, action: string): void {
    this.#require(request, `s3:${action}`, '*', {});
  }

  /** Whether the caller may, where the answer depends on it and a refusal is no failure. */
  allowsObject(request: S3Request, action: string): boolean {
    const resource = `${bucketArn(request.bucket)}/${request.key}`;
    return allowed(() => this.#require(request, `s3:${action}`, resource, {}, { optional: true }));
  }

  /**
   * What S3 asks KMS for in the caller's name.
   *
   * @throws ServiceError AccessDenied
   */
  requireKey(request: S3Request, action: 'GenerateDataKey' | 'Decrypt', encryption: Encryption): void {
    if (encryption.keyArn === undefined) return;
    const bucket = bucketArn(request.bucket);
    this.#ask(request, `kms:${action}`, encryption.keyArn, {
      'kms:ViaService': `s3.${this.region}.amazonaws.com`,
      'kms:EncryptionAlgorithm': 'SYMMETRIC_DEFAULT',
      'kms:EncryptionContextKeys': ['aws:s3:arn'],
      'kms:EncryptionContext:aws:s3:arn': encryption.bucketKey ? bucket : `${bucket}/${request.key}`,
    });
  }

  /** @throws ServiceError AccessDenied when the request expects the bucket in another account */
  requireOwner(request: S3Request): void {
    const expected = request.header('x-amz-expected-bucket-owner');
    if (expected !== undefined && expected !== this.account) throw failure('AccessDenied');
  }

  /**
   * What a caller learns of an object that is not there: only who may list the bucket is told so.
   *
   * @returns the error to throw
   */
  missing(
    request: S3Request,
    code: 'NoSuchKey' | 'NoSuchVersion',
    headers: Readonly<Record<string, string>> = {},
  ): ServiceError {
    const mayList = allowed(() => this.requireBucket(request, 'ListBucket'));
    return mayList ? failure(code, undefined, headers) : failure('AccessDenied');
  }

  /**
   * The encryption of a new object: what the request asks for, else the bucket's default.
   *
   * @throws ServiceError InvalidArgument, NotImplemented
   */
  encryptionFor(request: S3Request, { encryption }: Bucket): Encryption {
    const asked = request.header('x-amz-server-side-encryption');
    const askedKey = request.header('x-amz-server-side-encryption-aws-kms-key-id');
    const bucketKey = request.header('x-amz-server-side-encryption-bucket-key-enabled');
    if (asked !== undefined && asked !== 'AES256' && asked !== 'aws:kms')
      throw failure('InvalidArgument', 'The encryption method specified is not supported');
    if (askedKey !== undefined && asked !== 'aws:kms')
      throw failure('InvalidArgument', 'A KMS key goes with the encryption method aws:kms');
    const algorithm = asked ?? encryption.algorithm;
    if (algorithm === 'AES256') return { algorithm, bucketKey: false };
    const keyId = asked === undefined ? encryption.keyId : askedKey;
    return {
      algorithm,
      keyArn: this.#keyArn(keyId),
      bucketKey: bucketKey === undefined ? encryption.bucketKey : bucketKey === 'true',
    };
  }

  #keyArn(keyId: string | undefined): string {
    const prefix = `arn:aws:kms:${this.region}:${this.account}:key/`;
    const id = keyId?.startsWith(prefix) ? keyId.slice(prefix.length) : keyId;
    if (id === undefined || !/^[A-Za-z0-9-]+$/.test(id))
      throw failure('NotImplemented', 'encryption is emulated with a key of this account, named by id or ARN');
    return `${prefix}${id}`;
  }

  #require(
    request: S3Request,
    action: string,
    resource: string,
    conditions: Conditions,
    how: Pick<Access, 'optional'> = {},
  ): void {
    const hash = request.header('x-amz-content-sha256');
    const versionId = request.query.get('versionId');
    const context = {
      's3:TlsVersion': '1.3',
      ...(request.caller.kind === 'anonymous'
        ? {}
        : {
            's3:authType': request.presigned ? 'REST-QUERY-STRING' : 'REST-HEADER',
            's3:signatureversion': 'AWS4-HMAC-SHA256',
          }),
      ...(hash === undefined ? {} : { 's3:x-amz-content-sha256': hash }),
      ...(versionId === undefined ? {} : { 's3:VersionId': versionId }),
      ...conditions,
    };
    this.#ask(request, action, resource, context, how);
  }

  #ask(
    request: S3Request,
    action: string,
    resource: string,
    context: Conditions,
    how: Pick<Access, 'optional'> = {},
  ): void {
    try {
      this.authorize(request.caller, { action, resource, context, ...how });
    } catch (error) {
      if (error instanceof ServiceError) throw failure('AccessDenied', error.message);
      throw error;
    }
  }
}

function bucketArn(bucket: string): string {
  return `arn:aws:s3:::${bucket}`;
}

function allowed(ask: () => void): boolean {
  try {
    ask();
    return true;
  } catch (error) {
    if (error instanceof ServiceError) return false;
    throw error;
  }
}
