import type { Command } from 'commander';
import { approvalKinds, kinds } from '../lambda/access/approvals';
import { reinstatementReasons, roleChangeReasons, suspensionReasons } from '../lambda/access/people';
import { roles } from '../lambda/authentication/actor';
import { bootstrap } from './bootstrap';
import type { Connection } from './connection';
import { operate } from './operator';
import { say } from './prompt';
import { readmit } from './readmit';

const print = (value: unknown): void => say(JSON.stringify(value, null, 2));
const path = (user: string, rest = ''): string => `/v1/users/${encodeURIComponent(user)}${rest}`;

const invited = 'Both were invited by mail. Their temporary passwords work for one day.';

interface ReadmitOptions {
  readonly admin: string;
  readonly adminEmail: string;
  readonly complianceOfficer: string;
  readonly complianceOfficerEmail: string;
}

/** Adds `ward users …`: who can sign in, as what. */
export function addUsers(program: Command, { client, where }: Connection): void {
  const call = async (method: string, to: string, body?: unknown, headers?: Record<string, string>) =>
    print((await client().call(method, to, body, headers)).body);
  const users = program.command('users').description('the people who can sign in');
  users
    .command('bootstrap')
    .description('make the first administrator and compliance officer of a new deployment, once')
    .requiredOption('--admin <email>', 'of the administrator')
    .requiredOption('--compliance-officer <email>', 'of somebody else')
    .action(async (people: { admin: string; complianceOfficer: string }) => {
      print(await bootstrap(operate(where(), 'bootstrap'), people));
      say(invited);
    });
  users
    .command('readmit')
    .description(
      'give an administrator and a compliance officer new accounts where a restore has brought no accounts along',
    )
    .requiredOption('--admin <id>', 'of the administrator')
    .requiredOption('--admin-email <address>', 'that the administrator is invited at')
    .requiredOption('--compliance-officer <id>', 'of the compliance officer')
    .requiredOption('--compliance-officer-email <address>', 'that the compliance officer is invited at')
    .action(async ({ admin, adminEmail, complianceOfficer, complianceOfficerEmail }: ReadmitOptions) => {
      await readmit(operate(where(), 'readmit'), {
        admin: { person: admin, email: adminEmail },
        complianceOfficer: { person: complianceOfficer, email: complianceOfficerEmail },
      });
      say(invited);
    });
  users
    .command('create')
    .description('create a person and mail them an invitation')
    .requiredOption('--email <address>', 'that the person signs in with')
    .requiredOption('--role <role>', roles.join(', '))
    .option('--approval <id>', 'for admin, compliance_officer and auditor')
    .action((user: { email: string; role: string; approval?: string }) => call('POST', '/v1/users', user));
  users
    .command('list')
    .description('list them')
    .action(() => call('GET', '/v1/users'));
  users
    .command('role')
    .description('change the role of a person')
    .argument('<user>', 'id')
    .argument('<role>', roles.join(', '))
    .option('--reason <code>', roleChangeReasons.join(', '), 'job-change')
    .option('--approval <id>', 'for admin, compliance_officer and auditor')
    .action(async (user: string, role: string, options: { reason: string; approval?: string }) => {
      const { headers } = await client().call('GET', path(user));
      await call('PATCH', path(user), { role, ...options }, { 'if-match': headers.get('etag') ?? '' });
    });
  users
    .command('suspend')
    .description('end a person’s access with their next request')
    .argument('<user>', 'id')
    .requiredOption('--reason <code>', suspensionReasons.join(', '))
    .option('--until <instant>', 'UTC, such as 2026-01-31T08:00:00Z')
    .action((user: string, { reason, until }: { reason: string; until?: string }) =>
      call('POST', path(user, '/suspension'), { reason, ...(until && { expires_at: until }) }),
    );
  users
    .command('reinstate')
    .description('end a suspension')
    .argument('<user>', 'id')
    .requiredOption('--reason <code>', reinstatementReasons.filter((reason) => reason !== 'expired').join(', '))
    .action((user: string, options: { reason: string }) => call('POST', path(user, '/reinstatement'), options));
  users
    .command('recover')
    .description('give a person who lost their authenticator a new account')
    .argument('<user>', 'id')
    .requiredOption('--approval <id>', 'of kind mfa-recovery')
    .requiredOption('--email <address>', 'that the person signs in with')
    .action((user: string, options: { approval: string; email: string }) =>
      call('POST', path(user, '/mfa-recovery'), options),
    );
}

interface ApprovalOptions {
  readonly reason: string;
  readonly subject?: string;
  readonly email?: string;
  readonly role?: string;
  readonly from?: string;
  readonly to?: string;
}

/** Adds `ward approvals …`: what takes two people. */
export function addApprovals(program: Command, { client }: Connection): void {
  const call = async (method: string, to: string, body?: unknown) =>
    print((await client().call(method, to, body)).body);
  const approvals = program.command('approvals').description('what takes two people');
  approvals
    .command('list')
    .description('the newest requests and what became of them')
    .action(() => call('GET', '/v1/approvals'));
  approvals
    .command('request')
    .description('ask for a second person')
    .argument('<kind>', kinds.join(', '))
    .requiredOption(
      '--reason <code>',
      kinds.map((kind) => `${kind}: ${approvalKinds[kind].reasons.join(', ')}`).join('; '),
    )
    .option('--subject <id>', 'of whom or what it is about')
    .option(
      '--email <address>',
      'in place of the subject, for an account that is not there yet; beside it, for one that is gone',
    )
    .option('--role <role>', 'of a grant-role')
    .option('--from <n>', 'of an audit-acknowledgement: the first lost event of the lane')
    .option('--to <n>', 'of an audit-acknowledgement: the last one')
    .action((kind: string, { reason, subject, email, ...details }: ApprovalOptions) =>
      call('POST', '/v1/approvals', { kind, subject, email, reason, details }),
    );
  for (const decision of ['approve', 'reject'] as const)
    approvals
      .command(decision)
      .description(decision === 'approve' ? 'agree as the second person' : 'refuse, or withdraw one’s own request')
      .argument('<approval>', 'id')
      .option('--email <address>', 'whose account it is, where the request is for one that is not there')
      .action((id: string, options: { email?: string }) =>
        call('POST', `/v1/approvals/${encodeURIComponent(id)}/${decision}`, options),
      );
}
