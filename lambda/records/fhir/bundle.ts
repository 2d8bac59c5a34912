import { type FhirIssue, isObject, type JsonObject, own } from './issue';

export interface BundleEntry {
  readonly fullUrl?: unknown;
  readonly resource: JsonObject;
  readonly request?: unknown;
}

export interface BundlePart {
  readonly entries: readonly BundleEntry[];
}

/** what one part of an import may be, below the 256 KiB that the API takes in one body */
export const partLimits = { entries: 100, bytes: 220_000 } as const;

const importedTypes: ReadonlySet<unknown> = new Set(['transaction', 'batch', 'collection']);

/**
 * Checks the envelope of a bundle before it is cut and sent; what is in its entries is for planImport.
 * @returns its entries with no more than fullUrl, resource and request; or what is wrong, without echoing any of it
 */
export function bundleEnvelope(
  value: unknown,
): { readonly entries: readonly BundleEntry[] } | { readonly issues: readonly FhirIssue[] } {
  if (own(value, 'resourceType') !== 'Bundle')
    return refuse('Bundle', 'a bundle is an object with resourceType Bundle');
  if (!importedTypes.has(own(value, 'type')))
    return refuse('Bundle.type', 'Bundle.type is transaction, batch or collection');
  const given = own(value, 'entry');
  if (!Array.isArray(given) || given.length === 0)
    return refuse('Bundle.entry', 'Bundle.entry is an array that is not empty');
  const issues: FhirIssue[] = [];
  const entries = given.flatMap((entry: unknown, index): BundleEntry[] => {
    const resource = own(entry, 'resource');
    const path = `Bundle.entry[${index}]`;
    if (!isObject(resource)) {
      issues.push({ path: `${path}.resource`, code: 'missing', message: `${path}.resource is a resource` });
      return [];
    }
    const [fullUrl, request] = [own(entry, 'fullUrl'), own(entry, 'request')];
    const kept = {
      ...(fullUrl === undefined ? {} : { fullUrl }),
      resource,
      ...(request === undefined ? {} : { request }),
    };
    if (jsonBytes(kept) + partOverhead > partLimits.bytes)
      issues.push({ path, code: 'size', message: `${path} has more than the ${partLimits.bytes} bytes of one part` });
    return [kept];
  });
  return issues.length > 0 ? { issues } : { entries };
}

/**
 * Cuts a bundle, in its order, into the parts that an import stages.
 * @param bundle whose envelope was checked
 * @returns parts of at most `partLimits.entries` entries, each at most `partLimits.bytes` as compact JSON
 */
export function cutBundle(bundle: { readonly entries: readonly BundleEntry[] }): BundlePart[] {
  const parts: { entries: BundleEntry[]; bytes: number }[] = [];
  for (const entry of bundle.entries) {
    const bytes = jsonBytes(entry) + 1;
    const last = parts.at(-1);
    if (last !== undefined && last.entries.length < partLimits.entries && last.bytes + bytes <= partLimits.bytes) {
      last.entries.push(entry);
      last.bytes += bytes;
    } else parts.push({ entries: [entry], bytes: partOverhead + bytes });
  }
  return parts.map(({ entries }) => ({ entries }));
}

const partOverhead = Buffer.byteLength('{"entries":[]}');
/** @returns Infinity for what is nested too deeply to be written as JSON */
function jsonBytes(value: unknown): number {
  try {
    return Buffer.byteLength(JSON.stringify(value));
  } catch (error) {
    if (error instanceof RangeError) return Number.POSITIVE_INFINITY;
    throw error;
  }
}

const refuse = (path: string, message: string): { issues: FhirIssue[] } => ({
  issues: [{ path, code: 'bundle', message }],
});
