import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { AccessDenied, type AccessRequest, Guard, type Permit } from '../access/guard';
import type { Action } from '../access/policy';
import type { EventDraft, EventResource } from '../audit/event';
import type { Outbox, Receipt } from '../audit/outbox';
import { ownOutbox } from '../audit/own-outbox';
import { AccessTokens } from '../authentication/token';
import { type ApiEnvironment, sessionLimits, webOrigins } from '../environment';
import type { Writes } from '../records/transaction';
import { api, type Operation } from './chain';
import { documents } from './clients';
import { againUnderNewKey, KeyChanged } from './key-change';
import { Problem, type ProblemType } from './problem';
import { problemOf } from './problem-of';
import { report } from './report';

/** What every function of the API stands on, made once an instance: its lane, its guard, its chain. */
export class Runtime {
  readonly clock = (): Date => new Date();
  readonly outbox: Outbox;
  readonly guard: Guard;
  readonly #tokens: AccessTokens;
  /** refusals that are on record already */
  readonly #told = new WeakSet<Error>();

  constructor(environment: ApiEnvironment) {
    this.outbox = ownOutbox(documents, environment);
    this.guard = new Guard(documents, environment.GOVERNANCE_TABLE, this.outbox, sessionLimits(environment));
    this.#tokens = new AccessTokens({
      region: process.env['AWS_REGION'] ?? '',
      userPoolId: environment.USER_POOL_ID,
      clientId: environment.CLIENT_ID,
    });
  }

  /**
   * Stores the writes and their event together.
   * @param problemOf which answer it is when a write's condition did not hold; that is recorded as well
   * @param eventIds UUIDs of version 7, where a write names the event that tells of it
   * @throws Problem of that kind
   * @throws KeyChanged when it was the write named `key`: the operation is made again, see key-change.ts
   */
  async store<Name extends string>(
    permit: Permit,
    event: EventDraft | readonly EventDraft[],
    writes: Writes<Name>,
    problemOf: (refused: ReadonlySet<Name>) => ProblemType,
    eventIds: readonly string[] = [],
  ): Promise<Receipt> {
    const drafts = Array.isArray(event) ? (event as readonly EventDraft[]) : [event as EventDraft];
    try {
      return await this.outbox.recordWith(drafts, writes.items, eventIds);
    } catch (error) {
      if (!(error instanceof TransactionCanceledException)) throw error;
      const refused = writes.refused(error);
      if (refused.size === 0) throw new Problem('unavailable', {}, { cause: error });
      const refuse = () => this.refuse(permit, problemOf(refused));
      if (new Set<string>(refused).has('key')) throw new KeyChanged(refuse);
      return refuse();
    }
  }

  /** Records that a permitted request could not be done, then says why. @throws Problem */
  async refuse(
    permit: Permit,
    type: ProblemType,
    members: ConstructorParameters<typeof Problem>[1] = {},
    resources: readonly EventResource[] = [],
  ): Promise<never> {
    const problem = new Problem(type, members);
    await this.outbox.record(permit.event({ status: problem.status, outcome: 'error', reason: type, resources }));
    this.#told.add(problem);
    throw problem;
  }

  /** Marks a refusal whose event the operation has made durable by itself. @returns the refusal, to be thrown */
  told(problem: Problem): Problem {
    this.#told.add(problem);
    return problem;
  }

  serve(operations: Partial<Record<Action, Operation>>) {
    const guarded = Object.fromEntries(
      Object.entries(operations).map(([action, operation]) => [action, this.#guarded(operation)]),
    );
    return api(guarded, { tokens: this.#tokens, clock: this.clock, webOrigins: webOrigins(), report });
  }

  #guarded(operation: Operation): Operation {
    return async (exchange) => {
      try {
        return await againUnderNewKey(() => operation(exchange));
      } catch (error) {
        await this.#record(exchange.access, error);
        throw error;
      } finally {
        await this.guard.settled(exchange.access);
      }
    };
  }

  /**
   * What was asked in a form that nobody can answer is on record like any other refusal. It may have been found before the
   * decision: that is made first then, so that a malformed id tells an outsider nothing that an unknown one would not.
   * @throws AccessDenied
   */
  async #record(access: AccessRequest, error: unknown): Promise<void> {
    if (error instanceof AccessDenied || (error instanceof Error && this.#told.has(error))) return;
    const { status, type } = problemOf(error);
    if (status >= 500) return;
    const permit = this.guard.permitOf(access) ?? (await this.guard.permit(access));
    await this.outbox.record(permit.event({ status, outcome: 'error', reason: type }));
  }
}
