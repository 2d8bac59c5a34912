import { type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { consistentQuery, type Projection } from './consistent-queries';
import { ConsistentReads } from './consistent-reads';
import {
  type Category,
  category,
  currentKey,
  entryId,
  patientId,
  type RecordItem,
  recordsPartition,
  structuredCategories,
  versionKey,
} from './model';
import { putVersion, type TransactItem } from './transaction';

/** The patient as such: that there is one, and under which blind tokens it is found. `SK` is `PATIENT`. Holds no PHI. */
export const patientItem = z.object({
  PK: z.string(),
  SK: z.literal('PATIENT'),
  patient: patientId,
  createdAt: z.string(),
  createdBy: z.string(),
  /** keys of the lookup items that stand for this patient */
  lookups: z.array(z.object({ PK: z.string(), SK: z.string() })),
  /** entries of later imports are not shown yet */
  importSequence: z.int().min(0),
  /** when that import was committed; absent before the first */
  importedAt: z.string().optional(),
  /** the import that is being stored at the moment */
  importing: z.string().optional(),
  /** that import makes the patient known: until it is committed there is nobody here */
  registering: z.boolean().optional(),
  /** the keys are destroyed: there is nothing here any more */
  disposedAt: z.string().optional(),
  version: z.int().positive(),
});
export type PatientItem = z.infer<typeof patientItem>;

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array);
const recordItem = z.object({
  PK: z.string(),
  SK: z.string(),
  category,
  entry: entryId,
  version: z.int().positive(),
  createdAt: z.string(),
  updatedAt: z.string(),
  author: z.string(),
  importSequence: z.int().positive().optional(),
  contentToken: z.string().optional(),
  header: bytes,
  fields: z.record(z.string(), bytes),
  footer: bytes,
});

const currentVersion = recordItem.pick({ category: true, entry: true, version: true, header: true });
const fingerprint = z.object({ contentToken: z.string().optional(), importSequence: z.int().optional() });

/** A read that began within this time of an import's commit may have seen a part of it, and is made again. */
const commitWindowMilliseconds = 5000;

/** The records table. All reads are consistent; what it gives back is ciphertext. */
export class RecordStore {
  readonly #reads: ConsistentReads;

  constructor(
    private readonly documents: DynamoDBDocumentClient,
    private readonly table: string,
    private readonly clock: () => Date,
  ) {
    this.#reads = ConsistentReads.of(documents);
  }

  async patient(patient: string): Promise<PatientItem | undefined> {
    const Key = { PK: recordsPartition(patient), SK: 'PATIENT' };
    const item = await this.#reads.get(this.table, Key);
    return item && patientItem.parse(item);
  }

  /** @returns the patient, unless an import is still registering it or it was disposed of */
  async known(patient: string): Promise<PatientItem | undefined> {
    const found = await this.patient(patient);
    return found?.registering || found?.disposedAt ? undefined : found;
  }

  /** @returns the patient and the current version of one entry, in one round trip */
  async entry(patient: string, name: Category, entry: string): Promise<PatientAnd<RecordItem | undefined>> {
    return this.#withPatient(patient, () => this.#get(patient, currentKey(name, entry)));
  }

  /** @returns the patient and the current entries of a category, oldest first, in one round trip (more for many pages) */
  async entries(patient: string, name: Category): Promise<PatientAnd<readonly RecordItem[]>> {
    return this.#withPatient(patient, () => this.#query(patient, `C#${name}#`));
  }

  /** @returns the patient and every current entry of every category */
  async record(patient: string): Promise<PatientAnd<readonly RecordItem[]>> {
    return this.#withPatient(patient, () => this.#query(patient, 'C#'));
  }

  /** @returns the patient and its structured entries */
  async structured(patient: string): Promise<PatientAnd<readonly RecordItem[]>> {
    return this.#withPatient(patient, async () => {
      const found = await Promise.all(structuredCategories.map((name) => this.#get(patient, currentKey(name, 'main'))));
      return found.filter((item) => item !== undefined);
    });
  }

