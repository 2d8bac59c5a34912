import * as fc from 'fast-check';
import type { Access } from '../../local/service';
import type { Json } from '../../local/template';
import {
  allow,
  anonymous,
  bucket,
  decide,
  deny,
  everyone,
  type Given,
  role,
  root,
  type Statements,
  theAccount,
  theRole,
} from './iam-cases';

describe('properties', () => {
  const action = fc.constantFrom('s3:GetObject', 's3:PutObject', 's3:*', '*');
  const resource = fc.constantFrom('*', `${bucket}/*`, `${bucket}/a`, `${bucket}/b`);
  const condition = fc.constantFrom<{ readonly [element: string]: Json }>(
    {},
    { Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
    { Condition: { StringEquals: { 's3:versionid': 'p' } } },
  );
  const statement = fc
    .tuple(fc.boolean(), action, resource, condition)
    .map(([allows, ...parts]) => (allows ? allow : deny)(...parts));
  const principal = fc.constantFrom(everyone, theAccount, theRole);
  const given = fc.record({
    identity: fc.array(statement, { maxLength: 4 }),
    boundary: fc.option(fc.array(statement, { maxLength: 3 }), { nil: undefined }),
    policy: fc.array(
      fc.tuple(statement, principal).map(([parts, who]) => ({ ...parts, ...who })),
      { maxLength: 3 },
    ),
  });
  const call = fc.record({
    action: fc.constantFrom('s3:GetObject', 's3:PutObject'),
    resource: fc.constantFrom(`${bucket}/a`, `${bucket}/b`),
    context: fc.constantFrom<NonNullable<Access['context']>>({}, { 's3:versionid': 'p' }, { 's3:versionid': 'q' }),
  });
  const caller = fc.constantFrom(role, root, anonymous);
  const asGiven = ({
    identity,
    boundary,
    policy,
  }: {
    identity: Statements;
    boundary: Statements | undefined;
    policy: Statements;
  }): Given => ({
    identity,
    ...(boundary ? { boundary } : {}),
    resources: { [bucket]: policy },
  });
  const without = (statements: Statements, index: number, effect: string): Statements =>
    statements.filter((each, at) => at !== index || each['Effect'] !== effect);

  it('an explicit deny always wins', () => {
    fc.assert(
      fc.property(given, call, caller, (parts, access, who) => {
        const denying = { ...parts, policy: [...parts.policy, deny(access.action, access.resource, everyone)] };
        expect(decide(asGiven(denying), access, who)).toContain('explicit deny');
        if (who === role)
          expect(decide(asGiven({ ...parts, identity: [...parts.identity, deny('*')] }), access, who)).toContain(
            'explicit deny',
          );
      }),
    );
  });

  it('taking an Allow away never permits more, and taking a Deny away never less', () => {
    fc.assert(
      fc.property(
        given,
        call,
        caller,
        fc.nat(3),
        fc.constantFrom('identity', 'policy', 'boundary'),
        (parts, access, who, index, where) => {
          const before = decide(asGiven(parts), access, who) === 'allowed';
          const changed = (effect: string) => ({
            ...parts,
            [where]: parts[where] && without(parts[where], index, effect),
          });
          if (!before) expect(decide(asGiven(changed('Allow')), access, who)).not.toBe('allowed');
          if (before) expect(decide(asGiven(changed('Deny')), access, who)).toBe('allowed');
        },
      ),
    );
  });

  it('nothing is allowed that no statement allows', () => {
    fc.assert(
      fc.property(given, call, fc.constantFrom(role, anonymous), (parts, access, who) => {
        const denials = (statements: Statements) => statements.filter(({ Effect }) => Effect === 'Deny');
        const silent = { ...parts, identity: denials(parts.identity), policy: denials(parts.policy) };
        expect(decide(asGiven(silent), access, who)).not.toBe('allowed');
      }),
    );
  });
});
