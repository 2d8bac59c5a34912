import { randomBytes } from 'node:crypto';
import { encodeValue } from '../../lambda/encryption/codec';
import { PatientKey } from '../../lambda/encryption/data-key';
import { type Envelope, type EnvelopeContext, openEnvelope, sealEnvelope } from '../../lambda/encryption/envelope';
import { EnvelopeError, type EnvelopeErrorCode } from '../../lambda/encryption/envelope-error';

/** One record to tamper with: three fields, the attributes that Ward binds. */
export const context: EnvelopeContext = {
  organization: 'example-clinic',
  patient: '0b8e7f0a-5c1d-4e7b-9a55-3d2f6c7e8a91',
  type: 'demographics',
  record: 'main',
};
export const attributes: ReadonlyMap<string, string> = new Map([
  ['patient', context.patient],
  ['category', 'demographics'],
  ['entry', 'main'],
  ['version', '4'],
  ['createdAt', '2026-01-15T08:30:00.000Z'],
  ['updatedAt', '2026-02-01T10:00:00.000Z'],
  ['author', '7d0c3b52-63f4-4f0e-8b7e-1f0e9d2c4a66'],
]);
export const versions = { schemaVersion: 1, recordVersion: 4 };
export const fields: ReadonlyMap<number, Buffer> = new Map([
  [1, encodeValue('Patient')],
  [14, encodeValue('female')],
  [15, encodeValue('1979-12-31')],
]);
export const keyBytes = randomBytes(32);
export const key = PatientKey.from(3, keyBytes);

export interface Whole {
  readonly key: PatientKey;
  readonly context: EnvelopeContext;
  readonly envelope: Envelope;
  readonly attributes: ReadonlyMap<string, string>;
}

export const whole = (): Whole => ({
  key,
  context,
  attributes,
  envelope: sealEnvelope(key, context, versions, fields, attributes),
});

/** @returns the code of the refusal, or what opening gave */
export function outcome(open: () => unknown): EnvelopeErrorCode | { readonly accepted: unknown } {
  try {
    return { accepted: open() };
  } catch (error) {
    if (error instanceof EnvelopeError && error.message === 'the envelope was refused') return error.code;
    throw error;
  }
}

export const openWhole = ({ key, context, envelope, attributes }: Whole, floor?: number) =>
  outcome(() =>
    openEnvelope(key, context, envelope, attributes, { permitted: 'all', ...(floor === undefined ? {} : { floor }) }),
  );

export function flipped(bytes: Uint8Array, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
  return copy;
}
