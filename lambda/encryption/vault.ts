import type { KMSClient } from '@aws-sdk/client-kms';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { lookupKeySeconds, type RecordsEnvironment } from '../environment';
import { type StagedItem, stagedKey } from '../records/import-parts';
import type { RecordItem, RecordMetadata } from '../records/model';
import type { TransactItem } from '../records/transaction';
import type { LookupKey, PatientKey } from './data-key';
import { KeyError } from './key-error';
import { checkNewestKey, disposeKeyRing, type KeyRing, readKeyRing, registerKeyRing, rotateKeyRing } from './key-store';
import { LookupKeys } from './lookup-key';
import { checkOrganization, demandOrganization } from './organization';
import { PatientKeys } from './patient-keys';
import type { WritingKeys } from './patient-lookups';
import { openRecord, openStaged, type RecordValue, sealRecord, sealStaged } from './records';
import type { Sealed } from './sealed';

export interface VaultOptions {
  readonly documents: DynamoDBDocumentClient;
  readonly kms: KMSClient;
  readonly environment: Pick<RecordsEnvironment, 'KEYS_TABLE' | 'ORGANIZATION' | 'PATIENT_KEY'>;
  readonly clock: () => Date;
  /**
   * Whether this function makes the first patient, and so what comes before one: the keys table's organization and its
   * lookup key. To one that may not, a table without them is a table without patients.
   */
  readonly mayBind: boolean;
}

/** Opens and seals the entries of patients, each under the patient's own key. 45 CFR 164.312(a)(2)(iv). */
export class Vault {
  readonly #keys: PatientKeys;
  readonly #lookupKeys: LookupKeys;
  #bound: Promise<void> | undefined;

