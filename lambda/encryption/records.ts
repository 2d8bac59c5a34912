import {
  type Category,
  currentKey,
  isStructured,
  type RecordItem,
  type RecordMetadata,
  recordsPartition,
  versionKey,
} from '../records/model';
import { decodeValue, encodeValue, type Json } from './codec';
import type { PatientKey } from './data-key';
import { type Envelope, openEnvelope, readHeader, sealEnvelope } from './envelope';
import { EnvelopeError } from './envelope-error';
import { isFieldTag } from './envelope-form';
import { belongs, bodyField, fieldOf, stagedPartTag, tagOf } from './fields';
import { Sealed } from './sealed';
import { contentsOf } from './sealed-contents';

/** A structured category's fields by name; for a list category the whole body of one entry. JSON all the way down. */
export type RecordValue = Readonly<Record<string, unknown>>;

/** how the plaintexts are encoded and the fields registered; a reader refuses a schema that it does not know */
const schemaVersion = 1;

/**
 * Seals one version of one entry as the records table holds it, under the key of a current entry. Everything of the item
 * but `PK` and `SK` is bound: an earlier version moves from `C#` to `V#` unchanged.
 * @throws EnvelopeError for a field that is not registered or a value that JSON has no form for
 */
export function sealRecord(
  key: PatientKey,
  organization: string,
  entry: RecordMetadata & { readonly patient: string },
  value: RecordValue | Sealed<RecordValue>,
): RecordItem {
  const { patient, category, entry: id, version, createdAt, updatedAt, author, importSequence, contentToken } = entry;
  if (!Number.isSafeInteger(version) || version < 1) throw new EnvelopeError('argument');
  const envelope = sealEnvelope(
    key,
    { organization, patient, type: category, record: id },
    { schemaVersion, recordVersion: version },
    encodeFields(category, value instanceof Sealed ? contentsOf(value) : value),
    attributesOf(entry),
  );
  return {
    PK: recordsPartition(patient),
    SK: currentKey(category, id),
    category,
    entry: id,
    version,
    createdAt,
    updatedAt,
    author,
    ...(importSequence === undefined ? {} : { importSequence }),
    ...(contentToken === undefined ? {} : { contentToken }),
    ...stored(envelope),
  };
}

export interface OpenRecordOptions {
  /** the fields that may be decrypted; without it all of them. Every other field stays ciphertext. 45 CFR 164.502(b) */
  readonly fields?: readonly string[];
  /** the newest version that the caller knows of */
  readonly floor?: number;
}

/**
 * Opens an entry, in the place that it was sealed for: under its patient, category and entry, as the current or as exactly that
 * earlier version.
 * @throws EnvelopeError whenever anything at all is not as it was sealed
 */
export function openRecord(
  key: PatientKey,
  organization: string,
  item: RecordItem,
  { fields, floor }: OpenRecordOptions = {},
): Sealed<RecordValue> {
  const patient = patientOf(item.PK);
  const { category, entry, version } = item;
  if (item.SK !== currentKey(category, entry) && item.SK !== versionKey(category, entry, version))
    throw new EnvelopeError('place');
  const header = readHeader(item.header);
  const opened = openEnvelope(
    key,
    { organization, patient, type: category, record: entry },
    envelopeOf(item),
    attributesOf({ ...item, patient }),
    {
      permitted: fields ? fields.map((field) => tagOf(category, field)) : 'all',
      ...(floor === undefined ? {} : { floor }),
    },
  );
  if (header.recordVersion !== version || header.schemaVersion !== schemaVersion) throw new EnvelopeError('place');
  return new Sealed({ patient, type: category, id: entry, version }, decodeFields(category, opened));
}

/** What stands in a staged part's item beside its keys. */
export interface StagedEnvelope {
  readonly header: Uint8Array<ArrayBuffer>;
  readonly fields: Record<string, Uint8Array<ArrayBuffer>>;
  readonly footer: Uint8Array<ArrayBuffer>;
}

/**
 * Seals one staged part of an import.
 * @param key of the import itself, wrapped for the purpose `import`: the parts end with it
 */
