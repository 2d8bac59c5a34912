import type { Role } from '../../lambda/authentication/actor';
import type { observe } from '../../lambda/breach/detect/observe';
import type { Random } from '../random';

export type Told = Parameters<typeof observe>[0];
/** Who does something, from where, in which sign-in. */
export interface Hand {
  readonly sub: string;
  readonly role: Role;
  readonly session: string;
  readonly ip: string;
}
export interface Entry {
  readonly time: number;
  readonly told: Told;
  /** the attack that it belongs to; absent: ordinary work */
  readonly incident?: number;
}

const routes: Readonly<Record<string, [method: 'GET' | 'POST' | 'PUT', route: string]>> = {
  'patient.read': ['GET', '/v1/patients/{id}'],
  'patient.search': ['POST', '/v1/patients/search'],
  'patient.export': ['GET', '/v1/patients/{id}/export'],
  'emergency.open': ['POST', '/v1/patients/{id}/emergency-access'],
};

/** The audit events of the evaluation, in the form that Ward writes them. */
export class Tape {
  readonly entries: Entry[] = [];
  #count = 0;

  constructor(private readonly random: Random) {}

  /** One request: an event, or one for each patient that a search found. */
  write(
    time: number,
    hand: Hand,
    action: string,
    {
      patient = null,
      outcome = 'permit',
      reason = null,
      basis = 'role',
      found,
      incident,
    }: {
      readonly patient?: string | null;
      readonly outcome?: Told['outcome'];
      readonly reason?: string | null;
      readonly basis?: Told['basis'];
      readonly found?: readonly string[];
      readonly incident?: number | undefined;
    } = {},
  ): void {
    const request = this.random.uuid();
    const [method, route] = routes[action] ?? (['GET', '/v1/patients/{patientId}/{category}'] as const);
    const signIn = action.startsWith('user-pool.');
    for (const each of found && found.length > 0 ? found : [patient])
      this.entries.push({
        time,
        ...(incident !== undefined && { incident }),
        told: {
          action,
          actor: {
            mfa: !signIn || outcome === 'permit',
            role: hand.role,
            session: signIn ? null : hand.session,
            sub: hand.sub,
          },
          at: new Date(time).toISOString(),
          basis: outcome === 'deny' ? null : basis,
          categories: [],
          id: this.#id(time),
          outcome,
          patient: each,
          purpose: 'OPERATIONS',
          reason: found?.length === 0 ? 'no-match' : reason,
          request: {
            id: request,
            ip: hand.ip,
            method,
            route: signIn ? 'user-pool' : route,
            status: outcome === 'permit' ? 200 : 403,
          },
          resources: [],
        },
      });
  }

  /** Ascending in time, as the ids of the outbox are. */
  #id(time: number): string {
    this.#count += 1;
    const hex = `${time.toString(16).padStart(12, '0')}7000800000${this.#count.toString(16).padStart(10, '0')}`;
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
  }
}
