export type KeyErrorCode =
  | 'throttled'
  | 'denied'
  /** the wrapped key was made for another organization, patient or purpose, or was altered */
  | 'wrong-context'
  | 'disabled'
  | 'pending-deletion'
  | 'timeout'
  | 'unavailable'
  /** what was stored or answered is no key of ours */
  | 'invalid'
  /** the patient's keys have been destroyed */
  | 'disposed'
  /** this deployment is configured for another organization than its keys */
  | 'organization-mismatch';

/** A key could not be had. The message says which part failed; it names no patient. */
export class KeyError extends Error {
  constructor(
    readonly code: KeyErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'KeyError';
  }
}

const codes: Readonly<Record<string, KeyErrorCode>> = {
  ThrottlingException: 'throttled',
  Throttling: 'throttled',
  TooManyRequestsException: 'throttled',
  RequestLimitExceeded: 'throttled',
  LimitExceededException: 'throttled',
  ProvisionedThroughputExceededException: 'throttled',
  AccessDeniedException: 'denied',
  UnrecognizedClientException: 'denied',
  InvalidCiphertextException: 'wrong-context',
  DisabledException: 'disabled',
  IncorrectKeyException: 'invalid',
  InvalidKeyUsageException: 'invalid',
  NotFoundException: 'invalid',
  ResourceNotFoundException: 'invalid',
  ValidationException: 'invalid',
  TimeoutError: 'timeout',
  AbortError: 'timeout',
  DependencyTimeoutException: 'timeout',
};

/**
 * What a failed call to KMS or to the keys table means.
 * A fault that has no name here is `unavailable`: no key, no record.
 * @param during the part that failed, in words: "unwrapping a patient key"
 */
export function keyErrorOf(error: unknown, during: string): KeyError {
  if (error instanceof KeyError) return error;
  const name = error instanceof Error ? error.name : '';
  let code: KeyErrorCode = (Object.hasOwn(codes, name) ? codes[name] : undefined) ?? 'unavailable';
  // KMS has one exception for every state but Disabled; only the message tells them apart.
  if (name === 'KMSInvalidStateException' && error instanceof Error && /pending ?deletion/i.test(error.message))
    code = 'pending-deletion';
  return new KeyError(code, `${during} failed: ${code}`, { cause: error });
}