export function sealStaged(
  key: PatientKey,
  organization: string,
  importId: string,
  part: number,
  entries: readonly unknown[],
): StagedEnvelope {
  return stored(
    sealEnvelope(
      key,
      stagedContext(organization, importId, part),
      { schemaVersion, recordVersion: 1 },
      new Map([[stagedPartTag, encodeValue(entries)]]),
      stagedAttributes(importId, part),
    ),
  );
}

/** @returns the entries of a staged part, which no receipt can release. @throws EnvelopeError */
export function openStaged(
  key: PatientKey,
  organization: string,
  importId: string,
  part: number,
  staged: Pick<RecordItem, 'header' | 'fields' | 'footer'>,
): Sealed<readonly unknown[]> {
  const opened = openEnvelope(
    key,
    stagedContext(organization, importId, part),
    envelopeOf(staged),
    stagedAttributes(importId, part),
    { permitted: [stagedPartTag] },
  );
  const plaintext = opened.get(stagedPartTag);
  const entries = plaintext && decodeValue(plaintext);
  if (!Array.isArray(entries)) throw new EnvelopeError('encoding');
  return new Sealed({ patient: importId, type: 'import', id: String(part), version: 1 }, entries);
}

const stagedContext = (organization: string, importId: string, part: number) =>
  ({ organization, patient: importId, type: 'import', record: String(part) }) as const;
const stagedAttributes = (importId: string, part: number) =>
  new Map([
    ['import', importId],
    ['part', String(part)],
  ]);

/** What stands readable beside the envelope, as its footer binds it. Numbers in decimal. */
function attributesOf(entry: RecordMetadata & { readonly patient: string }): Map<string, string> {
  const { patient, category, entry: id, version, createdAt, updatedAt, author, importSequence, contentToken } = entry;
  return new Map([
    ['patient', patient],
    ['category', category],
    ['entry', id],
    ['version', String(version)],
    ['createdAt', createdAt],
    ['updatedAt', updatedAt],
    ['author', author],
    ...(importSequence === undefined ? [] : [['importSequence', String(importSequence)] as const]),
    ...(contentToken === undefined ? [] : [['contentToken', contentToken] as const]),
  ]);
}

function encodeFields(category: Category, value: RecordValue): Map<number, Buffer> {
  if (!isStructured(category)) return new Map([[tagOf(category, bodyField), encodeValue(value)]]);
  const present = Object.entries(value).filter(([, content]) => content !== undefined);
  return new Map(present.map(([field, content]) => [tagOf(category, field), encodeValue(content)]));
}

function decodeFields(category: Category, opened: ReadonlyMap<number, Buffer>): RecordValue {
  for (const tag of opened.keys()) if (!belongs(tag, category)) throw new EnvelopeError('tag');
  const named = [...opened].map(([tag, plaintext]) => [fieldOf(tag).field, decodeValue(plaintext)] as const);
  if (isStructured(category)) return Object.fromEntries(named);
  const [body] = named;
  if (!body) return {};
  if (!isObject(body[1])) throw new EnvelopeError('encoding');
  return body[1];
}

function isObject(value: Json): value is { readonly [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function patientOf(partition: string): string {
  const patient = partition.slice('P#'.length);
  if (partition !== recordsPartition(patient)) throw new EnvelopeError('place');
  return patient;
}

function stored({ header, fields, footer }: ReturnType<typeof sealEnvelope>): StagedEnvelope {
  return { header, fields: Object.fromEntries([...fields].map(([tag, blob]) => [String(tag), blob])), footer };
}

function envelopeOf({ header, fields, footer }: Pick<RecordItem, 'header' | 'fields' | 'footer'>): Envelope {
  const byTag = new Map<number, Uint8Array>();
  for (const [name, blob] of Object.entries(fields)) {
    const tag = Number(name);
    // One form only: `1`, `01` and `1.0` would be three names of one tag.
    if (!isFieldTag(tag) || String(tag) !== name) throw new EnvelopeError('form');
    byTag.set(tag, blob);
  }
  return { header, fields: byTag, footer };
}
