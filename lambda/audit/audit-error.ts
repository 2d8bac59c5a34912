/** Why an event is not durable. Whoever meets one answers 503 and shows nothing. */
export class AuditError extends Error {
  constructor(
    readonly code: 'not-durable' | 'lane-contradicted' | 'receipt-mismatch' | 'too-many-events',
    options?: { readonly cause?: unknown },
  ) {
    super(`audit: ${code}`, options);
    this.name = 'AuditError';
  }
}
