import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import { type Account, Accounts } from '../lambda/access/accounts';
import { changeAccount } from '../lambda/access/actors';
import { allActors, readActor } from '../lambda/access/actors-store';
import { emailAddress } from '../lambda/access/approval-request';
import { invitee } from '../lambda/access/approvals';
import { readControl } from '../lambda/access/controls-store';
import { isInForce } from '../lambda/access/decide';
import { type ActorItem, governanceKeys } from '../lambda/access/governance';
import { withAccount } from '../lambda/access/people';
import { readRestore } from '../lambda/contingency/restore';
import { checkVersion, type TransactItem } from '../lambda/records/transaction';
import type { Operator } from './operator';

/** Who is given an account again: `person` by the id that Ward knows, and where Cognito mails the invitation. */
export interface Readmission {
  readonly person: string;
  readonly email: string;
}
export interface PeopleAgain {
  readonly admin: Readmission;
  readonly complianceOfficer: Readmission;
}
type Office = Extract<ActorItem['role'], 'admin' | 'compliance_officer'>;
interface Named extends Readmission {
  readonly office: Office;
}
const spoken = { admin: 'administrator', compliance_officer: 'compliance officer' } as const satisfies Record<
  Office,
  string
>;

/**
 * Gives an administrator and a compliance officer of restored tables, whose accounts are in no user pool any more, a new one
 * each: they stay who they were, and bring back everybody else with an approval of each other. Only while a restore that was
 * replayed waits for its release, so that whoever was suspended since is known to be, and only where no such two can sign in.
 * One transaction; what is cut off is run again. 45 CFR 164.308(a)(7)(ii)(B), 164.312(d).
 * @throws Error in one sentence
 */
export async function readmit(operator: Operator, asked: PeopleAgain): Promise<void> {
  const named: readonly [Named, Named] = [
    parse('admin', asked.admin),
    parse('compliance_officer', asked.complianceOfficer),
  ];
  const [admin, officer] = named;
  if (admin.person === officer.person || admin.email.toLowerCase() === officer.email.toLowerCase())
    throw new Error('the administrator and the compliance officer must be two people with an address each');
  const waiting = await waitingRestore(operator);
  const accounts = new Accounts(operator.cognito, operator.userPoolId);
  const standing = [await stands(operator, accounts, admin), await stands(operator, accounts, officer)];
  await nobodyElse(operator, accounts);
  const left = [await leftBehind(accounts, admin), await leftBehind(accounts, officer)];

  const made: string[] = [];
  try {
    // Whoever set up an account that nobody recorded may know its password: nobody is given one.
    for (const account of left) if (account) await accounts.remove(account.sub);
    for (const { email, person } of named) made.push(await accounts.create(email, person));
    const signedOutAt = new Date().toISOString();
    const changes = standing.map((before, index) => ({
      before,
      after: { ...withAccount(before, made[index] ?? ''), signedOutAt },
    }));
    await operator.outbox.recordWith(
      [
        {
          action: 'users.readmit',
          actor: null,
          basis: null,
          categories: [],
          outcome: 'permit',
          patient: null,
          purpose: 'OPERATIONS',
          reason: 'restore',
          request: null,
          resources: [
            { id: waiting.restore, type: 'restore', version: null },
            ...changes.map(({ after }) => ({ id: after.sub, type: 'user', version: after.version })),
            ...named.map(({ email }) => ({
              id: invitee(operator.organization, email),
              type: 'invitee',
              version: null,
            })),
          ],
        },
      ],
      [
        ...waiting.checks,
        ...changes.flatMap(({ before, after }) => changeAccount(operator.governanceTable, before, after)),
      ],
    );
  } catch (error) {
    // An account that nobody recorded does not stay.
    for (const sub of made) await accounts.remove(sub).catch(() => undefined);
    if (error instanceof TransactionCanceledException)
      throw new Error('the restore or one of the two changed in the meantime; nobody was readmitted', { cause: error });
    throw error;
  }
}

function parse(office: Office, { person, email }: Readmission): Named {
  if (!z.uuid().safeParse(person).success) throw new Error(`name the ${spoken[office]} by id`);
  if (!emailAddress.safeParse(email).success)
    throw new Error(`the address of the ${spoken[office]} is no e-mail address`);
  return { office, person, email };
}

/** @returns the restore that waits for two people, and checks that it does still. @throws Error where none does */
async function waitingRestore({
  documents,
  governanceTable: table,
}: Operator): Promise<{ readonly restore: string; readonly checks: readonly TransactItem[] }> {
  const [restore, lockdown] = await Promise.all([
    readRestore(documents, table),
    readControl(documents, table, { kind: 'lockdown' }),
  ]);
  if (!restore || restore.state === 'released' || !lockdown || !isInForce(lockdown, new Date()))
    throw new Error('no restore waits for its release: an administrator gives accounts');
  if (restore.state !== 'replayed' || lockdown.restore !== restore.id || lockdown.reason !== 'restored')
    throw new Error('the restore was not replayed yet: who may sign in is not known before');
  return {
    restore: restore.id,
    checks: [
      checkVersion(table, governanceKeys.restore, restore.version),
      checkVersion(table, governanceKeys.lockdown, lockdown.version),
    ],
  };
}

/** @returns the person, who is active, has the role and no account. @throws Error where not */
async function stands(operator: Operator, accounts: Accounts, { office, person }: Named): Promise<ActorItem> {
  const actor = await readActor(operator.documents, operator.governanceTable, person);
  if (actor?.role !== office) throw new Error(`Ward knows no ${spoken[office]} of that id`);
  if (actor.status !== 'active') throw new Error(`the ${spoken[office]} is suspended`);
  if (await accountOf(accounts, actor)) throw new Error(`the ${spoken[office]} has an account: nothing was changed`);
  return actor;
}

const accountOf = (accounts: Accounts, { account, sub }: ActorItem): Promise<Account | undefined> =>
  accounts.find(account ?? sub);

/** @throws Error where an administrator and a compliance officer have accounts: these two bring back whoever else is to come */
async function nobodyElse({ documents, governanceTable }: Operator, accounts: Accounts): Promise<void> {
  const active = (await allActors(documents, governanceTable)).filter(({ status }) => status === 'active');
  const served = async (office: Office): Promise<boolean> => {
    for (const actor of active) if (actor.role === office && (await accountOf(accounts, actor))) return true;
    return false;
  };
  if ((await served('admin')) && (await served('compliance_officer')))
    throw new Error('an administrator and a compliance officer can sign in: ask them for "npx ward users recover"');
}

/** @returns the account that a try which was cut off made of the address. @throws Error where it is anybody else's */
async function leftBehind(accounts: Accounts, { office, person, email }: Named): Promise<Account | undefined> {
  const found = await accounts.find(email);
  if (found && found.person !== person)
    throw new Error(`the address of the ${spoken[office]} has an account already that is not theirs`);
  return found;
}
