import { KeyMaterial } from './data-key';

interface Entry {
  readonly material: KeyMaterial;
  readonly wrapped: Buffer;
  readonly expiresAt: number;
}

interface Flight {
  readonly wrapped: Buffer;
  readonly loaded: Promise<KeyMaterial>;
  waiters: number;
}

export interface KeyCacheOptions {
  readonly clock: () => Date;
  readonly ttlMilliseconds: number;
  /** plaintext keys kept at most */
  readonly maximum: number;
}

/**
 * Plaintext keys, for a short time and in a bounded number, least recently used out first. Whoever asks while a key is
 * being unwrapped waits for that one call. A key that leaves is wiped as soon as nobody uses it.
 */
export class KeyCache {
  readonly #entries = new Map<string, Entry>(); // in order of use
  readonly #flights = new Map<string, Flight>();
  #nextExpiry = Number.POSITIVE_INFINITY;

  constructor(private readonly options: KeyCacheOptions) {}

  /** plaintext keys held now */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * @param name what the key is for; its wrapped form counts as well, so that a replaced one opens nothing from here
   * @param load unwraps it; its buffer becomes the cache's own
   * @returns material already held once for the caller, who releases it
   */
  async get(name: string, wrapped: Uint8Array, load: () => Promise<Buffer>): Promise<KeyMaterial> {
    this.#dropExpired();
    const entry = this.#entries.get(name);
    if (entry?.wrapped.equals(wrapped)) {
      this.#entries.delete(name);
      this.#entries.set(name, entry);
      entry.material.hold();
      return entry.material;
    }
    const flight = this.#flights.get(name);
    if (flight?.wrapped.equals(wrapped)) {
      flight.waiters += 1;
      return flight.loaded;
    }
    return this.#load(name, Buffer.from(wrapped), load);
  }

  /** Keeps a key that was made here. @returns material already held once for the caller, who releases it */
  put(name: string, wrapped: Uint8Array, bytes: Buffer): KeyMaterial {
    this.#dropExpired();
    const material = new KeyMaterial(bytes);
    material.hold();
    this.#keep(name, material, Buffer.from(wrapped));
    return material;
  }

  /** Wipes every key whose name the test accepts, as soon as nobody uses it. */
  forget(test: (name: string) => boolean): void {
    for (const name of [...this.#entries.keys()]) if (test(name)) this.#evict(name);
  }

  #load(name: string, wrapped: Buffer, load: () => Promise<Buffer>): Promise<KeyMaterial> {
    const unwrap = async (): Promise<KeyMaterial> => {
      try {
        const material = new KeyMaterial(await load());
        // Held for all who wait before anything can evict it: none of them has run yet.
        for (let waiter = 0; waiter < flight.waiters; waiter++) material.hold();
        this.#keep(name, material, wrapped);
        return material;
      } finally {
        if (this.#flights.get(name) === flight) this.#flights.delete(name);
      }
    };
    const flight: Flight = { wrapped, waiters: 1, loaded: Promise.resolve().then(unwrap) };
    this.#flights.set(name, flight);
    return flight.loaded;
  }

  #keep(name: string, material: KeyMaterial, wrapped: Buffer): void {
    this.#evict(name);
    const expiresAt = this.options.clock().getTime() + this.options.ttlMilliseconds;
    this.#entries.set(name, { material, wrapped, expiresAt });
    this.#nextExpiry = Math.min(this.#nextExpiry, expiresAt);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.options.maximum) break;
      this.#evict(oldest);
    }
  }

  #dropExpired(): void {
    const now = this.options.clock().getTime();
    if (now < this.#nextExpiry) return;
    this.#nextExpiry = Number.POSITIVE_INFINITY;
    for (const [name, { expiresAt }] of [...this.#entries]) {
      if (expiresAt <= now) this.#evict(name);
      else this.#nextExpiry = Math.min(this.#nextExpiry, expiresAt);
    }
  }

  #evict(name: string): void {
    const entry = this.#entries.get(name);
    if (!entry) return;
    this.#entries.delete(name);
    entry.material.evict();
  }
}
