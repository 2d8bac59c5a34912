/** Compares as S3 lists: by the bytes of the UTF-8 encoding, which is the order of code points, not of UTF-16 units. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const difference = rank(a.charCodeAt(index)) - rank(b.charCodeAt(index));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** A half of a surrogate pair stands for a code point above all that need no pair. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** The key names of a bucket, kept in order so that a listing starts where it must without sorting them all. */
export class SortedKeys {
  readonly #keys: string[] = [];

  add(key: string): void {
    const index = this.#firstAtOrAfter(key);
    if (this.#keys[index] !== key) this.#keys.splice(index, 0, key);
  }

  remove(key: string): void {
    const index = this.#firstAtOrAfter(key);
    if (this.#keys[index] === key) this.#keys.splice(index, 1);
  }

  /** Keys in order, from `start` on, that begin with `prefix`. */
  *from(start: string, prefix: string): Generator<string> {
    const first = compareKeys(start, prefix) > 0 ? start : prefix;
    for (let index = this.#firstAtOrAfter(first); index < this.#keys.length; index++) {
      const key = this.#keys[index];
      if (!key?.startsWith(prefix)) return;
      yield key;
    }
  }

  #firstAtOrAfter(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareKeys(this.#keys[middle] ?? '', key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
