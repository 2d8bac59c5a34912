/** A class of errors, and the codes of Ward, Node and AWS. None of them can quote a record: they are words of the programs. */
const className = /^\$?[A-Z](?:[A-Za-z]|\d(?!\d{2})){1,60}$/;
const codeName = /^[A-Za-z][A-Za-z_-]{1,50}$/;
const deepest = 5;

/**
 * What may be said of a failure, 45 CFR 164.514(b)(2): class and code of each error, outermost first; of a refusal by IAM the
 * action; of a cancelled transaction why. No message and no stack, because each of them can quote what was being done.
 */
export function causesOf(error: unknown, depth = 0): string[] {
  if (!(error instanceof Error) || depth > deepest) return [];
  const name = word(error, 'name', className) ?? 'Error';
  const code = word(error, 'code', codeName);
  const message = propertyOf(error, 'message');
  // A missing grant is found by this name; what else IAM says may hold a partition key.
  const action =
    typeof message === 'string' ? /not authorized to perform: ([a-z0-9-]+:[A-Za-z]+)/.exec(message)?.[1] : undefined;
  return [
    code === undefined ? name : `${name}:${code}`,
    ...(action ? [action] : []),
    ...cancellations(error),
    ...causesOf(propertyOf(error, 'cause'), depth + 1),
  ];
}

function cancellations(error: Error): string[] {
  const reasons = propertyOf(error, 'CancellationReasons');
  if (!Array.isArray(reasons)) return [];
  const codes = reasons.slice(0, 100).map((reason: unknown) => word(reason, 'Code', codeName));
  return [...new Set(codes)].filter((code): code is string => code !== undefined && code !== 'None');
}

function word(owner: unknown, property: string, form: RegExp): string | undefined {
  const value = propertyOf(owner, property);
  return typeof value === 'string' && form.test(value) ? value : undefined;
}

/** An error may be anything that was thrown: a property that cannot be read is not there. */
function propertyOf(owner: unknown, property: string): unknown {
  if (typeof owner !== 'object' || owner === null) return undefined;
  try {
    return Reflect.get(owner, property);
  } catch {
    return undefined;
  }
}
