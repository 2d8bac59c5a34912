export type BreachErrorCode =
  | 'date-format'
  | 'date-in-future'
  | 'date-before-breach'
  | 'date-order'
  | 'count'
  | 'state-unknown'
  | 'hold-too-long'
  | 'transition'
  | 'assessment-incomplete'
  | 'outcome-missing'
  | 'notice-unproven'
  | 'duty-open'
  | 'evidence-uncovered'
  | 'safe-harbour'
  | 'template-variable'
  | 'template-unknown'
  | 'letter-text';

/** What is wrong with an incident, its dates or its notices. `field` names where, never the value. */
export class BreachError extends Error {
  constructor(
    readonly code: BreachErrorCode,
    readonly field: string,
    message: string,
  ) {
    super(message);
    this.name = 'BreachError';
  }
}
