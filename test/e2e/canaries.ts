import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** Texts that are entered somewhere and must not be found elsewhere, by what they are. */
export class Canaries {
  readonly #values = new Map<string, string>();

  get size(): number {
    return this.#values.size;
  }

  get(what: string): string | undefined {
    return this.#values.get(what);
  }

  /** @param value of a form of its own; @default letters and digits that mean nothing and are nowhere else */
  named(what: string, value = `Zq${randomBytes(9).toString('hex')}`): string {
    this.#values.set(what, value);
    return value;
  }

  /** @returns which canaries are in these bytes, in any form */
  found(place: string, bytes: Buffer): string[] {
    return [...this.#values]
      .filter(([, value]) => formsOf(value).some((form) => bytes.includes(form)))
      .map(([what]) => `${what} in ${place}`);
  }
}

/** The forms in which text gets into files: as it is, in base64 at each offset, base64url, hexadecimal, percent-encoded, UTF-16. */
function formsOf(value: string): Buffer[] {
  const base64 = [0, 1, 2].map((offset) => {
    const encoded = Buffer.from(`${'\0'.repeat(offset)}${value}`)
      .toString('base64')
      .replace(/=+$/, '');
    // The characters at both ends depend on what stands beside the value.
    return encoded.slice(offset === 0 ? 0 : offset + 1, -1);
  });
  const hex = Buffer.from(value).toString('hex');
  const texts = [
    value,
    value.toLowerCase(),
    value.toUpperCase(),
    ...base64,
    hex,
    hex.toUpperCase(),
    [...value].reverse().join(''),
  ];
  return [...texts.map((text) => Buffer.from(text)), Buffer.from(value, 'utf16le')];
}

/** A place and what it holds, as it lies there and, where it is compressed, unpacked. */
export function* filesOf(directory: string): Generator<readonly [string, Buffer]> {
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
    const path = join(directory, name);
    yield [`the name of ${name}`, Buffer.from(name)];
    if (!statSync(path).isFile()) continue;
    const bytes = readFileSync(path);
    yield [name, bytes];
    for (let at = bytes.indexOf('\x1f\x8b', 0, 'latin1'); at >= 0; at = bytes.indexOf('\x1f\x8b', at + 1, 'latin1')) {
      try {
        yield [`${name}, unpacked`, gunzipSync(bytes.subarray(at))];
      } catch {
        // not gzip after all
      }
    }
  }
}
