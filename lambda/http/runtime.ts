import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { Guard, type Permit } from '../access/guard';
import type { Action } from '../access/policy';
import type { EventDraft, EventResource } from '../audit/event';
import type { Receipt } from '../audit/outbox';
import { Outbox } from '../audit/outbox';
import { AccessTokens } from '../authentication/token';
import { type ApiEnvironment, webOrigins } from '../environment';
import type { Writes } from '../records/transaction';
import { api, type Operation } from './chain';
import { documents } from './clients';
import { Problem, type ProblemType } from './problem';
import { report } from './report';

/** What every function of the API stands on, made once an instance: its lane, its guard, its chain. */
export class Runtime {
  readonly clock = (): Date => new Date();
  readonly outbox: Outbox;
  readonly guard: Guard;
  readonly #tokens: AccessTokens;

  constructor(environment: ApiEnvironment) {
    this.outbox = new Outbox({
      documents,
      table: environment.AUDIT_TABLE,
      origin: environment.AUDIT_ORIGIN,
      functionName: process.env['AWS_LAMBDA_FUNCTION_NAME'] ?? 'unnamed',
      clock: this.clock,
    });
    this.guard = new Guard(documents, environment.GOVERNANCE_TABLE, this.outbox);
    this.#tokens = new AccessTokens({
      region: process.env['AWS_REGION'] ?? '',
      userPoolId: environment.USER_POOL_ID,
      clientId: environment.CLIENT_ID,
    });
  }

  /**
   * Stores the writes and their event together.
   * @param problemOf which answer it is when a write's condition did not hold; that is recorded as well
   * @throws Problem of that kind
   */
  async store<Name extends string>(
    permit: Permit,
    event: EventDraft | readonly EventDraft[],
    writes: Writes<Name>,
    problemOf: (refused: ReadonlySet<Name>) => ProblemType,
  ): Promise<Receipt> {
    const drafts = Array.isArray(event) ? (event as readonly EventDraft[]) : [event as EventDraft];
    try {
      return await this.outbox.recordWith(drafts, writes.items);
    } catch (error) {
      if (!(error instanceof TransactionCanceledException)) throw error;
      const refused = writes.refused(error);
      if (refused.size === 0) throw new Problem('unavailable', {}, { cause: error });
      return this.refuse(permit, problemOf(refused));
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
    throw problem;
  }

  serve(operations: Partial<Record<Action, Operation>>) {
    return api(operations, { tokens: this.#tokens, clock: this.clock, webOrigins: webOrigins(), report });
  }
}
