// Writes docs/access.md and docs/openapi.json from the route table and the policy: npx tsx scripts/access-docs.ts
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Action, type ActionPolicy, actions, policy } from '../lambda/access/policy';
import { type Role, roles } from '../lambda/authentication/actor';
import { type ProblemType, problems } from '../lambda/http/problem';
import { type Route, routes } from '../lambda/http/routes';
import { type Category, categories } from '../lambda/records/model';

const docs = join(__dirname, '../docs');
const all: readonly Route[] = routes;
const rules: Readonly<Record<Action, ActionPolicy>> = actions;

const relationships = {
  'care-team': 'on the patient’s care team at the moment, or an open emergency access',
  self: 'the own record, or as a personal representative on file within their scope',
  none: 'none: the role is enough',
} as const;

/** @returns in words when a rule lets a role through, beside that it is one of its roles */
function conditions(rule: ActionPolicy): string[] {
  const by = (kind: keyof typeof relationships) => rule.roles.filter((role) => policy[role].relationship === kind);
  const careTeam = by('care-team').length > 0;
  return [
    ...(rule.patient && careTeam
      ? [rule.emergency === 'covered' ? 'clinicians: care team or emergency access' : 'clinicians: care team']
      : []),
    ...(rule.patient && by('self').length > 0 ? ['patients: own record, or as a representative'] : []),
    ...(rule.access === 'none' ? [] : [`categories of the role’s “${accessNames[rule.access]}” column`]),
    ...(rule.signedInWithin === undefined ? [] : [`signed in within the last ${rule.signedInWithin / 60} minutes`]),
    ...(rule.emergency === 'opens' ? ['nobody whom an open incident names; goes on under a lockdown'] : []),
    ...(rule.duringLockdown ? ['goes on under a lockdown'] : []),
  ];
}
const accessNames = { read: 'reads', write: 'writes', notice: 'notices' } as const;

const list = (names: readonly string[]): string => (names.length === 0 ? 'nothing' : names.join(', '));
const whoever = (names: readonly Role[]): string => (names.length === roles.length ? 'everyone' : names.join(', '));

/** @returns docs/access.md */
export function accessPage(): string {
  const matrix = roles.map((role) => {
    const { reads, writes, notices = [], relationship, purpose } = policy[role];
    return `| ${role} | ${list(reads)} | ${list(writes)} | ${list(notices)} | ${relationships[relationship]} | ${purpose} |`;
  });
  const originator = roles.flatMap((role) =>
    policy[role].originatorOnly.map(
      (name) => `A ${role} sees and writes of \`${name}\` only what they wrote themselves.`,
    ),
  );
  const rows = all.map(({ method, path, action }) => {
    const rule = rules[action];
    return `| \`${method} ${path}\` | \`${action}\` | ${whoever(rule.roles)} | ${conditions(rule).join('; ') || '—'} |`;
  });
  return `# Who may do what

Made from \`lambda/access/policy.ts\` and \`lambda/http/routes/\` by \`npx tsx scripts/access-docs.ts\`; a test fails when it is not.
What is not here is denied. 45 CFR 164.312(a)(1), 164.308(a)(4), 164.502(b).

Each request is decided anew, on one consistent read of who the person is, their session, the containment in force and what
stands between them and the patient. The token says who somebody is and nothing else. A denial is in the audit log, with its reason,
before it is answered; the answer does not say the reason.

## The matrix

| role | reads | writes | notices of a breach | relationship | purpose of use |
|---|---|---|---|---|---|
${matrix.join('\n')}

${originator.join('\n')}

## Containment

| switch | who goes on | put in place and released by |
|---|---|---|
| a user is suspended | nobody with that account | see \`POST /v1/users/{userId}/suspension\`, \`npx ward contain user\` |
| a record is frozen | the patient; an emergency access; compliance officers where no record is opened | compliance officers, \`npx ward contain patient\` |
| a role is frozen | every other role; the compliance officers’ is never frozen | compliance officers, \`npx ward contain role\` |
| lockdown | compliance officers; an emergency access that two clinicians opened, or that was open before; approvals; signing out | compliance officers; released with the approval of a second person, \`npx ward contain lockdown\` |

Every switch has a reason code, an author and an end, and counts from the next request on.

## Emergency access

A clinician who signed in within five minutes opens one record, in the clinician’s categories, for at most 60 minutes, with a coded reason and
words, which are sealed. At most 3 are open and 10 opened in 24 hours for one clinician. It never covers an export, the care team’s members
or another record. The compliance officers are mailed at once and review it within 72 hours, as justified or as an incident;
whoever an incident names opens no other.

## Sessions

Without a request for 15 minutes (patients: 30), and 12 hours after the sign-in at the latest, a sign-in counts no more: 401 \`session-idle\` or
\`session-ended\`. The limits are settings of the stage: \`sessions\` in cdk.json.

## Routes

| route | action | roles | conditions |
|---|---|---|---|
${rows.join('\n')}
`;
}

