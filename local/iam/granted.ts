import { createHash } from 'node:crypto';
import { isObject, type Json, type JsonObject } from '../intrinsics';
import type { Values } from './conditions';
import { arnPattern, type Matcher, wildcard } from './match';
import type { Policies } from './policies';
import { compilePolicy, type Statement } from './statement';

/**
 * The smallest thing that a role is granted: one action, and one resource that it may be done on, or one value that one of the
 * statement's conditions lets through, such as a partition's pattern, an attribute or a purpose.
 */
export interface Granted {
  /** the same in every assembly that grants the same */
  readonly id: string;
  /** ARN */
  readonly role: string;
  /** the same for all that one statement grants */
  readonly statement: string;
  readonly action: string;
  /** `Resource`, or the condition key in lower case */
  readonly of: string;
  /** the pattern, as the policy has it */
  readonly value: string;
}

interface Part extends Granted {
  readonly actionMatches: Matcher;
  readonly valueMatches: Matcher;
}

/** Operators whose values are what a call may have; what another operator asks for is no choice that could go unused. */
const choices: Readonly<Record<string, (pattern: string) => Matcher>> = {
  StringEquals: (pattern) => (value) => value === pattern,
  StringLike: wildcard,
  ArnEquals: (pattern) => arnPattern(pattern) ?? never,
  ArnLike: (pattern) => arnPattern(pattern) ?? never,
};
const never: Matcher = () => false;

const known = new WeakMap<Statement, ReadonlyMap<string, readonly Part[]>>();

/** @returns what a statement of a role's own policies grants */
function partsOf(role: string, statement: Statement): readonly Part[] {
  const byRole = known.get(statement) ?? new Map<string, readonly Part[]>();
  const found = byRole.get(role) ?? split(role, statement.source);
  known.set(statement, new Map([...byRole, [role, found]]));
  return found;
}

function split(role: string, source: JsonObject): Part[] {
  if (source['Effect'] !== 'Allow') return [];
  const whole = JSON.stringify(source);
  const statement = hash(role, whole);
  const choicesOf = [
    ...texts(source['Resource']).map((value) => ({
      of: 'Resource',
      value,
      valueMatches: value === '*' ? () => true : (arnPattern(value) ?? never),
    })),
    ...conditionsOf(source).flatMap(([operator, key, values]) => {
      const compile = choices[operator.replace(/^For(?:All|Any)Values?:/, '').replace(/IfExists$/, '')];
      return compile ? values.map((value) => ({ of: key.toLowerCase(), value, valueMatches: compile(value) })) : [];
    }),
  ];
  return texts(source['Action']).flatMap((action) =>
    choicesOf.map((choice) => ({
      ...choice,
      role,
      statement,
      action,
      actionMatches: wildcard(action.toLowerCase()),
      id: hash(role, whole, action, choice.of, choice.value),
    })),
  );
}

const hash = (...parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 24);

const conditionsOf = (source: JsonObject): [operator: string, key: string, values: string[]][] =>
  Object.entries(objectOf(source['Condition'])).flatMap(([operator, tests]) =>
    Object.entries(objectOf(tests)).map(([key, values]): [string, string, string[]] => [operator, key, texts(values)]),
  );
const objectOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
const texts = (value: Json | undefined): string[] =>
  (Array.isArray(value) ? value : [value]).flatMap((each: Json | undefined) =>
    each === undefined ? [] : [String(each)],
  );

/** @returns the ids of all that a statement which let a call through granted to it */
export function usedOf(
  role: string,
  statement: Statement,
  { action, resource }: { readonly action: string; readonly resource: string },
  values: Values,
): string[] {
  const name = action.toLowerCase();
  return partsOf(role, statement)
    .filter(({ actionMatches }) => actionMatches(name))
    .filter(({ of, valueMatches }) => (of === 'Resource' ? [resource] : (values(of) ?? [])).some(valueMatches))
    .map(({ id }) => id);
}

/** @returns all that the policies grant to roles by policies of their own */
export function grantedBy({ roles }: Policies): Granted[] {
  return roles.flatMap(({ arn, identity }) =>
    identity
      .flatMap(({ name, document }) => compilePolicy(name, document, 'identity'))
      .flatMap((statement) =>
        partsOf(arn, statement).map(({ actionMatches: _action, valueMatches: _value, ...granted }) => granted),
      ),
  );
}
