/** Tells whether a text is matched; built once for each pattern of a policy. */
export type Matcher = (text: string) => boolean;

/**
 * `*` stands for any characters, none included, and `?` for exactly one. The time is bounded by the product of both lengths:
 * a regular expression made of the pattern would backtrack without bound on an object key chosen for it.
 */
export function wildcard(pattern: string): Matcher {
  const first = pattern.search(/[*?]/);
  if (first < 0) return (text) => text === pattern;
  if (pattern === '*') return () => true;
  const prefix = pattern.slice(0, first);
  if (first === pattern.length - 1 && pattern.endsWith('*')) return (text) => text.startsWith(prefix);
  return (text) => text.startsWith(prefix) && matches(pattern, text);
}

function matches(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  for (let index = 0; index < text.length; ) {
    const expected = pattern[at];
    if (expected === '*') {
      star = at++;
      resume = index;
    } else if (expected === '?' || expected === text[index]) {
      at++;
      index++;
    } else if (star >= 0) {
      at = star + 1;
      index = ++resume;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}

/**
 * Matches ARNs part by part, as IAM does: a wildcard does not reach across the first five colons.
 * @returns undefined when the pattern has fewer than the six parts of an ARN
 */
export function arnPattern(pattern: string): Matcher | undefined {
  const parts = split(pattern);
  if (parts?.[0] !== 'arn') return undefined;
  if (!/[*?]/.test(pattern)) return (text) => text === pattern;
  const matchers = parts.map(wildcard);
  return (text) => {
    const given = split(text);
    return given !== undefined && matchers.every((matcher, index) => matcher(given[index] ?? ''));
  };
}

function split(arn: string): string[] | undefined {
  const parts: string[] = [];
  let from = 0;
  for (let count = 0; count < 5; count++) {
    const colon = arn.indexOf(':', from);
    if (colon < 0) return undefined;
    parts.push(arn.slice(from, colon));
    from = colon + 1;
  }
  parts.push(arn.slice(from));
  return parts;
}
