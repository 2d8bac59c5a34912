import { type DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { type EventDraft, type EventResource, resourcesPerEvent } from '../audit/event';
import type { Outbox } from '../audit/outbox';
import type { Identity } from '../authentication/actor';
import { type SessionLimits, type SessionVerdict, sessionVerdict } from '../authentication/session';
import type { Category } from '../records/model';
import { type Decision, type DenialReason as Denial, decide } from './decide';
import { governanceKeys, signsInWith } from './governance';
import { GovernanceReads, type GovernanceState } from './governance-reads';
import { type Action, type ActionPolicy, actions } from './policy';

/** why the answer was no: the decision's reason, or that the sign-in counts no more */
export type DenialReason = Denial | 'foreign-account' | 'session-idle' | 'session-ended';
/** what the person can mend by signing in: 401 */
const mendable: readonly DenialReason[] = ['session-idle', 'session-ended', 'reauthentication-required'];

/** The request as evidence names it. */
export interface AccessRequest {
  readonly action: Action;
  readonly identity: Identity;
  readonly request: Omit<NonNullable<EventDraft['request']>, 'status'>;
  readonly now: Date;
}
/** What is asked for: whose record, which categories. */
export interface AccessSubject {
  readonly patient?: string;
  readonly categories?: readonly Category[];
  readonly idempotencyToken?: string;
}

/** The answer was no, and that is on record. */
export class AccessDenied extends Error {
  constructor(readonly reason: DenialReason) {
    super('access denied');
    this.name = 'AccessDenied';
  }
}

type Permission = Extract<Decision, { outcome: 'permit' }>;

/** A decision in the actor's favour: what it covers, and the events that tell of its use. */
export class Permit {
  constructor(
    readonly access: AccessRequest,
    readonly state: GovernanceState & { readonly actor: NonNullable<GovernanceState['actor']> },
    readonly decision: Permission,
    readonly patient: string | null,
  ) {}

  get actor() {
    return this.state.actor;
  }

  /** @returns the events of a read: one, and another for each further hundred of resources */
  events(outcome: Parameters<Permit['event']>[0]): EventDraft[] {
    const resources = outcome.resources ?? [];
    const first = this.event({ ...outcome, resources: resources.slice(0, resourcesPerEvent) });
    return [first, ...chunks(resources.slice(resourcesPerEvent)).map((more) => ({ ...first, resources: more }))];
  }

  /** @returns an event of this request; categories are those of the decision unless named */
  event(outcome: {
    readonly status: number;
    readonly outcome?: 'permit' | 'error';
    readonly action?: string;
    readonly patient?: string | null;
    readonly reason?: string;
    readonly categories?: readonly Category[];
    readonly resources?: readonly EventResource[];
  }): EventDraft {
    const { access, decision } = this;
    return {
      action: outcome.action ?? access.action,
      actor: actorOf(access, this.actor),
      basis: decision.basis,
      categories: [...(outcome.categories ?? decision.categories)],
      outcome: outcome.outcome ?? 'permit',
      patient: outcome.patient === undefined ? this.patient : outcome.patient,
      purpose: decision.purpose,
      reason: outcome.reason ?? null,
      request: { ...access.request, status: outcome.status },
      resources: [...(outcome.resources ?? [])],
    };
  }
}

/** 45 CFR 164.508(a)(2): of some categories a person sees only what they wrote themselves. */
export function withheld(
  { decision, actor }: Permit,
  entry: { readonly category: Category; readonly author: string },
): boolean {
  return decision.originatorOnly.includes(entry.category) && entry.author !== actor.sub;
}

/** Stands before every access: reads the governance table, decides, and records each denial before it is answered. */
export class Guard {
  readonly #governance: GovernanceReads;
  readonly #permits = new WeakMap<AccessRequest, Permit>();
  readonly #writing = new WeakMap<AccessRequest, Promise<unknown>>();

  constructor(
    private readonly documents: DynamoDBDocumentClient,
    private readonly table: string,
    private readonly outbox: Outbox,
    private readonly limits: SessionLimits,
  ) {
    this.#governance = new GovernanceReads(documents, table);
  }

  /**
   * @throws AccessDenied once the denial is durable
   * @throws GovernanceError, AuditError when there is any doubt
   */
  async permit(access: AccessRequest, subject: AccessSubject = {}): Promise<Permit> {
    const { patient, idempotencyToken } = subject;
    const categories = subject.categories ?? [];
    const { action, identity, now } = access;
    const rule: ActionPolicy = actions[action];
    const state = await this.#governance.read({
      sub: identity.sub,
      session: identity.session,
      incidents: rule.emergency === 'opens',
      ...(patient ? { patient } : {}),
      ...(idempotencyToken ? { idempotencyToken } : {}),
    });
    const { membership, emergency, representative } = state;
    const actor = state.actor && signsInWith(state.actor, identity.account) ? state.actor : undefined;
    const session = this.#session(access, state.session, actor);
    const decision = decide({
      action,
      actor,
      categories,
      controls: state.controls,
      underIncident: state.underIncident,
      authenticatedAt: identity.authenticatedAt,
      now,
      ...(patient ? { patient } : {}),
      ...(membership ? { membership } : {}),
      ...(emergency ? { emergency } : {}),
      ...(representative ? { representative } : {}),
    });
    if (session.state === 'live' && actor?.status === 'active') this.#remember(access, session);
    if (session.state === 'live' && decision.outcome === 'permit' && actor) {
      const permit = new Permit(access, { ...state, actor }, decision, patient ?? null);
      this.#permits.set(access, permit);
      return permit;
    }
    const denied: DenialReason =
      state.actor && !actor
        ? 'foreign-account'
        : session.state !== 'live'
          ? `session-${session.state}`
          : decision.outcome === 'deny'
            ? decision.reason
            : 'unknown-actor';
    await this.outbox.record({
      action,
      actor: actorOf(access, actor),
      basis: null,
      categories: [...categories],
      outcome: 'deny',
      patient: patient ?? null,
      purpose: decision.purpose,
      reason: denied,
      request: { ...access.request, status: mendable.includes(denied) ? 401 : 403 },
      resources: [],
    });
    throw new AccessDenied(denied);
  }

  /** @returns the permit that this request was given, if it was */
  permitOf(access: AccessRequest): Permit | undefined {
    return this.#permits.get(access);
  }

  /** Resolves when nothing is being written beside the request any more: an instance is frozen with its answer. */
  async settled(access: AccessRequest): Promise<void> {
    await this.#writing.get(access);
  }

  #session(
    { identity, now }: AccessRequest,
    session: GovernanceState['session'],
    actor: GovernanceState['actor'],
  ): SessionVerdict {
    const { workforceIdleSeconds, patientIdleSeconds, absoluteSeconds } = this.limits;
    const idleSeconds = actor?.role === 'patient' ? patientIdleSeconds : workforceIdleSeconds;
    return sessionVerdict(identity, session, { idleSeconds, absoluteSeconds, now });
  }

  /**
   * Writes beside the request that the person was here. That it fails costs them a sign-in at worst, so it fails nobody's
   * request; and it never brings back a session that has ended or passed to somebody else.
   */
  #remember(access: AccessRequest, verdict: Extract<SessionVerdict, { state: 'live' }>): void {
    if (!verdict.write || this.#writing.has(access)) return;
    const { identity, now } = access;
    const at = now.toISOString();
    const ends = Math.ceil(identity.authenticatedAt.getTime() / 1000) + this.limits.absoluteSeconds + 3600;
    const write = new UpdateCommand({
      TableName: this.table,
      Key: governanceKeys.session(identity.session),
      ...(verdict.write === 'start'
        ? {
            UpdateExpression: 'SET #sub = :sub, startedAt = :at, lastSeenAt = :at, #ttl = :ttl',
            ConditionExpression: 'attribute_not_exists(PK)',
            ExpressionAttributeNames: { '#sub': 'sub', '#ttl': 'ttl' },
            ExpressionAttributeValues: { ':sub': identity.sub, ':at': at, ':ttl': ends },
          }
        : {
            UpdateExpression: 'SET lastSeenAt = :at',
            ConditionExpression: '#sub = :sub AND attribute_not_exists(endedAt) AND lastSeenAt < :at',
            ExpressionAttributeNames: { '#sub': 'sub' },
            ExpressionAttributeValues: { ':sub': identity.sub, ':at': at },
          }),
    });
    this.#writing.set(
      access,
      this.documents.send(write).catch(() => undefined),
    );
  }
}

/** Evidence names whoever signed in, and nobody whom their token only claims to be. */
function actorOf({ identity }: AccessRequest, actor: GovernanceState['actor']): EventDraft['actor'] {
  // The pool asks everyone for a second factor, so a token is proof of it.
  const proved = { mfa: true, session: identity.session };
  return { ...proved, role: actor?.role ?? null, sub: actor ? actor.sub : identity.account };
}

function chunks(resources: readonly EventResource[]): EventResource[][] {
  const count = Math.ceil(resources.length / resourcesPerEvent);
  return Array.from({ length: count }, (_, index) =>
    resources.slice(index * resourcesPerEvent, (index + 1) * resourcesPerEvent),
  );
}
