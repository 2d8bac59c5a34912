import type { Resource, Template } from './assembly';

/** A statement of a policy, its lists made lists. */
export interface Statement {
  readonly where: string;
  readonly effect: 'Allow' | 'Deny';
  readonly actions: readonly string[];
  readonly resources: readonly unknown[];
  readonly principal: unknown;
  readonly condition: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const list = <Value>(value: Value | Value[] | undefined): Value[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

type OneOrMore<Value> = Value | Value[];
interface Document {
  readonly Statement: OneOrMore<{
    readonly Effect: 'Allow' | 'Deny';
    readonly Action: OneOrMore<string>;
    readonly Resource: OneOrMore<unknown>;
    readonly Principal?: unknown;
    readonly Condition?: Statement['condition'];
  }>;
}

/** @returns the statements of a policy document as a template has it */
export function statementsOf(where: string, document: Document | undefined): Statement[] {
  return list(document?.Statement).map(({ Effect, Action, Resource, Principal, Condition }) => ({
    where,
    effect: Effect,
    actions: list(Action),
    resources: list(Resource),
    principal: Principal,
    condition: Condition ?? {},
  }));
}

interface InlinePolicy {
  readonly PolicyDocument: Document;
}

/** @returns what the roles of a stack may do, by the logical id of the role, or of a policy that is attached to one */
export function roleStatements(stack: Template): Statement[] {
  const attached = ['AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy']
    .flatMap((type) => stack.resources(type))
    .filter(([id]) => !/Boundary[0-9A-F]{8}$/.test(id)); // grants nothing
  return [
    ...attached.flatMap(([id, { Properties }]) => statementsOf(id, Properties.PolicyDocument)),
    ...stack
      .resources('AWS::IAM::Role')
      .flatMap(([id, { Properties }]) =>
        list<InlinePolicy>(Properties.Policies).flatMap(({ PolicyDocument }) => statementsOf(id, PolicyDocument)),
      ),
  ];
}

export const keyStatements = (id: string, key: Resource): Statement[] => statementsOf(id, key.Properties.KeyPolicy);
