import { inspect } from 'node:util';
import type { Category } from '../records/model';
import { EnvelopeError } from './envelope-error';
import { contentsOf, Holder } from './sealed-contents';

/** The resource that a decrypted value came from: what the audit event of its release must name. */
export interface SealedResource {
  readonly patient: string;
  /** `import`: a staged part of an import, which is never released; `emergency-access`, `incident`: a person's words */
  readonly type: Category | 'import' | 'emergency-access' | 'incident';
  /** the entry */
  readonly id: string;
  readonly version: number;
}

const resources = new WeakMap<Holder<unknown>, readonly SealedResource[]>();

/**
 * A decrypted value that nobody has read yet. It has no property to print, serialize or clone; the one way to its
 * content is audit/release.ts, which wants the receipt of a durable audit write that names these resources.
 * 45 CFR 164.312(b).
 */
export class Sealed<T> extends Holder<T> {
  /** @param from one resource, or several of one patient. @throws EnvelopeError when they are of two patients */
  constructor(from: SealedResource | readonly SealedResource[], content: T) {
    super(content);
    const all = 'patient' in from ? [from] : [...from];
    if (all.some((resource) => resource.patient !== all[0]?.patient)) throw new EnvelopeError('argument');
    resources.set(this, all);
  }

  /** what a release of this value must have been recorded for; all of one patient */
  get resources(): readonly SealedResource[] {
    return resources.get(this) ?? [];
  }

  toJSON(): undefined {
    return undefined;
  }

  override toString(): string {
    return '[Sealed]';
  }

  [inspect.custom](): string {
    return '[Sealed]';
  }
}

/**
 * A value made from a sealed one, bound to the same resources: to validate, merge or convert before anything is released.
 * `change` sees the content; what it must not do is keep it. What it throws passes through, so it must not quote content.
 */
export function transform<T, U>(sealed: Sealed<T>, change: (content: T) => U): Sealed<U> {
  return new Sealed(sealed.resources, change(contentsOf(sealed)));
}

/**
 * Several sealed values of one patient as one, in their order; its release needs all their resources recorded.
 * @throws EnvelopeError when they are of two patients: no receipt can name both
 */
export function combine<Contents extends readonly unknown[]>(
  ...sealed: { readonly [Index in keyof Contents]: Sealed<Contents[Index]> }
): Sealed<Contents> {
  const all: readonly Sealed<unknown>[] = sealed;
  const content = all.map((one) => contentsOf(one));
  return new Sealed(
    all.flatMap((one) => one.resources),
    content as unknown as Contents, // mapped one for one from the tuple that Contents describes
  );
}

/**
 * What may be known of a sealed value without opening it: blind tokens, ids and answers of yes or no, never content.
 * Whoever writes `make` answers for that; what it returns is bound to nothing.
 */
export function blindly<T, U>(sealed: Sealed<T>, make: (content: T) => U): U {
  return make(contentsOf(sealed));
}
