import { BlockList, isIP } from 'node:net';
import type { JsonObject } from '../intrinsics';
import { isObject } from '../intrinsics';
import { conditionKey } from './keys';
import { arnPattern, wildcard } from './match';

/** The values of a condition key in this call, by its name in lower case; undefined where the call has none. */
export type Values = (key: string) => readonly string[] | undefined;
export type Condition = (values: Values) => boolean;

/** Tells whether one value of the call is matched by one value of the policy. */
type Comparison = (policyValue: string) => ((value: string) => boolean) | string;

const numeric = (compare: (value: number, limit: number) => boolean): Comparison => {
  return (policyValue) => {
    const limit = Number(policyValue);
    if (policyValue.trim() === '' || Number.isNaN(limit)) return 'is not a number';
    return (value) => value.trim() !== '' && compare(Number(value), limit);
  };
};

const instant = (text: string): number => (/^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text));
const date = (compare: (value: number, limit: number) => boolean): Comparison => {
  return (policyValue) => {
    const limit = instant(policyValue);
    return Number.isNaN(limit) ? 'is not a date' : (value) => compare(instant(value), limit);
  };
};

const arn: Comparison = (policyValue) => {
  if (policyValue === '*') return (value) => value.startsWith('arn:');
  return arnPattern(policyValue) ?? 'is not an ARN of six parts';
};

const address: Comparison = (policyValue) => {
  const [network = '', bits] = policyValue.split('/');
  const family = isIP(network);
  const prefix = bits === undefined ? (family === 6 ? 128 : 32) : Number(bits);
  if (family === 0 || !Number.isInteger(prefix) || prefix < 0 || prefix > (family === 6 ? 128 : 32))
    return 'is not an address range';
  const list = new BlockList();
  list.addSubnet(network, prefix, family === 6 ? 'ipv6' : 'ipv4');
  return (value) => isIP(value) !== 0 && list.check(value, isIP(value) === 6 ? 'ipv6' : 'ipv4');
};

const equal: Comparison = (policyValue) => (value) => value === policyValue;
const equalIgnoringCase: Comparison = (policyValue) => {
  const expected = policyValue.toLowerCase();
  return (value) => value.toLowerCase() === expected;
};
const bool: Comparison = (policyValue) => {
  const expected = policyValue.toLowerCase();
  if (expected !== 'true' && expected !== 'false') return 'is neither true nor false';
  return (value) => value.toLowerCase() === expected;
};

interface Operator {
  readonly comparison: Comparison;
  /** holds when no value of the policy matches, and when the call has no such key */
  readonly negated: boolean;
}
const positive = (comparison: Comparison): Operator => ({ comparison, negated: false });
const negative = (comparison: Comparison): Operator => ({ comparison, negated: true });

const operators: Readonly<Record<string, Operator>> = {
  StringEquals: positive(equal),
  StringNotEquals: negative(equal),
  StringEqualsIgnoreCase: positive(equalIgnoringCase),
  StringNotEqualsIgnoreCase: negative(equalIgnoringCase),
  StringLike: positive(wildcard),
  StringNotLike: negative(wildcard),
  ArnEquals: positive(arn), // IAM gives the two the same meaning
  ArnLike: positive(arn),
  ArnNotEquals: negative(arn),
  ArnNotLike: negative(arn),
  Bool: positive(bool),
  NumericEquals: positive(numeric((value, limit) => value === limit)),
  NumericNotEquals: negative(numeric((value, limit) => value === limit)),
  NumericLessThan: positive(numeric((value, limit) => value < limit)),
  NumericLessThanEquals: positive(numeric((value, limit) => value <= limit)),
  NumericGreaterThan: positive(numeric((value, limit) => value > limit)),
  NumericGreaterThanEquals: positive(numeric((value, limit) => value >= limit)),
  DateEquals: positive(date((value, limit) => value === limit)),
  DateNotEquals: negative(date((value, limit) => value === limit)),
  DateLessThan: positive(date((value, limit) => value < limit)),
  DateLessThanEquals: positive(date((value, limit) => value <= limit)),
  DateGreaterThan: positive(date((value, limit) => value > limit)),
  DateGreaterThanEquals: positive(date((value, limit) => value >= limit)),
  IpAddress: positive(address),
  NotIpAddress: negative(address),
};

/**
 * Compiles a statement's `Condition`: every operator and key must hold.
 * @param where names the statement in errors
 * @throws Error naming an operator, key or value that the laptop cannot evaluate exactly as IAM would
 */
export function compileConditions(where: string, block: JsonObject): Condition[] {
  return Object.entries(block).flatMap(([operator, tests]) => {
    if (!isObject(tests)) throw new Error(`${where}: the condition ${operator} is not an object`);
    return Object.entries(tests).map(([key, value]) => {
      const values = (Array.isArray(value) ? value : [value]).map((item) => {
        if (typeof item === 'object') throw new Error(`${where}: ${operator} of ${key} has a value that is not a text`);
        return literal(where, String(item));
      });
      if (values.length === 0) throw new Error(`${where}: ${operator} of ${key} has an empty list`);
      return compile(where, operator, key, values);
    });
  });
}

/** @throws Error when a policy variable such as `${aws:username}` would have to be filled in */
export function literal(where: string, text: string): string {
  if (text.includes('${')) throw new Error(`${where}: the policy variable in "${text}" is not emulated`);
  return text;
}

function compile(where: string, written: string, key: string, policyValues: readonly string[]): Condition {
  const known = conditionKey(key);
  if (!known) throw new Error(`${where}: no emulator supplies the condition key ${key} (of ${written})`);
  const name = key.toLowerCase();
  if (written === 'Null') return compileNull(where, name, policyValues);
  const [, quantifier, bare = '', ifExists] =
    written.match(/^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/) ?? [];
  const operator = Object.hasOwn(operators, bare) ? operators[bare] : undefined;
  if (!operator) throw new Error(`${where}: the condition operator ${written} (of ${key}) is not emulated`);
  if (known.values === 'many' && !quantifier)
    throw new Error(`${where}: ${key} has several values, so ${written} needs ForAllValues: or ForAnyValue:`);
  const comparisons = policyValues.map((value) => {
    const compared = operator.comparison(value);
    if (typeof compared === 'string') throw new Error(`${where}: "${value}" in ${written} of ${key} ${compared}`);
    return compared;
  });
  const { negated } = operator;
  const holds = (value: string): boolean => comparisons.some((matches) => matches(value)) !== negated;
  if (quantifier === 'ForAllValues') return (values) => (values(name) ?? []).every(holds);
  const absent = ifExists !== undefined;
  if (quantifier === 'ForAnyValue')
    return (values) => {
      const found = values(name) ?? [];
      return found.length === 0 ? absent : found.some(holds);
    };
  return (values) => {
    const found = values(name) ?? [];
    const [value] = found;
    if (value === undefined) return absent || negated;
    if (found.length > 1) throw new Error(`${key} came with several values, but takes one`);
    return holds(value);
  };
}

/** True where the key is absent; a set without values counts as absent. */
function compileNull(where: string, key: string, policyValues: readonly string[]): Condition {
  const wanted = policyValues.map((value) => value.toLowerCase());
  if (wanted.some((value) => value !== 'true' && value !== 'false'))
    throw new Error(`${where}: Null of ${key} is neither true nor false`);
  return (values) => wanted.includes(String((values(key) ?? []).length === 0));
}
