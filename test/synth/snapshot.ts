import * as z from 'zod';

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

const json: z.ZodType<Json> = z.json();
const shape = z.looseObject({ Resources: json.default({}), Outputs: json.default({}) });

/** What a build changes and no reviewer asked for: digests of code, and of what hangs on them. */
const withoutDigests = (line: string): string =>
  line
    .replaceAll(/[0-9a-f]{64}/g, '<asset>')
    .replaceAll(/(CurrentVersion[0-9A-F]{8})[0-9a-f]{32}/g, '$1<version>')
    .replaceAll(/(RestDeployment[0-9A-F]{8})[0-9a-f]{32}/g, '$1<deployment>');

/**
 * A template as text that shows in a diff what changes in the infrastructure: resources in the order of their names, a line a
 * value, references as `${name}`, without the digests that every build changes.
 */
export function snapshotOf(template: object): string {
  const { Resources, Outputs } = shape.parse(template);
  return `${lines(0, { Resources: sorted(Resources), Outputs: sorted(Outputs) })
    .map(withoutDigests)
    .join('\n')}\n`;
}

const sorted = (value: Json): Json =>
  isObject(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value;

const isObject = (value: Json | undefined): value is { readonly [name: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** longer than this, a value is written a line a member */
const widest = 160;

function lines(depth: number, value: Json): readonly string[] {
  const indent = ' '.repeat(depth);
  const entries = Array.isArray(value)
    ? value.map((item: Json) => ['-', item] as const)
    : Object.entries(isObject(value) ? value : {}).filter(([name]) => !(name === 'Metadata' && depth === 2));
  return entries.flatMap(([name, item]) => {
    const short = plain(item);
    if (short.length <= widest && depth > 0) return [`${indent}${name}: ${short}`];
    return typeof item === 'object' && item !== null
      ? [`${indent}${name}:`, ...lines(depth + 1, item)]
      : [`${indent}${name}: ${short}`];
  });
}

/** @returns the value in one line, intrinsic functions as the text that they make */
function plain(value: Json): string {
  const text = asText(value);
  if (text !== undefined) return JSON.stringify(text);
  if (Array.isArray(value)) return `[${value.map((item: Json) => plain(item)).join(', ')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([name, item]) => `${name}: ${plain(item)}`)
    .join(', ')}}`;
}

function asText(value: Json | undefined): string | undefined {
  if (typeof value === 'string') return value;
  if (!isObject(value) || Object.keys(value).length !== 1) return undefined;
  const { Ref, 'Fn::GetAtt': attribute, 'Fn::ImportValue': imported, 'Fn::Join': joined } = value;
  if (typeof Ref === 'string') return `\${${Ref}}`;
  if (Array.isArray(attribute)) return `\${${attribute.join('.')}}`;
  if (typeof imported === 'string') return `\${${imported}}`;
  if (!Array.isArray(joined) || !Array.isArray(joined[1])) return undefined;
  const parts = joined[1].map((part: Json) => asText(part));
  return parts.includes(undefined) ? undefined : parts.join(String(joined[0]));
}
