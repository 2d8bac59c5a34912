import { isObject, type Json, type JsonObject } from '../intrinsics';
import { type Condition, compileConditions, literal, type Values } from './conditions';
import { arnPattern, type Matcher, wildcard } from './match';

/** Who makes a call, as a `Principal` element sees it. */
export interface Principal {
  readonly kind: 'role' | 'root' | 'anonymous' | 'service';
  /** ARN of the role or root, or a service's name such as `scheduler.amazonaws.com`; empty for the anonymous */
  readonly name: string;
  /** empty for services and the anonymous */
  readonly account: string;
}

/**
 * How a `Principal` element meets a caller: `named` by ARN, by service or as everyone, which in a resource's policy is a
 * permission by itself; or through the `account`, which leaves the decision to the caller's own policies.
 */
export type Match = 'named' | 'account' | undefined;

export interface Statement {
  readonly effect: 'Allow' | 'Deny';
  /** the document and the statement in it, for errors */
  readonly where: string;
  /** given in lower case */
  readonly action: Matcher;
  readonly resource: Matcher;
  /** undefined in an identity policy */
  readonly principal: ((principal: Principal) => Match) | undefined;
  readonly conditions: readonly Condition[];
  /** as the document has it */
  readonly source: JsonObject;
}

/** Where a document stands decides which elements it may have. A trust policy has no resource: it stands on its role. */
export type PolicyKind = 'identity' | 'resource' | 'trust';

const elements = new Set([
  'Sid',
  'Effect',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
  'Principal',
  'NotPrincipal',
]);

/**
 * Compiles a policy document once, so that a call costs no parsing.
 * @throws Error naming the statement and the element that the laptop cannot evaluate exactly as IAM would
 */
export function compilePolicy(name: string, document: Json, kind: PolicyKind): Statement[] {
  if (!isObject(document)) throw new Error(`${name}: the policy document is not an object`);
  // Policy variables have no meaning in the older version, so the same text would grant something else.
  if (document['Version'] !== '2012-10-17') throw new Error(`${name}: the policy's Version is not 2012-10-17`);
  const statements = document['Statement'];
  const list: readonly (Json | undefined)[] = Array.isArray(statements) ? statements : [statements];
  return list.map((statement, index) => {
    const sid = isObject(statement) && typeof statement['Sid'] === 'string' ? ` (${statement['Sid']})` : '';
    const where = `${name}, statement ${index + 1}${sid}`;
    if (!isObject(statement)) throw new Error(`${where}: is not an object`);
    return compileStatement(where, statement, kind);
  });
}

function compileStatement(where: string, statement: JsonObject, kind: PolicyKind): Statement {
  for (const element of Object.keys(statement))
    if (!elements.has(element)) throw new Error(`${where}: the element ${element} is not emulated`);
  const effect = statement['Effect'];
  if (effect !== 'Allow' && effect !== 'Deny') throw new Error(`${where}: the effect is neither Allow nor Deny`);
  if ('NotPrincipal' in statement) throw new Error(`${where}: NotPrincipal is not emulated`);
  if ((kind === 'identity') === 'Principal' in statement)
    throw new Error(
      `${where}: ${kind === 'identity' ? 'an identity policy has no Principal' : 'the Principal is missing'}`,
    );
  if (kind === 'trust' && ('Resource' in statement || 'NotResource' in statement))
    throw new Error(`${where}: a trust policy names no resource`);
  const condition = statement['Condition'] ?? {};
  if (!isObject(condition)) throw new Error(`${where}: the Condition is not an object`);
  return {
    effect,
    where,
    action: oneOf(where, statement, 'Action', action),
    resource: kind === 'trust' ? () => true : oneOf(where, statement, 'Resource', resource),
    principal: kind === 'identity' ? undefined : compilePrincipal(where, statement['Principal']),
    conditions: compileConditions(where, condition),
    source: statement,
  };
}

/** The list under `name`, or everything but the list under `Not<name>`. */
function oneOf(
  where: string,
  statement: JsonObject,
  name: 'Action' | 'Resource',
  compile: (where: string, pattern: string) => Matcher,
): Matcher {
  const given = statement[name];
  const excluded = statement[`Not${name}`];
  if ((given === undefined) === (excluded === undefined))
    throw new Error(`${where}: needs either ${name} or Not${name}`);
  const matchers = texts(where, given ?? excluded).map((pattern) => compile(where, pattern));
  const [only] = matchers;
  const any: Matcher = only && matchers.length === 1 ? only : (text) => matchers.some((matcher) => matcher(text));
  return excluded === undefined ? any : (text) => !any(text);
}

function action(where: string, pattern: string): Matcher {
  if (pattern !== '*' && !/^[\w*-]+:[\w*?]+$/.test(pattern)) throw new Error(`${where}: "${pattern}" is not an action`);
  return wildcard(pattern.toLowerCase());
}

function resource(where: string, pattern: string): Matcher {
  if (pattern === '*') return () => true;
  const matcher = arnPattern(literal(where, pattern));
  if (!matcher) throw new Error(`${where}: the resource "${pattern}" is not an ARN of six parts`);
  return matcher;
}

function compilePrincipal(where: string, principal: Json | undefined): (principal: Principal) => Match {
  if (principal === '*') return () => 'named';
  if (!isObject(principal)) throw new Error(`${where}: the Principal is not emulated`);
  const matchers = Object.entries(principal).flatMap(([kind, value]) =>
    texts(where, value).map((name): ((principal: Principal) => Match) => {
      if (kind === 'Service')
        return (caller) => (caller.kind === 'service' && caller.name === name ? 'named' : undefined);
      if (kind !== 'AWS') throw new Error(`${where}: a ${kind} principal is not emulated`);
      if (name === '*') return () => 'named';
      const account = name.match(/^(?:arn:aws:iam::)?(\d{12})(?::root)?$/)?.[1];
      if (account !== undefined) return (caller) => accountMatch(caller, account);
      if (!/^arn:aws:iam::\d{12}:(role|user)\/[^*?$]+$/.test(name))
        throw new Error(`${where}: the principal "${name}" is not emulated`);
      return (caller) => (caller.kind === 'role' && caller.name === name ? 'named' : undefined);
    }),
  );
  if (matchers.length === 0) throw new Error(`${where}: the Principal is empty`);
  return (caller) => {
    let found: Match;
    for (const matcher of matchers) {
      const match = matcher(caller);
      if (match === 'named') return match;
      found ??= match;
    }
    return found;
  };
}

/** The root user is the account itself: naming the account names it. */
function accountMatch(caller: Principal, account: string): Match {
  if (caller.account !== account) return undefined;
  return caller.kind === 'root' ? 'named' : 'account';
}

function texts(where: string, value: Json | undefined): string[] {
  const list: readonly (Json | undefined)[] = Array.isArray(value) ? value : [value];
  if (list.length === 0) throw new Error(`${where}: has an empty list`);
  return list.map((item) => {
    if (typeof item !== 'string' || item === '') throw new Error(`${where}: has an element that is not a text`);
    return item;
  });
}

/** Whether the conditions hold; the cheap tests of action, resource and principal come before. */
export const holds = (statement: Statement, values: Values): boolean =>
  statement.conditions.every((condition) => condition(values));
