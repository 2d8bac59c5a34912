import { ServiceError } from '../service';

/** The failures of S3 that are emulated: HTTP status and what S3 says. None repeats a key name or any other input. */
const FAILURES = {
  AccessDenied: [403, 'Access Denied'],
  BadDigest: [400, 'The checksum you specified did not match what was received.'],
  IncompleteBody: [400, 'The body is not as long as the request says.'],
  InvalidArgument: [400, 'An argument is not valid.'],
  InvalidDigest: [400, 'The Content-MD5 or checksum is not valid.'],
  InvalidRange: [416, 'The requested range is not satisfiable'],
  InvalidRequest: [400, 'The request is not valid.'],
  InvalidURI: [400, "Couldn't parse the specified URI."],
  KeyTooLongError: [400, 'Your key is too long'],
  MalformedXML: [400, 'The XML you provided was not well-formed or did not validate against our published schema'],
  MethodNotAllowed: [405, 'The specified method is not allowed against this resource.'],
  NoSuchBucket: [404, 'The specified bucket does not exist'],
  NoSuchKey: [404, 'The specified key does not exist.'],
  NoSuchObjectLockConfiguration: [404, 'The specified object does not have a ObjectLock configuration'],
  NoSuchVersion: [404, 'The specified version does not exist.'],
  NotImplemented: [501, 'not emulated'],
  NotModified: [304, 'Not Modified'],
  ObjectLockConfigurationNotFoundError: [404, 'Object Lock configuration does not exist for this bucket'],
  PreconditionFailed: [412, 'At least one of the pre-conditions you specified did not hold'],
  XAmzContentSHA256Mismatch: [400, "The provided 'x-amz-content-sha256' header does not match what was computed."],
} as const satisfies Readonly<Record<string, readonly [number, string]>>;

export type FailureCode = keyof typeof FAILURES;

/** @param headers sent with the error, such as `x-amz-delete-marker` */
export function failure(
  code: FailureCode,
  message?: string,
  headers: Readonly<Record<string, string>> = {},
): ServiceError {
  const [status, usual] = FAILURES[code];
  return new ServiceError(code, message ?? usual, status, headers);
}
