import type { AuditEvent } from '../../audit/event';
import type { Observation, ObservationKind } from './model';

const accesses = [
  'patient.read',
  'patient.correct',
  'record.list',
  'record.read',
  'record.history',
  'record.version',
  'record.create',
  'record.update',
];
const kinds: Readonly<Record<string, ObservationKind>> = {
  ...Object.fromEntries(accesses.map((action) => [action, 'access' as const])),
  'patient.search': 'search',
  'patient.export': 'export',
  'emergency.open': 'emergency',
};
/** A refusal for want of a relationship is an attempt at a record. */
export const attempts: readonly string[] = ['no-relationship', 'membership-expired', 'emergency-expired'];

type Basis = Observation['basis'];

/**
 * @param event as the outbox has it; where the lane put it does not matter
 * @returns what detection looks at; undefined for what nobody did: sweeps, and sign-ins of unknown accounts from nowhere
 */
export function observe(event: Omit<AuditEvent, 'lane' | 'origin' | 'prev' | 'seq' | 'v'>): Observation | undefined {
  const { action, actor, request } = event;
  const network = request?.ip ? networkOf(request.ip) : null;
  const signIn = request?.route === 'user-pool' || action.startsWith('user-pool.');
  // What the user pool tells carries the name that was typed, so it shows who is attacked, never who attacks.
  const subject = actor?.sub ?? (signIn && network ? `network:${network}` : undefined);
  if (subject === undefined) return undefined;
  return {
    id: event.id,
    at: event.at,
    subject,
    actor: actor?.sub ?? null,
    role: actor?.role ?? null,
    session: actor?.session ?? null,
    request: request?.id ?? null,
    network,
    action,
    kind: signIn ? 'sign-in' : (kinds[action] ?? 'other'),
    outcome: event.outcome,
    reason: event.reason,
    patient: event.patient,
    purpose: event.purpose,
    basis: basisOf(event.basis),
    authenticated: !signIn && actor?.mfa === true,
  };
}

/** @returns whether the observation is of a person and a patient, so that Facts have to be looked up for it */
export function needsFacts({ authenticated, kind, outcome, patient, reason, role }: Observation): boolean {
  if (!authenticated || patient === null || role === null || role === 'patient') return false;
  if (kind !== 'access' && kind !== 'export' && kind !== 'emergency') return false;
  return outcome === 'permit' || (outcome === 'deny' && attempts.includes(reason ?? ''));
}

/** @returns IPv4 /24, of a mapped address too, or IPv6 /48: what one line of one provider or office usually stays in */
export function networkOf(ip: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1] ?? ip;
  if (mapped.includes('.')) return `${mapped.split('.').slice(0, 3).join('.')}.0/24`;
  const [head = '', tail] = mapped.toLowerCase().split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail ? tail.split(':') : [];
  const zeros = tail === undefined ? 0 : 8 - front.length - back.length;
  const groups = [...front, ...Array.from({ length: zeros }, () => '0'), ...back];
  return `${groups
    .slice(0, 3)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/48`;
}

const basisOf = (basis: AuditEvent['basis']): Basis => {
  switch (basis) {
    case null:
    case 'care-team':
    case 'self':
    case 'representative':
    case 'originator':
    case 'role':
      return basis;
    default:
      return 'emergency';
  }
};