  constructor(private readonly options: VaultOptions) {
    const { documents, kms, environment, clock } = options;
    const common = { kms, keyId: environment.PATIENT_KEY, organization: environment.ORGANIZATION, clock };
    this.#keys = new PatientKeys(common);
    this.#lookupKeys = new LookupKeys({
      ...common,
      documents,
      table: environment.KEYS_TABLE,
      stateMilliseconds: lookupKeySeconds() * 1000,
    });
  }

  /** @returns the patient's wrapped keys as they are now, undefined when there never was such a patient */
  async ring(patient: string): Promise<KeyRing | undefined> {
    const [ring] = await Promise.all([
      readKeyRing(this.options.documents, this.options.environment.KEYS_TABLE, patient),
      this.#organization(),
    ]);
    return ring;
  }

  /** @returns a new patient's key ring, and the writes that register it */
  async register(patient: string): Promise<{ readonly ring: KeyRing; readonly items: readonly TransactItem[] }> {
    await this.#organization();
    const { key, wrapped } = await this.#keys.generate(patient, 1);
    key.release();
    return registerKeyRing(this.options.environment.KEYS_TABLE, patient, wrapped);
  }

  /** @returns the check that a write's key is still the newest and not disposed of; part of every write's transaction */
  newest(ring: KeyRing): TransactItem {
    return checkNewestKey(this.options.environment.KEYS_TABLE, ring.patient, ring.newest);
  }

  /** @returns the writes that give the patient a next key; earlier versions stay to read by. @throws KeyError */
  async rotate(ring: KeyRing): Promise<readonly TransactItem[]> {
    await this.#organization();
    const { key, wrapped } = await this.#keys.generate(ring.patient, ring.newest + 1);
    key.release();
    return rotateKeyRing(this.options.environment.KEYS_TABLE, ring, wrapped);
  }

  /** @returns the writes that destroy every version of the patient's key. 45 CFR 164.310(d)(2)(i). @throws KeyError */
  dispose(ring: KeyRing, at: Date): readonly TransactItem[] {
    this.#keys.forget(ring.patient);
    return disposeKeyRing(this.options.environment.KEYS_TABLE, ring, at.toISOString());
  }

  /** @returns which answer it is to an entitled person that there is nothing to show */
  absence(ring: KeyRing | undefined): 'gone' | 'not-found' {
    return ring?.state === 'disposed' ? 'gone' : 'not-found';
  }

  /** Opens one item with the version of the key that its header names. @throws EnvelopeError, KeyError */
  async open(ring: KeyRing, item: RecordItem, fields?: readonly string[]): Promise<Sealed<RecordValue>> {
    const key = await this.#keyFor(ring, item.header);
    try {
      return openRecord(key, this.options.environment.ORGANIZATION, item, fields ? { fields } : {});
    } finally {
      key.release();
    }
  }

  /** Seals one entry under the newest version of the patient's key. */
  async seal(
    ring: KeyRing,
    entry: RecordMetadata & { readonly patient: string },
    value: RecordValue | Sealed<RecordValue>,
  ): Promise<RecordItem> {
    const key = await this.#unwrap(ring, ring.newest);
    try {
      return sealRecord(key, this.options.environment.ORGANIZATION, entry, value);
    } finally {
      key.release();
    }
  }

  /** @returns a new import's own key, wrapped: staged parts end with it */
  async newStagingKey(importId: string): Promise<Uint8Array> {
    await this.#organization();
    const { key, wrapped } = await this.#keys.generate(importId, 1, 'import');
    key.release();
    return wrapped.wrapped;
  }

  async sealPart(
    importId: string,
    wrapped: Uint8Array,
    part: number,
    entries: readonly unknown[],
  ): Promise<StagedItem> {
    const key = await this.#stagingKey(importId, wrapped);
    try {
      const sealed = sealStaged(key, this.options.environment.ORGANIZATION, importId, part, entries);
      return { ...stagedKey(importId, part), part, ...sealed };
    } finally {
      key.release();
    }
  }

  /** @returns the entries of a staged part, which no receipt ever releases */
  async openPart(importId: string, wrapped: Uint8Array, item: StagedItem): Promise<Sealed<readonly unknown[]>> {
    const key = await this.#stagingKey(importId, wrapped);
    try {
      return openStaged(key, this.options.environment.ORGANIZATION, importId, item.part, item);
    } finally {
      key.release();
    }
  }

  #stagingKey(importId: string, wrapped: Uint8Array): Promise<PatientKey> {
    return this.#keys.unwrap(importId, { version: 1, wrapAlg: 1, wrapped, createdAt: '' }, 'import');
  }

  /**
   * Makes blind tokens with the organization's lookup key, which is let go of when `make` returns.
   * @throws KeyError, also where there is no such key and this vault makes none
   */
  async withLookupKey<Made>(make: (key: LookupKey) => Made): Promise<Made> {
    const made = await this.withLookupKeyIfAny((key) => ({ value: make(key) }));
    if (!made) throw new KeyError('invalid', 'the organization has no lookup key');
    return made.value;
  }

  /** @returns undefined where there is no lookup key and this vault makes none: nobody has ever been registered */
  async withLookupKeyIfAny<Made>(make: (key: LookupKey) => Made): Promise<Made | undefined> {
    await this.#organization();
    const key = this.options.mayBind ? await this.#lookupKeys.get() : await this.#lookupKeys.find();
    if (!key) return undefined;
    try {
      return make(key);
    } finally {
      key.release();
    }
  }

  /**
   * Makes the tokens that are written: under the current key, and while the index moves under the next one too.
   * @throws KeyError, also where there is no key and this vault makes none
   */
  async withLookupKeys<Made>(make: (keys: WritingKeys) => Made): Promise<Made> {
    await this.#organization();
    const index = await this.#lookupKeys.writing(this.options.mayBind);
    const relations = await this.#lookupKeys.first(this.options.mayBind).catch((error: unknown) => {
      for (const key of index) key.release();
      throw error;
    });
    try {
      return make({ index, relations });
    } finally {
      for (const key of [...index, relations]) key.release();
    }
  }

  /** Makes what must be equal for ever, such as ids of imported entries, under the one key that never changes. @throws KeyError */
  async withConstantKey<Made>(make: (key: LookupKey) => Made): Promise<Made> {
    await this.#organization();
    const key = await this.#lookupKeys.first(this.options.mayBind);
    try {
      return make(key);
    } finally {
      key.release();
    }
  }

  #keyFor(ring: KeyRing, header: Uint8Array): Promise<PatientKey> {
    return this.#unwrap(ring, Buffer.from(header).readUInt32BE(2));
  }

  #unwrap(ring: KeyRing, version: number): Promise<PatientKey> {
    const wrapped = ring.versions.find((each) => each.version === version);
    if (ring.state === 'disposed') throw new KeyError('disposed', 'the keys of this patient are destroyed');
    if (!wrapped) throw new KeyError('invalid', 'an entry names a key version that is not there');
    return this.#keys.unwrap(ring.patient, wrapped);
  }

  #organization(): Promise<void> {
    const { documents, environment, mayBind } = this.options;
    const demand = mayBind ? demandOrganization : checkOrganization;
    this.#bound ??= demand(documents, environment.KEYS_TABLE, environment.ORGANIZATION).then(
      (bound) => {
        if (!bound) this.#bound = undefined; // the first patient may come, under any organization
      },
      (error: unknown) => {
        this.#bound = undefined; // asked again on the next request
        throw error;
      },
    );
    return this.#bound;
  }
}