  /** @returns the patient and the earlier versions of an entry, oldest first */
  async versions(patient: string, name: Category, entry: string): Promise<PatientAnd<readonly RecordItem[]>> {
    return this.#withPatient(patient, () => this.#query(patient, `V#${name}#${entry}#`));
  }

  async version(patient: string, name: Category, entry: string, version: number): Promise<RecordItem | undefined> {
    return this.#get(patient, versionKey(name, entry, version));
  }

  /** @returns what an import compares with, by sort key: no ciphertext is read */
  async fingerprints(patient: string): Promise<ReadonlyMap<string, z.infer<typeof fingerprint>>> {
    const items = await this.#all(patient, 'C#', { ProjectionExpression: 'SK, contentToken, importSequence' });
    return new Map(items.map((item) => [String(item['SK']), fingerprint.parse(item)]));
  }

  /** @returns which version of each entry is the current one, also of imports that are not committed */
  async currentVersions(patient: string): Promise<readonly z.infer<typeof currentVersion>[]> {
    const items = await this.#all(patient, 'C#', {
      ProjectionExpression: 'category, entry, #version, #header',
      ExpressionAttributeNames: { '#version': 'version', '#header': 'header' },
    });
    return items.map((item) => currentVersion.parse(item));
  }

  /** @returns the ids of the patients that a lookup item stands for, at most `limit` */
  async lookup(PK: string, limit: number): Promise<string[]> {
    const { Items } = await this.documents.send(
      new QueryCommand({
        TableName: this.table,
        KeyConditionExpression: 'PK = :pk',
        ExpressionAttributeValues: { ':pk': PK },
        ConsistentRead: true,
        Limit: limit,
      }),
    );
    return (Items ?? []).map((item) => patientId.parse(item['patient']));
  }

  /** @returns a write of a first version that fails when the entry exists */
  create(item: RecordItem): TransactItem {
    return { Put: { TableName: this.table, Item: item, ConditionExpression: 'attribute_not_exists(PK)' } };
  }

  /** @returns the writes that keep `old` as a version and put `next` in its place, failing when it is there no more */
  replace(old: RecordItem, next: RecordItem): TransactItem[] {
    return [
      putVersion(this.table, { ...next }, old.version),
      this.create({ ...old, SK: versionKey(old.category, old.entry, old.version) }),
    ];
  }

  async #withPatient<Items>(patient: string, read: () => Promise<Items>): Promise<PatientAnd<Items>> {
    const began = this.clock().getTime();
    const [found, items] = await Promise.all([this.known(patient), read()]);
    const committed = found?.importedAt ? Date.parse(found.importedAt) : Number.NEGATIVE_INFINITY;
    const torn = committed > began - commitWindowMilliseconds;
    return { patient: found, items: shown(torn ? await read() : items, found) };
  }

  async #get(patient: string, SK: string): Promise<RecordItem | undefined> {
    const item = await this.#reads.get(this.table, { PK: recordsPartition(patient), SK });
    return item && recordItem.parse(item);
  }

  async #query(patient: string, prefix: string): Promise<readonly RecordItem[]> {
    return (await this.#all(patient, prefix)).map((item) => recordItem.parse(item));
  }

  /** @returns every item of a patient whose sort key begins so, in the order of the keys */
  #all(patient: string, prefix: string, projection: Projection = {}): Promise<Record<string, unknown>[]> {
    return consistentQuery(this.documents, { table: this.table, PK: recordsPartition(patient), prefix }, projection);
  }
}

export interface PatientAnd<Items> {
  readonly patient: PatientItem | undefined;
  readonly items: Items;
}

/** Leaves out what an import has stored that is not committed: a bundle is there whole or not at all. */
function shown<Items>(items: Items, patient: PatientItem | undefined): Items {
  const visible = (item: RecordItem): boolean => (item.importSequence ?? 0) <= (patient?.importSequence ?? 0);
  if (Array.isArray(items)) return items.filter(visible) as Items;
  return items && !visible(items as unknown as RecordItem) ? (undefined as Items) : items;
}
