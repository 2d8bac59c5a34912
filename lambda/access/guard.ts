import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { type EventDraft, type EventResource, resourcesPerEvent } from '../audit/event';
import type { Outbox } from '../audit/outbox';
import type { Identity } from '../authentication/actor';
import type { Category } from '../records/model';
import { type Decision, type DenialReason, decide } from './decide';
import { type GovernanceState, readGovernance } from './governance';
import type { Action } from './policy';

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
      actor: actorOf(access, this.actor.role),
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
  constructor(
    private readonly documents: DynamoDBDocumentClient,
    private readonly table: string,
    private readonly outbox: Outbox,
  ) {}

  /**
   * @throws AccessDenied once the denial is durable
   * @throws GovernanceError, AuditError when there is any doubt
   */
  async permit(access: AccessRequest, subject: AccessSubject = {}): Promise<Permit> {
    const { patient, idempotencyToken } = subject;
    const categories = subject.categories ?? [];
    const state = await readGovernance(this.documents, this.table, {
      sub: access.identity.sub,
      ...(patient ? { patient } : {}),
      ...(idempotencyToken ? { idempotencyToken } : {}),
    });
    const { actor, membership } = state;
    const decision = decide({
      action: access.action,
      actor,
      categories,
      authenticatedAt: access.identity.authenticatedAt,
      now: access.now,
      ...(patient ? { patient } : {}),
      ...(membership ? { membership } : {}),
    });
    if (decision.outcome === 'permit' && actor)
      return new Permit(access, { ...state, actor }, decision, patient ?? null);
    const denied: DenialReason = decision.outcome === 'deny' ? decision.reason : 'unknown-actor';
    await this.outbox.record({
      action: access.action,
      actor: actorOf(access, actor?.role ?? null),
      basis: null,
      categories: [...categories],
      outcome: 'deny',
      patient: patient ?? null,
      purpose: decision.purpose,
      reason: denied,
      request: { ...access.request, status: 403 },
      resources: [],
    });
    throw new AccessDenied(denied);
  }
}

function actorOf({ identity }: AccessRequest, role: NonNullable<EventDraft['actor']>['role']): EventDraft['actor'] {
  // The pool asks everyone for a second factor, so a token is proof of it.
  return { mfa: true, role, session: identity.session, sub: identity.sub };
}

function chunks(resources: readonly EventResource[]): EventResource[][] {
  const count = Math.ceil(resources.length / resourcesPerEvent);
  return Array.from({ length: count }, (_, index) =>
    resources.slice(index * resourcesPerEvent, (index + 1) * resourcesPerEvent),
  );
}
