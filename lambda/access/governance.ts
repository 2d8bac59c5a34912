import { BatchGetCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { roles } from '../authentication/actor';
import { patientId } from '../records/model';

/** The governance table does not answer, or not with all that was asked: nobody gets in on a guess. */
export class GovernanceError extends Error {
  constructor(options?: { readonly cause?: unknown }) {
    super('governance: unavailable', options);
    this.name = 'GovernanceError';
  }
}

/** A person. `PK` `ACTOR#<sub>`, `SK` `ACTOR`. 45 CFR 164.308(a)(3)(ii)(A): every grant names who gave it. */
export const actorItem = z.object({
  sub: z.uuid(),
  role: z.enum(roles),
  status: z.enum(['active', 'suspended']),
  patient: patientId.optional(),
  createdBy: z.string(),
  createdAt: z.string(),
  /** who gave the role that the person has now, and who agreed where it takes two */
  roleGrantedBy: z.string().optional(),
  roleGrantedAt: z.string().optional(),
  approvedBy: z.string().optional(),
  suspendedBy: z.string().optional(),
  suspendedAt: z.string().optional(),
  suspensionReason: z.string().optional(),
  suspensionExpiresAt: z.string().optional(),
  /** tokens of sign-ins before this moment are good for nothing */
  signedOutAt: z.string().optional(),
  /** Cognito `sub` of the account, where a recovery made a new one: `sub` is the person and stays */
  account: z.uuid().optional(),
  /** a recovery that has begun: who does it with which approval, and what stands for the e-mail address */
  recovery: z.object({ approval: z.uuid(), by: z.uuid(), address: z.uuid() }).optional(),
  version: z.int().positive(),
});
export type ActorItem = z.infer<typeof actorItem>;

/** A place on a care team. `PK` `PATIENT#<patient>`, `SK` `MEMBER#<sub>`. */
export const memberItem = z.object({
  sub: z.uuid(),
  patient: patientId,
  roleInTeam: z.enum(['attending', 'consulting', 'nursing', 'registering']),
  addedBy: z.string(),
  startsAt: z.string(),
  endsAt: z.string().optional(),
  /** the clinician came in by registering the patient, and nobody has confirmed it yet */
  reviewDue: z.boolean(),
  version: z.int().positive(),
});
export type MemberItem = z.infer<typeof memberItem>;

/** What a creation made, so that sending it again makes nothing new. Holds no PHI. */
export const idempotencyItem = z.object({ resource: z.string(), version: z.int().positive() });
export type IdempotencyItem = z.infer<typeof idempotencyItem>;

export const memberPrefix = 'MEMBER#';

export const governanceKeys = {
  actor: (sub: string) => ({ PK: `ACTOR#${sub}`, SK: 'ACTOR' }),
  member: (patient: string, sub: string) => ({ PK: `PATIENT#${patient}`, SK: `${memberPrefix}${sub}` }),
  /** the list of all actors */
  listed: (sub: string) => ({ PK: 'ACTORS', SK: sub }),
  /** which person a renewed account is of */
  account: (account: string) => ({ PK: `ACCOUNT#${account}`, SK: 'ACCOUNT' }),
  /** how many active people hold a role that must not die out */
  holders: (role: string) => ({ PK: 'HOLDERS', SK: role }),
  approval: (id: string) => ({ PK: `APPROVAL#${id}`, SK: 'APPROVAL' }),
  /** the list of all approvals; ids are UUIDv7, so it is in order of time */
  listedApproval: (id: string) => ({ PK: 'APPROVALS', SK: id }),
  enrollment: (codeHash: string) => ({ PK: `ENROLLMENT#${codeHash}`, SK: 'ENROLLMENT' }),
  idempotency: (token: string) => ({ PK: `IDEMPOTENCY#${token}`, SK: 'IDEMPOTENCY' }),
} as const;

export interface GovernanceQuestion {
  readonly sub: string;
  readonly patient?: string;
  readonly idempotencyToken?: string;
}
export interface GovernanceState {
  readonly actor: ActorItem | undefined;
  readonly membership: MemberItem | undefined;
  readonly created: IdempotencyItem | undefined;
}

/**
 * Reads all that an access decision stands on in one consistent BatchGet; nothing of it is ever cached.
 * @throws GovernanceError when a part is missing from the answer or is not what it must be
 */
export async function readGovernance(
  documents: DynamoDBDocumentClient,
  table: string,
  { sub, patient, idempotencyToken }: GovernanceQuestion,
): Promise<GovernanceState> {
  const keys = [
    governanceKeys.actor(sub),
    ...(patient ? [governanceKeys.member(patient, sub)] : []),
    ...(idempotencyToken ? [governanceKeys.idempotency(idempotencyToken)] : []),
  ];
  try {
    const answer = await documents.send(
      new BatchGetCommand({ RequestItems: { [table]: { Keys: keys, ConsistentRead: true } } }),
    );
    if (Object.keys(answer.UnprocessedKeys ?? {}).length > 0) throw new GovernanceError();
    const items = answer.Responses?.[table];
    if (!items) throw new GovernanceError();
    const find = <Item>(schema: z.ZodType<Item>, prefix: string): Item | undefined => {
      const item = items.find((each) => String(each['SK']).startsWith(prefix));
      return item && schema.parse(item);
    };
    return {
      actor: find(actorItem, 'ACTOR'),
      membership: find(memberItem, 'MEMBER#'),
      created: find(idempotencyItem, 'IDEMPOTENCY'),
    };
  } catch (cause) {
    throw cause instanceof GovernanceError ? cause : new GovernanceError({ cause });
  }
}
