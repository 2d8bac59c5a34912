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

/** A template of a stage, and what it must be called and be in to be told from production by what differs alone. */
export interface Variant {
  readonly template: object;
  readonly stage: string;
  readonly region: string;
}

/**
 * What another stage has otherwise than production: each resource and output that differs, with the lines that it has (+) and
 * does without (-), and what is there or not there alone, once names of its stage and Region are production's.
 * @param base production's snapshot; empty of a stack that it has not
 * @returns the empty string where nothing differs
 */
export function differences(base: string, { template, stage, region }: Variant): string {
  const named = new RegExp(`(?<=\\b[Ww]ard[- ]|["/]|DeploymentStage)${stage}(?=\\b|[0-9A-F]{8})`, 'g');
  const own = snapshotOf(template)
    .replaceAll(region, production.region)
    .replaceAll(named, production.stage)
    .replaceAll(stageId, '$1');
  const [before, now] = [partsOf(base.replaceAll(stageId, '$1')), partsOf(own)];
  return [...new Set([...now.keys(), ...before.keys()])]
    .sort()
    .map((id) => {
      const [was, is] = [before.get(id) ?? [], now.get(id) ?? []];
      const told = [...without(was, is).map((line) => `-${line}`), ...without(is, was).map((line) => `+${line}`)];
      return told.length === 0 ? '' : `${[id, ...told].join('\n')}\n`;
    })
    .join('');
}

/** the stage of the API, whose logical id is made of its name */
const stageId = /(ApiRestDeploymentStageprod)[0-9A-F]{8}/g;
/** what productionStage of ./assembly is called and is in */
const production = { stage: 'prod', region: 'us-east-1' };

/** @returns the lines of the resources and outputs of a snapshot, by section and id */
function partsOf(snapshot: string): ReadonlyMap<string, readonly string[]> {
  const parts = new Map<string, readonly string[]>();
  let section = '';
  for (const part of snapshot.split(/^(?= ?[^ \n])/m)) {
    const [name = ''] = /^ ?[^ :]+/.exec(part) ?? [];
    if (!part.startsWith(' ')) section = name;
    else parts.set(`${section}${name}`, part.trimEnd().split('\n'));
  }
  return parts;
}

/** @returns the lines of one that the other has not, or not as often */
function without(one: readonly string[], other: readonly string[]): readonly string[] {
  const left = [...other];
  return one.filter((line) => {
    const at = left.indexOf(line);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
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
