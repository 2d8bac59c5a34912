import { type Route, routes } from '../lambda/http/routes';

const everyRoute: readonly Route[] = routes;

/** Bytes that the web ACL reads of a body; what API Gateway's smallest and free setting is, and what most routes take. */
export const smallBody = 16 * 1024;

/** The routes that take more than `smallBody`, by their limit. */
export interface BodyClass {
  /** bytes */
  readonly limit: number;
  readonly paths: readonly string[];
}

/** @returns the classes of larger bodies, the smallest first; a path is of the class of its largest method */
export function bodyClasses(): readonly BodyClass[] {
  const limits = new Map<string, number>();
  for (const { path, bodyLimit } of everyRoute) limits.set(path, Math.max(limits.get(path) ?? 0, bodyLimit));
  const sizes = [...new Set(limits.values())].filter((limit) => limit > smallBody).sort((a, b) => a - b);
  return sizes.map((limit) => ({
    limit,
    paths: [...limits].filter(([, each]) => each === limit).map(([path]) => path),
  }));
}

/** Characters that one regular expression of the web ACL may have. */
const patternLimit = 512;

/**
 * As few regular expressions as hold all paths. The path has the stage in front of it where the API is called by its own name.
 * A path that is written in another way, such as with `%61` for `a`, is none of them and gets the smallest limit.
 */
export function pathPatterns(paths: readonly string[], stage: string): readonly string[] {
  const wrap = (alternatives: readonly string[]) => `^(/${stage})?(${alternatives.join('|')})/?$`;
  const patterns: string[][] = [];
  for (const path of paths) {
    const alternative = path
      .replaceAll('.', '\\.')
      .replace(/\{(\w+)\}/g, (_, name: string) => (/id$/i.test(name) ? '[0-9A-Fa-f-]{36}' : '[^/]+'));
    const last = patterns.at(-1);
    if (last && wrap([...last, alternative]).length <= patternLimit) last.push(alternative);
    else patterns.push([alternative]);
  }
  return patterns.map(wrap);
}

/** A regular expression of the decimal numbers above a limit, for a header that says how much is coming. */
export function above(limit: number): string {
  const digits = String(limit);
  const greater = [...digits].flatMap((digit, at) => {
    if (digit === '9') return [];
    const rest = digits.length - at - 1;
    const first = digit === '8' ? '9' : `[${Number(digit) + 1}-9]`;
    return [`${digits.slice(0, at)}${first}${rest > 0 ? `[0-9]{${rest}}` : ''}`];
  });
  return `^0*(${[`[1-9][0-9]{${digits.length},}`, ...greater].join('|')})$`;
}

export interface Throttle {
  readonly throttlingRateLimit: number;
  readonly throttlingBurstLimit: number;
}

/** of all requests together */
export const stageThrottle: Throttle = { throttlingRateLimit: 500, throttlingBurstLimit: 1000 };

/**
 * How often one method may be called in a second by everybody together, so that no single operation uses up what the others
 * need: large bodies and writes are rarer and dearer than reads.
 */
export function throttleOf({ method, bodyLimit }: Route): Throttle {
  if (bodyLimit > smallBody) return { throttlingRateLimit: 50, throttlingBurstLimit: 100 };
  if (method !== 'GET' && bodyLimit > 0) return { throttlingRateLimit: 200, throttlingBurstLimit: 400 };
  return { throttlingRateLimit: 300, throttlingBurstLimit: 600 };
}
