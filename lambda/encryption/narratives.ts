import type { KMSClient } from '@aws-sdk/client-kms';
import { decodeValue, encodeValue } from './codec';
import { openEnvelope, sealEnvelope } from './envelope';
import { EnvelopeError } from './envelope-error';
import { governanceTags } from './fields';
import { wrappedByKms } from './kms-keys';
import { PatientKeys } from './patient-keys';
import { Sealed } from './sealed';

/** A person's words, sealed under a key of their own. */
export interface SealedNarrative {
  readonly wrapped: Uint8Array;
  readonly header: Uint8Array;
  readonly field: Uint8Array;
  readonly footer: Uint8Array;
}

/** What a narrative is bound to: moved to another subject it does not open. */
export interface NarrativePlace {
  /** of the patient that it may speak of; empty where it is of no single one */
  readonly patient: string;
  readonly type: 'emergency-access' | 'incident';
  /** what it is part of; the key is made for this id and no other */
  readonly id: string;
}

const versions = { schemaVersion: 1, recordVersion: 1 };
const tag = governanceTags.first;
const nothing: ReadonlyMap<string, string> = new Map();

/** Narratives of the governance table may name patients, so they are ciphertext there. 45 CFR 164.312(a)(2)(iv). */
export class Narratives {
  readonly #keys: PatientKeys;

  constructor(
    private readonly options: {
      readonly kms: KMSClient;
      readonly keyId: string;
      readonly organization: string;
      readonly clock: () => Date;
    },
  ) {
    this.#keys = new PatientKeys(options);
  }

  /** @throws KeyError */
  async seal(place: NarrativePlace, text: string): Promise<SealedNarrative> {
    const { key, wrapped } = await this.#keys.generate(place.id, 1, 'governance');
    try {
      const sealed = sealEnvelope(key, this.#context(place), versions, new Map([[tag, encodeValue(text)]]), nothing);
      const field = sealed.fields.get(tag);
      if (!field) throw new EnvelopeError('form');
      return { wrapped: wrapped.wrapped, header: sealed.header, field, footer: sealed.footer };
    } finally {
      key.release();
    }
  }

  /** @returns the text, which only the receipt of its own event releases. @throws EnvelopeError, KeyError */
  async open(place: NarrativePlace, { wrapped, header, field, footer }: SealedNarrative): Promise<Sealed<string>> {
    const stored = { version: 1, wrapAlg: wrappedByKms, wrapped, createdAt: '' };
    const key = await this.#keys.unwrap(place.id, stored, 'governance');
    try {
      const envelope = { header, fields: new Map([[tag, field]]), footer };
      const plaintext = openEnvelope(key, this.#context(place), envelope, nothing, { permitted: [tag] }).get(tag);
      const text = plaintext && decodeValue(plaintext);
      if (typeof text !== 'string') throw new EnvelopeError('encoding');
      return new Sealed({ patient: place.patient, type: place.type, id: place.id, version: 1 }, text);
    } finally {
      key.release();
    }
  }

  #context({ patient, type, id }: NarrativePlace) {
    return { organization: this.options.organization, patient, type, record: id };
  }
}
