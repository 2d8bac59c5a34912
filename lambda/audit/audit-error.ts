/**
 * Why an event is not durable, or the log not what it was: whoever meets one answers 503 and shows nothing. `…-contradicted`
 * means that somebody wrote another thing in the same place, which no retry mends.
 */
export class AuditError extends Error {
  constructor(
    readonly code:
      | 'not-durable'
      | 'lane-contradicted'
      | 'receipt-mismatch'
      | 'too-many-events'
      | 'archive-contradicted'
      | 'outbox-contradicted'
      | 'log-contradicted'
      | 'signing-key-unknown'
      | 'predecessor-not-indexed',
    options?: { readonly cause?: unknown },
  ) {
    super(`audit: ${code}`, options);
    this.name = 'AuditError';
  }
}
