import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type * as z from 'zod';
import type { Role } from '../authentication/actor';
import { ConsistentReads } from '../records/consistent-reads';
import {
  type ActorItem,
  actorItem,
  type ControlItem,
  controlItem,
  freezableRoles,
  governanceKeys,
  type IdempotencyItem,
  idempotencyItem,
  type MemberItem,
  memberItem,
  memberPrefix,
  type RepresentativeItem,
  representativeItem,
  type StandingEmergency,
  sessionItem,
  standingEmergency,
} from './governance';

/** The governance table does not answer, or not with all that was asked: nobody gets in on a guess. */
export class GovernanceError extends Error {
  constructor(options?: { readonly cause?: unknown }) {
    super('governance: unavailable', options);
    this.name = 'GovernanceError';
  }
}

export interface GovernanceQuestion {
  readonly sub: string;
  readonly session: string;
  readonly patient?: string;
  readonly idempotencyToken?: string;
  /** whether it matters that an open incident names the person */
  readonly incidents: boolean;
}
export interface GovernanceState {
  readonly actor: ActorItem | undefined;
  readonly session: z.infer<typeof sessionItem> | undefined;
  readonly controls: readonly ControlItem[];
  readonly membership: MemberItem | undefined;
  readonly emergency: StandingEmergency | undefined;
  readonly representative: RepresentativeItem | undefined;
  readonly underIncident: boolean;
  readonly created: IdempotencyItem | undefined;
}

/** of whom an instance remembers the role; a number alone bounds its memory */
const mostPeople = 10_000;

/**
 * Reads all that an access decision stands on; nothing that decides is ever cached. The role is known only with the answer, and
 * each freeze that is asked for is paid for: of a person whom this instance has met it asks for the freeze of the role that they
 * had then, and where the answer has another role it asks for everything anew. Of anybody else it asks for the freezes of all.
 */
export class GovernanceReads {
  /** what to ask for, never what to decide on: the role is that of the answer */
  readonly #roles = new Map<string, Role>();

  constructor(
    private readonly documents: DynamoDBDocumentClient,
    private readonly table: string,
  ) {}

  /** @throws GovernanceError when a part is missing from the answer or is not what it must be */
  async read(question: GovernanceQuestion): Promise<GovernanceState> {
    const expected = this.#roles.get(question.sub);
    const state = await this.#read(
      question,
      expected ? freezableRoles.filter((each) => each === expected) : freezableRoles,
    );
    const role = state.actor?.role;
    if (role === expected || role === undefined) return state;
    if (this.#roles.size >= mostPeople) this.#roles.clear();
    this.#roles.set(question.sub, role);
    return expected ? this.#read(question, freezableRoles) : state;
  }

  /** One consistent BatchGet. @param freezes roles whose freezes are asked for */
  async #read(
    { sub, session, patient, idempotencyToken, incidents }: GovernanceQuestion,
    freezes: readonly Role[],
  ): Promise<GovernanceState> {
    const keys = [
      governanceKeys.actor(sub),
      governanceKeys.session(session),
      governanceKeys.lockdown,
      ...freezes.map((role) => governanceKeys.frozenRole(role)),
      ...(patient
        ? [
            governanceKeys.frozenPatient(patient),
            governanceKeys.member(patient, sub),
            governanceKeys.standingEmergency(patient, sub),
            governanceKeys.representative(patient, sub),
          ]
        : []),
      ...(incidents ? [governanceKeys.incidentSubject(sub)] : []),
      ...(idempotencyToken ? [governanceKeys.idempotency(idempotencyToken)] : []),
    ];
    try {
      const items = await ConsistentReads.of(this.documents).all(this.table, keys);
      const named = (prefix: string) => items.filter((each) => String(each['SK']).startsWith(prefix));
      const find = <Item>(schema: z.ZodType<Item>, prefix: string): Item | undefined => {
        const [item] = named(prefix);
        return item && schema.parse(item);
      };
      return {
        actor: find(actorItem, 'ACTOR'),
        session: find(sessionItem, 'SESSION'),
        controls: named('CONTROL').map((item) => controlItem.parse(item)),
        membership: find(memberItem, memberPrefix),
        emergency: find(standingEmergency, 'EMERGENCY#'),
        representative: find(representativeItem, 'REPRESENTATIVE#'),
        underIncident: named('INCIDENT-SUBJECT').length > 0,
        created: find(idempotencyItem, 'IDEMPOTENCY'),
      };
    } catch (cause) {
      throw cause instanceof GovernanceError ? cause : new GovernanceError({ cause });
    }
  }
}
