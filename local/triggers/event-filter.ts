/**
 * Compiles one event pattern of a `FilterCriteria`: objects name members, arrays list what a member may be.
 * Exact values, `prefix`, `exists` and `anything-but` with plain values are emulated.
 * @param where names the mapping in errors
 * @throws Error naming an operator that is not emulated
 * (AWS Lambda developer guide, "Filter rule syntax")
 */
export function compileFilter(pattern: string, where: string): (record: unknown) => boolean {
  return compileObject(JSON.parse(pattern), where);
}

type Test = (value: unknown) => boolean;

function compileObject(pattern: unknown, where: string): Test {
  if (!isObject(pattern)) throw new Error(`${where}: a filter pattern is an object`);
  const members = Object.entries(pattern).map(([name, rule]) => {
    if (name.startsWith('$')) throw new Error(`${where}: filter ${name} is not emulated`);
    return [name, Array.isArray(rule) ? compileList(rule, where) : compileObject(rule, where)] as const;
  });
  return (value) =>
    members.every(([name, test]) => test(isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined));
}

function compileList(rules: readonly unknown[], where: string): Test {
  const tests = rules.map((rule): Test => {
    if (!isObject(rule)) return (value) => value === rule;
    const [[operator, argument] = ['', undefined], another] = Object.entries(rule);
    if (another) throw new Error(`${where}: a filter rule with two operators is not emulated`);
    if (operator === 'exists') return (value) => (value !== undefined) === argument;
    if (operator === 'prefix' && typeof argument === 'string')
      return (value) => typeof value === 'string' && value.startsWith(argument);
    const values = Array.isArray(argument) ? argument : [argument];
    if (operator === 'anything-but' && !values.some(isObject))
      return (value) => value !== undefined && !values.includes(value);
    throw new Error(`${where}: filter ${operator} is not emulated`);
  });
  return (value) => tests.some((test) => test(value));
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
