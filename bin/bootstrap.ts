import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { AccountExists, Accounts } from '../lambda/access/accounts';
import { firstActors } from '../lambda/access/actors';
import { type ActorItem, governanceKeys } from '../lambda/access/governance';
import type { Operator } from './operator';

export interface FirstPeople {
  readonly admin: string;
  readonly complianceOfficer: string;
}

/**
 * Makes the first administrator and the first compliance officer of a deployment: once, and never again after anybody is
 * known to Ward. Two people, because each of them must approve what the other asks for. Cognito mails the invitations.
 * @returns their ids
 * @throws Error in one sentence
 */
export async function bootstrap(operator: Operator, emails: FirstPeople): Promise<FirstPeople> {
  if (emails.admin.toLowerCase() === emails.complianceOfficer.toLowerCase())
    throw new Error('the administrator and the compliance officer must be two people');
  if (await anybodyKnown(operator)) throw new Error(alreadyDone);
  const accounts = new Accounts(operator.cognito, operator.userPoolId);
  const made: string[] = [];
  try {
    const admin = await account(accounts, emails.admin, made);
    const complianceOfficer = await account(accounts, emails.complianceOfficer, made);
    const createdAt = new Date().toISOString();
    const person = (sub: string, role: ActorItem['role']): ActorItem => ({
      sub,
      role,
      status: 'active',
      createdBy: 'bootstrap',
      createdAt,
      version: 1,
    });
    const people = [person(admin, 'admin'), person(complianceOfficer, 'compliance_officer')];
    await operator.outbox.recordWith(
      [
        {
          action: 'users.bootstrap',
          actor: null,
          basis: null,
          categories: [],
          outcome: 'permit',
          patient: null,
          purpose: 'OPERATIONS',
          reason: 'first-people',
          request: null,
          resources: people.map(({ sub }) => ({ id: sub, type: 'user', version: 1 })),
        },
      ],
      firstActors(operator.governanceTable, people),
    );
    return { admin, complianceOfficer };
  } catch (error) {
    // An account that nobody recorded does not stay.
    for (const sub of made) await accounts.remove(sub).catch(() => undefined);
    if (error instanceof TransactionCanceledException) throw new Error(alreadyDone, { cause: error });
    throw error;
  }
}

const alreadyDone = 'Ward knows people already: ask an administrator for an account; nothing was changed';

/** An account that an earlier try left behind, before anybody was recorded, is taken as it is. */
async function account(accounts: Accounts, email: string, made: string[]): Promise<string> {
  try {
    const sub = await accounts.create(email);
    made.push(sub);
    return sub;
  } catch (error) {
    const found = error instanceof AccountExists ? await accounts.find(email) : undefined;
    if (!found) throw error;
    return found.sub;
  }
}

async function anybodyKnown({ documents, governanceTable }: Operator): Promise<boolean> {
  const { Count } = await documents.send(
    new QueryCommand({
      TableName: governanceTable,
      KeyConditionExpression: 'PK = :pk',
      ExpressionAttributeValues: { ':pk': governanceKeys.listed('').PK },
      ConsistentRead: true,
      Limit: 1,
    }),
  );
  return Count !== 0;
}
