import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Iam } from '../../local/iam';
import { type Granted, grantedBy } from '../../local/iam/granted';
import { collectPolicies } from '../../local/iam/policies';
import { readUses } from '../../local/iam/use-record';
import { Assembly } from '../../local/template';
import { exceptions, serviceRoles } from './unused-grants';
import { ward } from './ward';

const run = dirname(ward().directory);
const policies = collectPolicies(new Assembly(join(run, 'cdk.out')));
const nameOf = (role: string): string => (role.split('/').at(-1) ?? role).replace(/^ward-local-/, '');
const granted = grantedBy(policies).filter(({ role }) => !serviceRoles.some(({ name }) => name.test(nameOf(role))));
const statements = new Map<string, Granted[]>();
for (const each of granted) statements.set(each.statement, [...(statements.get(each.statement) ?? []), each]);
const describeGrant = ({ role, action, of, value }: Granted): string =>
  `${nameOf(role)}: ${action} with ${of} ${value}`;

/** The files that this run has to do first; this one is given out last, when one other may still be at work. */
const planned: readonly string[] = JSON.parse(process.env['WARD_E2E_FILES'] ?? '[]');
const all = readdirSync(__dirname).filter((name) => name.endsWith('.test.ts') && name !== basename(__filename));
const whole = planned.length === all.length && process.env['WARD_E2E_PART'] === undefined;
const gathered = process.env['WARD_USES'] !== join(run, 'uses');
let record: ReturnType<typeof readUses>;

beforeAll(async () => {
  const left = () => planned.filter((path) => !existsSync(join(run, `${basename(path)}.done`)));
  const until = Date.now() + 540_000;
  while (left().length > 0) {
    if (Date.now() > until) throw new Error(`did not come to an end: ${left().join()}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  record = readUses(process.env['WARD_USES'] ?? '');
}, 600_000);

test('nothing was denied that a function needed; 45 CFR 164.308(a)(4)(ii)(B)', () => {
  // What these policies allow was denied by a cloud whose templates a test had changed.
  const iam = new Iam(policies);
  const wrong = record.denied.filter(({ role, ...access }) => {
    try {
      iam.authorize({ kind: 'role', arn: role }, access);
      return false;
    } catch {
      return true;
    }
  });
  expect(wrong.map(({ role, action, resource }) => `${nameOf(role)} needed ${action} on ${resource}`)).toEqual([]);
});

// Part of the suite uses part of the grants, so that only the whole of it can tell.
(whole || gathered ? describe : describe.skip)('after the whole end-to-end suite', () => {
  /** One statement for both lets items be read alone and together (lib/grants.ts): whoever may do one may do the other. */
  const reads = (action: string): string => action.replace('dynamodb:BatchGetItem', 'dynamodb:GetItem');
  const same = ({ statement, action, of, value }: Granted): string => [statement, reads(action), of, value].join(' ');
  const never = () => {
    const used = new Set(granted.filter(({ id }) => record.used.has(id)).map(same));
    return granted.filter((each) => !used.has(same(each)) && reads(each.action) === each.action);
  };
  const exceptionOf = (grant: Granted) =>
    exceptions.find(({ covers }) =>
      covers({ role: nameOf(grant.role), grant, statement: statements.get(grant.statement) ?? [] }),
    );

  test('nothing is granted that was never used, to the action, resource, partition, attribute and purpose', () => {
    expect(granted.length).toBeGreaterThan(1000);
    expect(
      never()
        .filter((grant) => !exceptionOf(grant))
        .map(describeGrant),
    ).toEqual([]);
  });

  test('each exception covers a grant that is unused indeed, and has a reason', () => {
    const left = new Set(never().map(exceptionOf));
    const idle = exceptions.filter((each) => !each.sometimes && !left.has(each));
    expect(idle.map(({ what }) => what)).toEqual([]);
    const roles = policies.roles.map(({ arn }) => nameOf(arn));
    expect(serviceRoles.filter(({ name }) => !roles.some((role) => name.test(role)))).toEqual([]);
    for (const { reason } of [...exceptions, ...serviceRoles]) expect(reason.split(' ').length).toBeGreaterThan(6);
  });
});
