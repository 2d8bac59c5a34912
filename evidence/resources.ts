import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { resourcesOf, type TemplateResource } from '../lib/checks/template';
import type { ResourceEvidence } from './rule';

/** Resources that have the same values, so that a page of forty log groups is one line. */
export interface ResourceProof {
  readonly type: string;
  /** `<stack>/<logical id>` */
  readonly where: readonly string[];
  readonly properties: Readonly<Record<string, unknown>>;
}

/** A resource with the name of its stack. */
export type Placed = TemplateResource & { readonly stack: string };

/** @param assembly the folder of the synthesized templates */
export function readAssembly(assembly: string): readonly Placed[] {
  return readdirSync(assembly)
    .filter((name) => name.endsWith('.template.json'))
    .sort()
    .flatMap((name) =>
      resourcesOf(join(assembly, name)).map((resource) => ({ ...resource, stack: name.replace('.template.json', '') })),
    );
}

/** @returns what the templates say; empty where no resource is meant */
export function proofsOf(resources: readonly Placed[], { type, ids, properties }: ResourceEvidence): ResourceProof[] {
  const alike = new Map<string, { where: string[]; properties: Record<string, unknown> }>();
  for (const resource of resources) {
    if (resource.type !== type || (ids && !ids.test(resource.id))) continue;
    const values = Object.fromEntries(properties.map((path) => [path, at(resource.properties, path.split('.'))]));
    const key = JSON.stringify(values);
    const group = alike.get(key) ?? { where: [], properties: values };
    group.where.push(`${resource.stack}/${resource.id}`);
    alike.set(key, group);
  }
  return [...alike.values()].map((group) => ({ type, ...group }));
}

function at(value: unknown, [name, ...rest]: readonly string[]): unknown {
  if (name === undefined || typeof value !== 'object' || value === null) return name === undefined ? value : null;
  return at(Object(value)[name] ?? null, rest);
}
