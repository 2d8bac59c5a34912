import * as z from 'zod';

/**
 * Compiles a schema into one regular expression for the canonical JSON (RFC 8785) of what it accepts: members in order,
 * no white space, one spelling of every value. Zod stays the only statement of the format, and a line is checked against
 * it and against canonical form in one pass, an order of magnitude faster than parsing and writing it again.
 */
interface JsonSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: unknown;
  readonly items?: JsonSchema;
  readonly maxItems?: number;
  readonly anyOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
}

/** What each kind of node may say: a keyword that is not compiled must not be passed over. */
const known: Readonly<Record<string, readonly string[]>> = {
  object: ['properties', 'required', 'additionalProperties'],
  array: ['items', 'maxItems'],
  string: ['pattern', 'maxLength', 'format'],
  integer: ['minimum', 'exclusiveMinimum', 'maximum'],
  null: [],
  boolean: [],
};

const node: z.ZodType<JsonSchema> = z.lazy(() =>
  z.looseObject({
    type: z.string().optional(),
    properties: z.record(z.string(), node).optional(),
    required: z.array(z.string()).optional(),
    items: node.optional(),
    maxItems: z.number().optional(),
    anyOf: z.array(node).optional(),
    enum: z.array(z.unknown()).optional(),
    pattern: z.string().optional(),
    maxLength: z.number().optional(),
    minimum: z.number().optional(),
    exclusiveMinimum: z.number().optional(),
    maximum: z.number().optional(),
  }),
);

/**
 * @param captured members of the outermost object, in canonical order; each becomes a group, strings without their quotes
 * @returns a pattern for a whole line
 * @throws TypeError for a schema that has no such pattern
 */
export function canonicalPattern(schema: z.ZodType, captured: readonly string[]): RegExp {
  const { $schema: _, ...root } = z.toJSONSchema(schema);
  return new RegExp(`^${objectPattern(node.parse(root), captured)}$`);
}

function pattern(schema: JsonSchema): string {
  if (schema.anyOf) return `(?:${schema.anyOf.map(pattern).join('|')})`;
  if (schema.const !== undefined) return literal(schema.const);
  if (schema.enum) return `(?:${schema.enum.map(literal).join('|')})`;
  for (const keyword of Object.keys(schema))
    if (keyword !== 'type' && !known[schema.type ?? '']?.includes(keyword))
      throw new TypeError(`${keyword} has no pattern`);
  if (schema.type === 'object') return objectPattern(schema, []);
  if (schema.type === 'array') return arrayPattern(schema);
  if (schema.type === 'string') return `"${textPattern(schema)}"`;
  if (schema.type === 'integer') return integerPattern(lowest(schema), schema.maximum ?? Number.MAX_SAFE_INTEGER);
  if (schema.type === 'boolean') return '(?:true|false)';
  if (schema.type === 'null') return 'null';
  throw new TypeError(`${schema.type ?? 'anything'} has no pattern`);
}

function objectPattern(
  { properties = {}, required = [], additionalProperties }: JsonSchema,
  captured: readonly string[],
): string {
  const names = Object.keys(properties).sort(); // by UTF-16 code unit
  if (additionalProperties !== false || names.some((name) => !required.includes(name)))
    throw new TypeError('an open object has no pattern');
  const members = names.map((name) => {
    const value = pattern(properties[name] ?? {});
    if (!captured.includes(name)) return `${literal(name)}:${value}`;
    const [quote, inner] = value.startsWith('"') ? ['"', value.slice(1, -1)] : ['', value];
    return `${literal(name)}:${quote}(${inner})${quote}`;
  });
  return `\\{${members.join(',')}\\}`;
}

function arrayPattern({ items = {}, maxItems }: JsonSchema): string {
  const item = pattern(items);
  const more = maxItems === undefined ? '*' : `{0,${maxItems - 1}}`;
  return `\\[(?:${item}(?:,${item})${more})?\\]`;
}

function textPattern({ pattern: source, maxLength }: JsonSchema): string {
  if (!source?.startsWith('^') || !source.endsWith('$')) throw new TypeError('free text has no pattern');
  const length = maxLength === undefined ? '' : `(?=[^"]{0,${maxLength}}")`;
  return `${length}(?:${withoutGroups(source.slice(1, -1))})`;
}

/** Its own groups would shift ours. */
function withoutGroups(source: string): string {
  return source.replace(/\\.|\[(?:\\.|[^\]\\])*\]|\((?!\?)/g, (part) => (part === '(' ? '(?:' : part));
}

function literal(value: unknown): string {
  return JSON.stringify(value).replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

function lowest({ minimum = Number.MIN_SAFE_INTEGER, exclusiveMinimum }: JsonSchema): number {
  const from = exclusiveMinimum === undefined ? minimum : Math.max(minimum, exclusiveMinimum + 1);
  if (from < 0) throw new TypeError('negative numbers have no pattern');
  return from;
}

/** @returns a pattern for the integers from `from` to `to` in decimal, without leading zeros */
export function integerPattern(from: number, to: number): string {
  const spans: string[] = [];
  for (let low = from; low <= to; ) {
    const digits = String(low).length;
    const high = Math.min(to, 10 ** digits - 1);
    spans.push(sameLength(String(low), String(high)));
    low = high + 1;
  }
  return `(?:${spans.join('|')})`;
}

/** @returns a pattern for the decimal texts from `low` to `high`, which have the same number of digits */
function sameLength(low: string, high: string): string {
  const [a, b] = [low.charAt(0), high.charAt(0)];
  const rest = low.length - 1;
  if (rest === 0) return a === b ? a : `[${a}-${b}]`;
  const free = `[0-9]{${rest}}`;
  if (/^0*$/.test(low.slice(1)) && /^9*$/.test(high.slice(1))) return `${a === b ? a : `[${a}-${b}]`}${free}`;
  if (a === b) return `${a}(?:${sameLength(low.slice(1), high.slice(1))})`;
  const parts = [`${a}(?:${sameLength(low.slice(1), '9'.repeat(rest))})`];
  const [next, before] = [Number(a) + 1, Number(b) - 1];
  if (next <= before) parts.push(`[${next}-${before}]${free}`);
  parts.push(`${b}(?:${sameLength('0'.repeat(rest), high.slice(1))})`);
  return `(?:${parts.join('|')})`;
}
