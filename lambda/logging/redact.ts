import { causesOf } from './causes';
import { isSensitiveName, redacted, withoutIdentifiers } from './identifiers';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** More than this is not worth a line of a log; what is beyond is counted, not shown. */
const limits = { depth: 8, members: 50, values: 500, characters: 2000, allCharacters: 20_000 } as const;

/**
 * Second defence of the logs, after the declared fields: takes identifiers of 45 CFR 164.514(b)(2) and whatever stands beside a
 * name of the record model out of any value. Of errors only what causesOf() gives stays, of bytes their number. Getters are
 * not called, cycles end, and what is huge is cut short, so that it takes a bounded time and throws nothing.
 * @returns a value that JSON can say
 */
export function redact(value: unknown): Json {
  return new Redaction().of(value, 0);
}

class Redaction {
  readonly #above = new Set<object>();
  #left: number = limits.values;
  #characters: number = limits.allCharacters;

  of(value: unknown, depth: number): Json {
    this.#left--;
    if (this.#left < 0) return '[more]';
    switch (typeof value) {
      case 'string':
        return this.#text(value);
      case 'number':
        return Number.isInteger(value) && Math.abs(value) < 10_000 ? value : '[number]';
      case 'boolean':
        return value;
      case 'undefined':
        return null;
      case 'object':
        return value === null ? null : this.#object(value, depth);
      default:
        return `[${typeof value}]`;
    }
  }

  /** Whoever fills an object with long texts would have the function search them until its time is over. */
  #text(value: string): Json {
    this.#characters -= value.length > limits.characters ? 0 : value.length;
    return this.#characters < 0 ? `[text of ${value.length} characters]` : textOf(value);
  }

  #object(value: object, depth: number): Json {
    if (this.#above.has(value)) return '[cycle]';
    if (depth >= limits.depth) return '[deeper]';
    this.#above.add(value);
    try {
      return this.#contents(value, depth + 1);
    } catch {
      return '[unreadable]'; // a proxy that throws
    } finally {
      this.#above.delete(value);
    }
  }

  #contents(value: object, depth: number): Json {
    if (value instanceof Error) return { error: causesOf(value) };
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof SharedArrayBuffer)
      return `[${value.byteLength} bytes]`;
    if (Array.isArray(value)) return this.#list(value, depth);
    if (value instanceof Set) return this.#list([...value], depth);
    if (value instanceof Map) return this.#members([...value], depth);
    if (value instanceof Date) return '[date]';
    // What boxes a text, a promise, a function's arguments: nothing of it is a member that could be named.
    if (value instanceof String || value instanceof Number) return this.of(value.valueOf(), depth);
    const properties = Object.entries(Object.getOwnPropertyDescriptors(value));
    return this.#members(
      properties.map(([name, property]) => [name, 'value' in property ? property.value : getter]),
      depth,
    );
  }

  #list(values: readonly unknown[], depth: number): Json {
    const shown = values.slice(0, limits.members).map((each) => this.of(each, depth));
    return values.length > limits.members ? [...shown, `[${values.length - limits.members} more]`] : shown;
  }

  #members(members: readonly (readonly [unknown, unknown])[], depth: number): Json {
    const shown = members.slice(0, limits.members).map(([name, value]): [string, Json] => {
      const word = typeof name === 'string' && isName(name) ? name : redacted;
      if (value === getter) return [word, '[getter]'];
      return [word, isSensitiveName(word) ? redacted : this.of(value, depth)];
    });
    const rest: [string, Json][] = members.length > limits.members ? [['more', members.length - limits.members]] : [];
    return Object.fromEntries([...shown, ...rest]);
  }
}

const getter = Symbol('getter');

/** The names of what a program made. Others were somebody's input: keys of a map, partition keys, members of a body. */
const isName = (text: string): boolean => /^[$_A-Za-z][\w$-]{0,40}$/.test(text) && withoutIdentifiers(text) === text;

function textOf(text: string): string {
  if (text.length > limits.characters) return `[text of ${text.length} characters]`;
  const trimmed = text.trim();
  if (!/^[[{]/.test(trimmed)) return withoutIdentifiers(withoutPairs(text));
  try {
    return JSON.stringify(redact(JSON.parse(trimmed)));
  } catch {
    return `[text of ${text.length} characters]`; // of a structure that was cut off
  }
}

/** `family=Muster`, `"family": "Muster"` within other words */
function withoutPairs(text: string): string {
  return text.replace(
    /([A-Za-z][\w-]{0,40})(["'\]]?\s*[:=]\s*)([^&,;)}\]\n]+)/g,
    (whole, name: string, sign: string) => (isSensitiveName(name) ? `${name}${sign}${redacted}` : whole),
  );
}
