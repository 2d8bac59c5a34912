import type { TemplateResource } from './template';

/** What a resource is looked at beside. */
export interface Beside {
  /** of its own template */
  readonly stack: readonly TemplateResource[];
  /** of every template of the stage */
  readonly stage: readonly TemplateResource[];
}

export interface OwnRule {
  readonly id: string;
  /** what holds, and the rule that asks for it */
  readonly description: string;
  readonly fix: string;
  /** @returns the property that is wrong, or undefined where the resource keeps the rule or the rule is not about it */
  violates(resource: TemplateResource, beside: Beside): string | undefined;
}

type Properties = TemplateResource['properties'];

/** @returns the value at a path of names and indexes; undefined where something is missing */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (found, name) => (typeof found === 'object' && found !== null ? Object(found)[name] : undefined),
    value,
  );
}

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);
export const list = (value: unknown): readonly unknown[] =>
  value === undefined ? [] : isList(value) ? value : [value];

export function about(
  type: string,
  test: (properties: Properties, resource: TemplateResource, beside: Beside) => string | undefined,
): OwnRule['violates'] {
  return (resource, beside) => (resource.type === type ? test(resource.properties, resource, beside) : undefined);
}

/** @returns the first property that does not have the value it must have */
export const wrong = (properties: Properties, expected: Readonly<Record<string, unknown>>): string | undefined =>
  Object.entries(expected).find(([path, value]) => at(properties, ...path.split('.')) !== value)?.[0];

export function statementsOf(policy: unknown): readonly unknown[] {
  return list(at(policy, 'Statement'));
}

/** Whether a value, with whatever intrinsic functions, names a resource of its own template or the exported ARN of another's. */
export function names(value: unknown, id: string): boolean {
  const text = JSON.stringify(value) ?? '';
  return text.includes(`"${id}"`) || text.includes(`FnGetAtt${id}Arn`);
}
