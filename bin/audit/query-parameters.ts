import { type NamedQuestion, type ParameterKind, positional } from '../../lib/audit-questions';

export type Bound = string | number;

/** Each kind admits so little that no value of it could end a literal, whoever quotes it later. */
const kinds: Readonly<Record<ParameterKind, { readonly form: RegExp; readonly must: string }>> = {
  id: { form: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, must: 'be a UUID in lower case' },
  instant: {
    form: /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/,
    must: 'be a UTC instant such as 2026-01-31T08:00:00Z, or a date',
  },
  'time-zone': { form: /^[A-Za-z]+(\/[A-Za-z0-9_+-]+)*$/, must: 'be a time zone such as America/New_York' },
  hour: { form: /^([0-9]|1[0-9]|2[0-4])$/, must: 'be an hour, 0 to 24' },
};

const defaults = (now: Date): Readonly<Record<string, string>> => ({
  from: new Date(now.getTime() - 30 * 24 * 60 * 60 * 1000).toISOString(),
  to: now.toISOString(),
  zone: 'America/New_York',
  opens: '7',
  closes: '19',
});

/**
 * @param given `name=value` each
 * @param now the end of a period that is not given; it begins 30 days earlier
 * @returns the question's text with `?` for each parameter, and what to bind to each
 * @throws Error naming the parameter that is missing, unknown or malformed, without its value
 */
export function bind(
  question: NamedQuestion,
  given: readonly string[],
  now: Date,
): { readonly sql: string; readonly values: readonly Bound[] } {
  const values = new Map<string, string>();
  for (const word of given) {
    const [name, value] = [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)];
    if (!word.includes('=') || !Object.hasOwn(question.parameters, name))
      throw new Error(`--param must be <name>=<value>, with a name of: ${Object.keys(question.parameters).join(', ')}`);
    values.set(name, value);
  }
  const preset = defaults(now);
  const checked = new Map(
    Object.entries(question.parameters).map(([name, kind]) => {
      const value = values.get(name) ?? preset[name];
      if (value === undefined) throw new Error(`the question needs --param ${name}=…`);
      return [name, check(name, kind, value)] as const;
    }),
  );
  const { sql, names } = positional(question);
  return { sql, values: names.map((name) => checked.get(name) ?? '') };
}

function check(name: string, kind: ParameterKind, value: string): Bound {
  const { form, must } = kinds[kind];
  const normal = kind === 'instant' ? instant(value) : value;
  if (normal === undefined || !form.test(normal) || (kind === 'time-zone' && !isTimeZone(normal)))
    throw new Error(`the parameter ${name} must ${must}`);
  return kind === 'hour' ? Number(normal) : normal;
}

/** to milliseconds, as events carry them: instants are compared as text */
function instant(value: string): string | undefined {
  if (!/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?Z)?$/.test(value)) return undefined;
  const parsed = new Date(value);
  return Number.isNaN(parsed.getTime()) ? undefined : parsed.toISOString();
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
