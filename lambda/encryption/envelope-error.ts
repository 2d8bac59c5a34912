/** Why an envelope, a plaintext or an argument was refused: for tests and logs, never for callers. */
export type EnvelopeErrorCode =
  /** header, field or footer is not of the form that WE1 has */
  | 'form'
  | 'version'
  | 'algorithm'
  /** the header names another version of the patient key than the one given */
  | 'key-version'
  | 'commitment'
  | 'footer'
  | 'field'
  /** an authentic but older version than the caller knows of */
  | 'rollback'
  /** an item stands under a key, or says a version, that its envelope does not */
  | 'place'
  /** a field of this tag is not registered for this category */
  | 'tag'
  /** a plaintext that is not of the codec's form */
  | 'encoding'
  /** what the caller gave cannot be sealed */
  | 'argument'
  /** the key has been released or disposed of */
  | 'key';

/**
 * The one failure of sealing and opening. Every code has the same message, so that whoever tampers
 * learns from an answer only that it failed, not how far it came.
 */
export class EnvelopeError extends Error {
  constructor(
    readonly code: EnvelopeErrorCode,
    options?: ErrorOptions,
  ) {
    super('the envelope was refused', options);
    this.name = 'EnvelopeError';
  }
}
