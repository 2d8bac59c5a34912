export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What the intrinsic functions of one template ask of the assembly around it. Each throws on a name that it does not know. */
export interface Scope {
  readonly stack: string;
  readonly region: string;
  reference(id: string): Json | undefined;
  attribute(id: string, attribute: string): Json;
  condition(name: string): boolean;
  mapping(map: string, first: string, second: string): Json;
  imported(exportName: string): Json;
  stackOutput(stack: string, output: string): Json;
}

/**
 * A template's value with every intrinsic function evaluated; undefined is `AWS::NoValue`, whose property is left out.
 * @throws Error naming the stack and the function, reference, attribute or export that the laptop does not know
 */
export function resolve(scope: Scope, value: Json): Json | undefined {
  if (Array.isArray(value)) return value.map((item: Json) => resolve(scope, item)).filter((item) => item !== undefined);
  if (typeof value === 'string' && value.includes('{{resolve:'))
    throw new Error(`${scope.stack}: a dynamic reference ({{resolve:…}}) is not emulated`);
  if (!isObject(value)) return value;
  const entries = Object.entries(value);
  const [only] = entries;
  if (only && entries.length === 1 && isIntrinsic(only[0], only[1])) return evaluate(scope, only[0], only[1]);
  return Object.fromEntries(
    entries.flatMap(([key, item]) => {
      const resolved = resolve(scope, item);
      return resolved === undefined ? [] : [[key, resolved]];
    }),
  );
}

/** A policy statement's `Condition` is an object or a list; a template's names a condition, and only `Fn::If` reads it here. */
function isIntrinsic(name: string, argument: Json): boolean {
  return name === 'Ref' || name.startsWith('Fn::') || (name === 'Condition' && typeof argument === 'string');
}

function evaluate(scope: Scope, name: string, argument: Json): Json | undefined {
  const fail = (): never => {
    throw new Error(`${scope.stack}: ${name} is written in a way that is not emulated`);
  };
  const resolved = (item: Json | undefined): Json => resolve(scope, item ?? fail()) ?? fail();
  const text = (item: Json | undefined): string => {
    const found = resolved(item);
    return typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean'
      ? String(found)
      : fail();
  };
  const list = (item: Json | undefined): readonly Json[] => {
    const found = resolved(item);
    return Array.isArray(found) ? found : fail();
  };
  const parts: readonly Json[] = Array.isArray(argument) ? argument : [argument];
  switch (name) {
    case 'Ref':
      return scope.reference(text(argument));
    case 'Fn::GetAtt': {
      const [id = '', ...path] = parts.length === 1 ? text(argument).split('.') : parts.map(text);
      return scope.attribute(id, path.join('.'));
    }
    case 'Fn::Join':
      return list(parts[1]).map(text).join(text(parts[0]));
    case 'Fn::Split':
      return text(parts[1]).split(text(parts[0]));
    case 'Fn::Select':
      return list(parts[1])[Number(text(parts[0]))] ?? fail();
    case 'Fn::Sub':
      return substitute(text(parts[0]), (key) => {
        const variables = parts[1];
        if (isObject(variables) && Object.hasOwn(variables, key)) return text(variables[key]);
        return text(key.includes('.') ? { 'Fn::GetAtt': key } : { Ref: key });
      });
    case 'Fn::GetAZs':
      return ['a', 'b', 'c'].map((zone) => `${scope.region}${zone}`);
    case 'Fn::Base64':
      return Buffer.from(text(argument)).toString('base64');
    case 'Fn::FindInMap':
      return scope.mapping(text(parts[0]), text(parts[1]), text(parts[2]));
    case 'Fn::ImportValue':
      return scope.imported(text(argument));
    case 'Fn::GetStackOutput':
      return isObject(argument) ? scope.stackOutput(text(argument['StackName']), text(argument['OutputName'])) : fail();
    case 'Condition':
      return scope.condition(text(argument));
    case 'Fn::If':
      return resolve(scope, parts[scope.condition(text(parts[0])) ? 1 : 2] ?? fail());
    case 'Fn::Equals':
      return JSON.stringify(resolved(parts[0])) === JSON.stringify(resolved(parts[1]));
    case 'Fn::And':
      return parts.map(text).every((part) => part === 'true');
    case 'Fn::Or':
      return parts.map(text).some((part) => part === 'true');
    case 'Fn::Not':
      return text(parts[0]) !== 'true';
    default:
      throw new Error(`${scope.stack}: ${name} is not emulated`);
  }
}

function substitute(template: string, value: (key: string) => string): string {
  return template.replace(/\$\{(!?)([^}]+)\}/g, (_, literal: string, key: string) =>
    literal ? `\${${key}}` : value(key.trim()),
  );
}
