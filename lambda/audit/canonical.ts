/** What a canonical line may hold: no fractions, no undefined, nothing that two serializers could write differently. */
export type Canonical =
  | string
  | number
  | boolean
  | null
  | readonly Canonical[]
  | { readonly [name: string]: Canonical };

/**
 * RFC 8785 (JSON Canonicalization Scheme) over the part of JSON that Ward's evidence uses.
 * @throws TypeError for a number that is not a safe integer, a lone surrogate, or any other type
 */
export function canonicalize(value: Canonical): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw new TypeError('only safe integers are canonical');
    return String(value);
  }
  if (Array.isArray(value)) return `[${value.map((item: Canonical) => canonicalize(item)).join(',')}]`;
  if (typeof value !== 'object') throw new TypeError(`${typeof value} is not canonical`);
  const members = Object.entries(value as { readonly [name: string]: Canonical })
    .sort(([a], [b]) => (a < b ? -1 : 1)) // by UTF-16 code unit, as RFC 8785 section 3.2.3 asks
    .map(([name, item]) => `${quote(name)}:${canonicalize(item)}`);
  return `{${members.join(',')}}`;
}

function quote(text: string): string {
  if (/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/.test(text))
    throw new TypeError('a lone surrogate is not canonical');
  return JSON.stringify(text);
}
