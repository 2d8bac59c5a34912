import type { MethodDefinition } from './definition';

export interface Match {
  readonly method: MethodDefinition;
  readonly pathParameters: Readonly<Record<string, string>> | null;
}

interface Node {
  readonly literals: Map<string, Node>;
  parameter?: { readonly name: string; readonly greedy: boolean; readonly node: Node };
  readonly methods: Map<string, MethodDefinition>;
}

const emptyNode = (): Node => ({ literals: new Map(), methods: new Map() });

/** The resource tree of a REST API. A literal path part wins over a parameter, a parameter over a greedy one. */
export class Router {
  private readonly root = emptyNode();

  constructor(methods: Iterable<MethodDefinition>) {
    for (const method of methods) {
      let node = this.root;
      for (const part of method.resourcePath.split('/').slice(1)) if (part !== '') node = child(node, part, method.id);
      node.methods.set(method.httpMethod, method);
    }
  }

  /**
   * @param path percent-encoded, without the query
   * @returns undefined when API Gateway knows no such resource, or no such method of it
   * @throws URIError when the percent-encoding is broken
   */
  match(httpMethod: string, path: string): Match | undefined {
    const parts = path === '/' ? [] : path.split('/').slice(1).map(decodeOnce);
    const found = walk(this.root, parts);
    const method = found?.node.methods.get(httpMethod) ?? found?.node.methods.get('ANY');
    if (!found || !method) return undefined;
    const names = Object.entries(Object.fromEntries(found.parameters));
    return { method, pathParameters: names.length > 0 ? Object.fromEntries(names) : null };
  }
}

function child(node: Node, part: string, id: string): Node {
  const parameter = /^\{([\w.-]+)(\+?)\}$/.exec(part);
  if (!parameter) {
    const next = node.literals.get(part) ?? emptyNode();
    node.literals.set(part, next);
    return next;
  }
  const [, name = '', plus] = parameter;
  node.parameter ??= { name, greedy: plus === '+', node: emptyNode() };
  if (node.parameter.name !== name || node.parameter.greedy !== (plus === '+'))
    throw new Error(`${id}: a resource has two path parameters as its children`);
  return node.parameter.node;
}

/** The path decides on the resource before the method is looked at: no method falls through to another resource. */
function walk(
  node: Node,
  parts: readonly string[],
): { node: Node; parameters: readonly (readonly [string, string])[] } | undefined {
  const [part, ...rest] = parts;
  if (part === undefined) return { node, parameters: [] };
  const literal = node.literals.get(part);
  const exact = literal && walk(literal, rest);
  if (exact) return exact;
  if (!node.parameter || part === '') return undefined;
  const { name, greedy, node: next } = node.parameter;
  if (greedy) return { node: next, parameters: [[name, parts.join('/')]] };
  const below = walk(next, rest);
  return below && { node: below.node, parameters: [[name, part], ...below.parameters] };
}

/** Decodes once and leaves an encoded slash encoded, so that no value can reach into another resource. */
function decodeOnce(part: string): string {
  return part.split(/%2f/i).map(decodeURIComponent).join('%2F');
}
