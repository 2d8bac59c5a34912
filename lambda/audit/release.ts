import type { Sealed } from '../encryption/sealed';
import { contentsOf } from '../encryption/sealed-contents';
import { AuditError } from './audit-error';
import type { Receipt } from './receipt';

/** What may leave without a record: ids, versions, times and counts. Never a value that was decrypted. */
export type Facts =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly Facts[]
  | { readonly [name: string]: Facts };

/**
 * The only thing that a response takes. 45 CFR 164.312(b): no PHI leaves without evidence.
 * A decrypted value becomes one by `release` alone, and that asks for the receipt of a durable audit write which names
 * this request, this patient and these resources.
 */
export class Released<T> {
  readonly #value: T;

  private constructor(value: T) {
    this.#value = value;
  }

  /** @throws AuditError receipt-mismatch when the audit write did not name each of the value's resources */
  static release<T>(sealed: Sealed<T>, receipt: Receipt, request: string): Released<T> {
    if (sealed.resources.length === 0 || !sealed.resources.every((resource) => receipt.covers(request, resource)))
      throw new AuditError('receipt-mismatch');
    return new Released(contentsOf(sealed));
  }

  /** @param receipt of the event that tells of the request, so that an answer without PHI is on record too */
  static facts<T extends Facts>(value: T, _receipt: Receipt): Released<T> {
    return new Released(value);
  }

  /** several released values as one */
  static list<T>(values: readonly Released<T>[], _receipt: Receipt): Released<readonly T[]> {
    return new Released(values.map((each) => each.#value));
  }

  /** released members beside facts */
  static object(
    facts: { readonly [name: string]: Facts },
    members: { readonly [name: string]: Released<unknown> },
    _receipt: Receipt,
  ): Released<object> {
    const values = Object.entries(members).map(([name, released]) => [name, released.#value] as const);
    return new Released({ ...facts, ...Object.fromEntries(values) });
  }

  toJSON(): T {
    return this.#value;
  }
}

export function serialize(body: Released<unknown>): string {
  return JSON.stringify(body);
}
