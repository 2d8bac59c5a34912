import { ProvisionedThroughputExceededException } from '@aws-sdk/client-dynamodb';
import { GovernanceError } from '../access/governance-reads';
import { AccessDenied } from '../access/guard';
import { AuditError } from '../audit/audit-error';
import { TokenError } from '../authentication/token';
import { BreachError } from '../breach/breach-error';
import { EnvelopeError } from '../encryption/envelope-error';
import { KeyError } from '../encryption/key-error';
import { ReadIncomplete } from '../records/consistent-reads';
import { InputError } from '../records/input-error';
import { Problem, type ProblemType } from './problem';

/** The one place that says which failure becomes which answer. What is not named here is `internal`. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof BreachError)
    return new Problem(incidentStates.includes(error.code) ? 'incident-state' : 'invalid-input', {
      errors: [{ field: error.field, message: error.message }],
    });
  if (error instanceof InputError) return new Problem('invalid-input', { errors: error.errors.slice(0, 50) });
  if (error instanceof AccessDenied) return new Problem(signInAgain(error.reason) ?? 'forbidden');
  if (error instanceof TokenError) return new Problem(error.code === 'unavailable' ? 'unavailable' : 'unauthorized');
  if (error instanceof KeyError) return new Problem(keyProblems[error.code] ?? 'unavailable');
  if (error instanceof AuditError && error.code === 'predecessor-not-indexed')
    return new Problem('unavailable', {
      detail: 'What the stage recorded that this one succeeds is not indexed yet',
    });
  if (error instanceof GovernanceError || error instanceof AuditError || error instanceof ReadIncomplete)
    return new Problem('unavailable');
  if (error instanceof EnvelopeError) return new Problem('integrity');
  if (isServiceFault(error)) return new Problem('unavailable');
  return new Problem('internal');
}

/** Every other reason stays in the evidence: it would tell an outsider what there is. */
function signInAgain(reason: AccessDenied['reason']): ProblemType | undefined {
  if (reason === 'session-idle' || reason === 'reauthentication-required') return reason;
  return reason === 'session-ended' || reason === 'signed-out' ? 'session-ended' : undefined;
}

/** what is not wrong with the request but with the moment */
const incidentStates: readonly BreachError['code'][] = [
  'transition',
  'assessment-incomplete',
  'outcome-missing',
  'notice-unproven',
  'duty-open',
  'evidence-uncovered',
  'safe-harbour',
];

const keyProblems: Partial<Record<KeyError['code'], ProblemType>> = {
  'organization-mismatch': 'organization-mismatch',
  disposed: 'gone',
};

/** A store that throttled, refused or did not answer. */
function isServiceFault(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    error instanceof ProvisionedThroughputExceededException ||
    '$metadata' in error ||
    ['TimeoutError', 'AbortError', 'NetworkingError', 'ECONNREFUSED', 'ECONNRESET'].includes(error.name) ||
    ('code' in error && typeof error.code === 'string' && /^E[A-Z]+$/.test(error.code))
  );
}
