/**
 * Where the contents of every `Sealed` are. Whoever can import this module can read them, so only
 * sealed.ts, records.ts and audit/release.ts may: .dependency-cruiser.cjs holds that.
 */
const contents = new WeakMap<Holder<unknown>, unknown>();

export abstract class Holder<T> {
  /** for the type checker alone: no such property exists, so there is nothing to print, serialize or clone */
  declare protected readonly content: T;

  constructor(content: T) {
    contents.set(this, content);
  }
}

/** @throws TypeError when the constructor of `Holder` did not make it: a copy or a forgery holds nothing */
export function contentsOf<T>(holder: Holder<T>): T {
  if (!contents.has(holder)) throw new TypeError('not a sealed value');
  return contents.get(holder) as T; // the constructor is the one writer and wrote the holder's own T
}
