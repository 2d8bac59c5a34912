import { createHmac } from 'node:crypto';
import { EnvelopeError } from './envelope-error';

export const keyLength = 32;
const hashLength = 64;

/**
 * The bytes of a key as the cache holds them. A key that is evicted while a request still holds it is wiped when the
 * last holder lets go, never under it.
 */
export class KeyMaterial {
  readonly #bytes: Buffer;
  #holders = 0;
  #evicted = false;

  /** @param bytes taken over, not copied: nobody else may keep them. @throws EnvelopeError unless there are 32 */
  constructor(bytes: Buffer) {
    if (bytes.length !== keyLength) throw new EnvelopeError('argument');
    this.#bytes = bytes;
  }

  get bytes(): Buffer {
    return this.#bytes;
  }

  hold(): void {
    this.#holders += 1;
  }

  release(): void {
    this.#holders -= 1;
    this.#wipeWhenUnused();
  }

  evict(): void {
    this.#evicted = true;
    this.#wipeWhenUnused();
  }

  #wipeWhenUnused(): void {
    if (this.#evicted && this.#holders <= 0) this.#bytes.fill(0);
  }
}

/** A holder that forgot to let go must not keep an evicted key alive: being collected counts as letting go. */
const forgotten = new FinalizationRegistry<KeyMaterial>((material) => material.release());

/** One holder's use of a key: derives from it, never shows it. */
abstract class DataKey {
  readonly #material: KeyMaterial;
  #released = false;

  /** @param material already held for this holder */
  protected constructor(
    readonly version: number,
    material: KeyMaterial,
  ) {
    if (!Number.isInteger(version) || version < 1 || version > 0xffffffff) throw new EnvelopeError('argument');
    this.#material = material;
    forgotten.register(this, material, this);
  }

  /**
   * HKDF-Expand with SHA-512, RFC 5869 section 2.3. A KMS data key is uniform, so it needs no Extract (section 3.3).
   * @returns a buffer of its own, for the caller to wipe
   */
  expand(info: Uint8Array, length: number): Buffer {
    if (this.#released) throw new EnvelopeError('key');
    return expand(this.#material.bytes, info, length);
  }

  /** Lets go of the key: this object derives no more, and an evicted key is wiped when its last holder has let go. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    forgotten.unregister(this);
    this.#material.release();
  }
}

/** The key of one patient, in one version and for one purpose: what records are sealed under. */
export class PatientKey extends DataKey {
  readonly kind = 'patient';

  /** @param bytes 32; copied. @throws EnvelopeError otherwise */
  static from(version: number, bytes: Uint8Array): PatientKey {
    return PatientKey.holding(version, copy(bytes));
  }

  /** @param material already held for this holder */
  static holding(version: number, material: KeyMaterial): PatientKey {
    return new PatientKey(version, material);
  }
}

/** The key of one organization that lookup tokens derive from. */
export class LookupKey extends DataKey {
  readonly kind = 'lookup';

  /** @param bytes 32; copied. @throws EnvelopeError otherwise */
  static from(version: number, bytes: Uint8Array): LookupKey {
    return LookupKey.holding(version, copy(bytes));
  }

  /** @param material already held for this holder */
  static holding(version: number, material: KeyMaterial): LookupKey {
    return new LookupKey(version, material);
  }
}

/** A key outside every cache: its one holder wipes it by letting go. */
function copy(bytes: Uint8Array): KeyMaterial {
  const own = Buffer.allocUnsafeSlow(bytes.length);
  own.set(bytes);
  const material = new KeyMaterial(own);
  material.hold();
  material.evict();
  return material;
}

/** HKDF-Expand with SHA-512 of a uniform key: at most 255 blocks of 64 bytes. @throws EnvelopeError beyond */
export function expand(key: Uint8Array, info: Uint8Array, length: number): Buffer {
  const blocks = Math.ceil(length / hashLength);
  if (blocks > 255) throw new EnvelopeError('argument');
  const output = Buffer.allocUnsafe(blocks * hashLength);
  const input = Buffer.allocUnsafe(info.length + 1);
  input.set(info);
  for (let block = 0; block < blocks; block++) {
    input[info.length] = block + 1;
    const hmac = createHmac('sha512', key);
    if (block > 0) hmac.update(output.subarray((block - 1) * hashLength, block * hashLength));
    const digest = hmac.update(input).digest();
    output.set(digest, block * hashLength);
    digest.fill(0);
  }
  output.fill(0, length);
  return output.subarray(0, length);
}