const problemSchema = {
  type: 'object',
  required: ['type', 'title', 'status', 'instance'],
  properties: {
    type: { type: 'string', enum: (Object.keys(problems) as ProblemType[]).map((type) => `urn:ward:problem:${type}`) },
    title: { type: 'string' },
    status: { type: 'integer' },
    instance: { type: 'string', description: 'the request, as the audit log names it' },
    detail: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: { field: { type: 'string' }, message: { type: 'string' } },
      },
    },
  },
};

function operation({ method, path, action, bodyLimit, summary }: Route): object {
  const rule = rules[action];
  const may = [`Who may call it: ${whoever(rule.roles)}.`, ...conditions(rule).map((each) => `${each}.`)];
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  return {
    operationId: action,
    summary,
    description: may.join(' '),
    security: [{ accessToken: [] }],
    ...(names.length > 0 && {
      parameters: names.map((name) => ({ name, in: 'path', required: true, schema: parameterSchema(name) })),
    }),
    ...(bodyLimit > 0 && {
      requestBody: {
        required: method !== 'DELETE',
        description: `a JSON object of at most ${bodyLimit} bytes`,
        content: { 'application/json': { schema: { type: 'object' } } },
      },
    }),
    responses: {
      '2XX': { description: 'done', content: { 'application/json': { schema: { type: 'object' } } } },
      '401': { $ref: '#/components/responses/Problem' },
      '403': { $ref: '#/components/responses/Problem' },
      default: { $ref: '#/components/responses/Problem' },
    },
  };
}

function parameterSchema(name: string): object {
  if (name === 'category') return { type: 'string', enum: categories satisfies readonly Category[] };
  if (name === 'role') return { type: 'string', enum: roles };
  if (name === 'version' || name === 'part') return { type: 'integer', minimum: 1 };
  return { type: 'string', ...(name === 'entryId' ? { description: 'a uuid, or main' } : { format: 'uuid' }) };
}

/** @returns docs/openapi.json: OpenAPI 3.1 */
export function openApi(): string {
  const paths = new Map<string, Record<string, object>>();
  for (const route of all)
    paths.set(route.path, { ...paths.get(route.path), [route.method.toLowerCase()]: operation(route) });
  const document = {
    openapi: '3.1.0',
    info: {
      title: 'Ward',
      version: '0.1.0',
      description: 'docs/api.md says how to call it, docs/access.md who may do what.',
    },
    paths: Object.fromEntries(paths),
    components: {
      securitySchemes: { accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT with the scope ward/api' } },
      schemas: { Problem: problemSchema },
      responses: {
        Problem: {
          description: 'RFC 9457 problem details',
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
    },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

if (require.main === module) {
  writeFileSync(join(docs, 'access.md'), accessPage());
  writeFileSync(join(docs, 'openapi.json'), openApi());
}
