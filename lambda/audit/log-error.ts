/** What is wrong with a piece of the archive when it is read by itself: every reader of evidence refuses it. */
export type LogErrorCode =
  | 'line-invalid'
  | 'segment-empty'
  | 'segment-fork'
  | 'segment-invalid'
  | 'segment-too-large'
  | 'segment-trailing-data'
  | 'leaf-invalid'
  | 'note-invalid'
  | 'note-signature-invalid'
  | 'key-invalid'
  | 'proof-invalid';

/** Messages are codes: a line that was refused may hold anything, so none of it is repeated. */
export class LogError extends Error {
  constructor(
    readonly code: LogErrorCode,
    options?: { readonly cause?: unknown },
  ) {
    super(`audit log: ${code}`, options);
    this.name = 'LogError';
  }
}
