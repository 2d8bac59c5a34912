import type { KMSClient } from '@aws-sdk/client-kms';
import { PatientKey } from './data-key';
import { KeyCache } from './key-cache';
import { type KeyPurpose, KmsKeys, type WrappedKey, wrappedByKms } from './kms-keys';

export { PatientKey } from './data-key';
export type { WrappedKey } from './kms-keys';

export interface PatientKeysOptions {
  readonly kms: KMSClient;
  /** ARN of the customer-managed key that wraps patient keys and nothing else */
  readonly keyId: string;
  readonly organization: string;
  readonly clock: () => Date;
  /** how long a plaintext key is kept: at most five minutes */
  readonly ttlMilliseconds?: number;
  /** plaintext keys kept at most */
  readonly maximum?: number;
}

const longestTtlMilliseconds = 300_000;

/**
 * Makes and unwraps patient keys. That a patient was disposed of is not known here: it is read with every request from
 * the keys table, so that a warm cache opens nothing. Each key that is handed out is released by whoever asked for it.
 */
export class PatientKeys {
  readonly #keys: KmsKeys;
  readonly #cache: KeyCache;

  constructor(private readonly options: PatientKeysOptions) {
    this.#keys = new KmsKeys(options.kms, options.keyId);
    this.#cache = new KeyCache({
      clock: options.clock,
      ttlMilliseconds: Math.min(options.ttlMilliseconds ?? longestTtlMilliseconds, longestTtlMilliseconds),
      maximum: options.maximum ?? 1000,
    });
  }

  /** Makes a key; it counts once its wrapped form is stored, see key-store.ts. @throws KeyError */
  async generate(
    patient: string,
    version: number,
    purpose: KeyPurpose = 'record',
  ): Promise<{ readonly key: PatientKey; readonly wrapped: WrappedKey }> {
    const { bytes, wrapped } = await this.#keys.generate(this.#context(patient, purpose));
    const material = this.#cache.put(this.#name(patient, purpose, version, wrappedByKms), wrapped, bytes);
    return {
      key: PatientKey.holding(version, material),
      wrapped: { version, wrapAlg: wrappedByKms, wrapped, createdAt: this.options.clock().toISOString() },
    };
  }

  /** @returns the key, from memory or from one KMS call however many ask at once. @throws KeyError */
  async unwrap(patient: string, wrapped: WrappedKey, purpose: KeyPurpose = 'record'): Promise<PatientKey> {
    const material = await this.#cache.get(
      this.#name(patient, purpose, wrapped.version, wrapped.wrapAlg),
      wrapped.wrapped,
      () => this.#keys.unwrap(wrapped, this.#context(patient, purpose)),
    );
    return PatientKey.holding(wrapped.version, material);
  }

  /** Wipes what this instance holds of a patient, as when their keys are destroyed. */
  forget(patient: string): void {
    const start = this.#start(patient);
    this.#cache.forget((name) => name.startsWith(start));
  }

  /** plaintext keys held now */
  get size(): number {
    return this.#cache.size;
  }

  #context(patient: string, purpose: KeyPurpose) {
    return { organization: this.options.organization, patient, purpose };
  }

  /** JSON, as joining with a delimiter would let one name pass for another */
  #name(patient: string, purpose: KeyPurpose, version: number, wrapAlg: number): string {
    return `${this.#start(patient)}${JSON.stringify([purpose, version, wrapAlg])}`;
  }

  #start(patient: string): string {
    return JSON.stringify([this.options.organization, patient]);
  }
}
