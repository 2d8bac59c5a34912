import { Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** One finding of a rule pack that stands, where, and why. */
export interface Acknowledgement {
  readonly path: string;
  readonly rule: string;
  readonly reason: string;
}

const register = new WeakMap<IConstruct, Acknowledgement[]>();

/**
 * Lets findings of cdk-nag stand for a construct and what is below it, each with the reason that a reviewer reads.
 * @param reasons by id, which is exact: `Rule` or `Rule[Finding]`
 */
export function acknowledge(scope: IConstruct, reasons: Readonly<Record<string, string>>): void {
  Validations.of(scope).acknowledge(...Object.entries(reasons).map(([id, reason]) => ({ id, reason })));
  const known = register.get(scope.node.root) ?? [];
  known.push(...Object.entries(reasons).map(([rule, reason]) => ({ path: scope.node.path, rule, reason })));
  register.set(scope.node.root, known);
}

/** @returns every acknowledgement of an app, by rule and place */
export function acknowledgements(app: IConstruct): readonly Acknowledgement[] {
  return [...(register.get(app.node.root) ?? [])].sort((a, b) =>
    a.rule === b.rule ? (a.path < b.path ? -1 : 1) : a.rule < b.rule ? -1 : 1,
  );
}
