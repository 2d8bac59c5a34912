import { type DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { governanceKeys } from '../access/governance';
import { consistentQuery } from '../records/consistent-queries';
import { consistentItem } from '../records/consistent-reads';
import { category, patientId } from '../records/model';
import { putVersion, type TransactItem } from '../records/transaction';
import { letterStates } from './incident-duties';
import { type Incident, incidentItem } from './incident-model';
import { jurisdictionCodes } from './states';

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array);

/** Somebody whose information an incident concerns. Ids and codes: name and address are in their record and their letter. */
const personItem = z.object({
  notice: z.uuid(),
  patient: patientId,
  origin: z.enum(['query', 'added']),
  categories: z.array(category),
  /** how many accesses the scope found */
  events: z.int().min(0),
  residence: z.enum([...jurisdictionCodes, 'unknown']),
  /** the State of residence has not been looked up yet */
  residencePending: z.boolean(),
  removedBy: z.string().optional(),
  removedAt: z.string().optional(),
  state: z.enum(letterStates),
  channel: z.enum(['mail', 'email']).optional(),
  /** why no letter can be written */
  problem: z.enum(['no-name', 'no-address', 'next-of-kin-unknown', 'script', 'disposed']).optional(),
  document: z.object({ key: z.string(), sha256: z.string() }).optional(),
  /** a mail that could not be handed over waits for the sweep; `sending` belongs to whoever claimed it */
  mail: z.enum(['waiting', 'sending', 'sent']).optional(),
  mailClaimedAt: z.string().optional(),
  on: z.string().optional(),
  reference: z.string().optional(),
  version: z.int().positive(),
});
export type Person = z.infer<typeof personItem>;

const narrativeKinds = [
  'description',
  'discovery',
  'containment',
  'assessment',
  'determination',
  'hold',
  'person-added',
  'person-removed',
  'notice-content',
  'filing',
  'proof',
  'closing',
] as const;
/** Words about an incident, sealed under a key of their own. */
const narrativeItem = z.object({
  id: z.uuid(),
  kind: z.enum(narrativeKinds),
  author: z.string(),
  at: z.string(),
  sealed: z.object({ wrapped: bytes, header: bytes, field: bytes, footer: bytes }),
});
export type NarrativeItem = z.infer<typeof narrativeItem>;

/** A notice by e-mail as it will be sent, sealed: whoever sends it later reads no record for that. Kept as what was said. */
const mailItem = z.object({
  notice: z.uuid(),
  sealed: z.object({ wrapped: bytes, header: bytes, field: bytes, footer: bytes }),
});
export type MailItem = z.infer<typeof mailItem>;

/** One computation of the scope: what was asked of the audit log, and what came of it. */
const runItem = z.object({
  id: z.uuid(),
  query: z.object({
    actors: z.array(z.uuid()),
    from: z.string(),
    to: z.string(),
    actions: z.array(z.string()).optional(),
    bases: z.array(z.string()).optional(),
    purposes: z.array(z.string()).optional(),
  }),
  by: z.string(),
  at: z.string(),
  events: z.int(),
  people: z.int(),
  /** SHA-256 over the ids and hashes of the events, so that running it again shows whether it is the same */
  digest: z.string(),
  /** where the events came from */
  indexed: z.int(),
  unsealed: z.int(),
  /** of the stored list of events */
  key: z.string(),
});
export type Run = z.infer<typeof runItem>;

/** A document of an incident that is not one person's letter. */
const documentItem = z.object({
  name: z.string(),
  media: z.string(),
  key: z.string(),
  sha256: z.string(),
  at: z.string(),
  version: z.int().positive(),
});
export type DocumentItem = z.infer<typeof documentItem>;

/** The incidents of the governance table; all reads are consistent. */
export class IncidentStore {
  constructor(
    private readonly documents: DynamoDBDocumentClient,
    private readonly table: string,
  ) {}

  read(id: string): Promise<Incident | undefined> {
    return consistentItem(this.documents, this.table, governanceKeys.incident(id), incidentItem);
  }

  /** @returns ids, newest first */
  async ids(): Promise<string[]> {
    const items = await this.#query(governanceKeys.listedIncident('').PK);
    return items.map((item) => String(item['SK'])).reverse();
  }

  async all(): Promise<Incident[]> {
    const found: Incident[] = [];
    for (const id of await this.ids()) {
      const incident = await this.read(id);
      if (incident) found.push(incident);
    }
    return found;
  }

  /** @returns everybody whom the incident concerns or was thought to, those who were removed among them */
  people = (id: string): Promise<Person[]> => this.#parts(id, 'PERSON', personItem);
  narratives = (id: string): Promise<NarrativeItem[]> => this.#parts(id, 'NARRATIVE', narrativeItem);
  runs = (id: string): Promise<Run[]> => this.#parts(id, 'RUN', runItem);
  files = (id: string): Promise<DocumentItem[]> => this.#parts(id, 'DOCUMENT', documentItem);

  mail(id: string, notice: string): Promise<MailItem | undefined> {
    return consistentItem(this.documents, this.table, governanceKeys.ofIncident(id, 'MAIL', notice), mailItem);
  }

  /** @returns incidents that name a person, as the item has them */
  async naming(sub: string): Promise<ReadonlySet<string>> {
    const { Item } = await this.documents.send(
      new GetCommand({ TableName: this.table, Key: governanceKeys.incidentSubject(sub), ConsistentRead: true }),
    );
    return z.object({ incidents: z.set(z.string()).default(new Set()) }).parse(Item ?? {}).incidents;
  }

  /** @returns the writes of a new incident */
  create(incident: Incident): TransactItem[] {
    return openIncident(this.table, incident);
  }

  /** @returns the write of an incident's next version; fails when it changed since it was read */
  replace(before: Incident, after: Incident): TransactItem {
    return putVersion(this.table, { ...governanceKeys.incident(after.id), ...after }, before.version);
  }

  addNarrative(incident: string, item: NarrativeItem): TransactItem {
    return this.#put(governanceKeys.ofIncident(incident, 'NARRATIVE', item.id), item, 'attribute_not_exists(PK)');
  }

  addRun(incident: string, item: Run): TransactItem {
    return this.#put(governanceKeys.ofIncident(incident, 'RUN', item.id), item, 'attribute_not_exists(PK)');
  }

  putMail(incident: string, item: MailItem): TransactItem {
    return this.#put(governanceKeys.ofIncident(incident, 'MAIL', item.notice), item);
  }

  putFile(incident: string, item: DocumentItem): TransactItem {
    return this.#put(governanceKeys.ofIncident(incident, 'DOCUMENT', item.name), item);
  }

  /** @returns the write of a person; fails when somebody else changed them since they were read */
  putPerson(incident: string, before: Person | undefined, after: Person): TransactItem {
    const key = governanceKeys.ofIncident(incident, 'PERSON', after.patient);
    return putVersion(this.table, { ...key, ...after }, before?.version ?? 0);
  }

  /** @returns the writes by which nobody is named by this incident any more */
  async release(incident: Incident): Promise<TransactItem[]> {
    return Promise.all(
      incident.subjects.map(async (sub): Promise<TransactItem> => {
        const naming = await this.naming(sub);
        const Key = governanceKeys.incidentSubject(sub);
        const own = new Set([incident.id]);
        if ([...naming].every((id) => id === incident.id))
          return {
            Delete: {
              TableName: this.table,
              Key,
              // A review of an emergency access may have named them too: this incident was what came of it.
              ConditionExpression: 'attribute_not_exists(incidents) OR incidents = :own',
              ExpressionAttributeValues: { ':own': own },
            },
          };
        return {
          Update: {
            TableName: this.table,
            Key,
            UpdateExpression: 'DELETE incidents :own',
            ExpressionAttributeValues: { ':own': own },
          },
        };
      }),
    );
  }

  #put(key: object, item: object, ConditionExpression?: string): TransactItem {
    return {
      Put: { TableName: this.table, Item: { ...key, ...item }, ...(ConditionExpression && { ConditionExpression }) },
    };
  }

  async #parts<Item>(
    id: string,
    kind: 'PERSON' | 'NARRATIVE' | 'RUN' | 'DOCUMENT',
    schema: z.ZodType<Item>,
  ): Promise<Item[]> {
    const items = await this.#query(governanceKeys.incident(id).PK, `${kind}#`);
    return items.map((item) => schema.parse(item));
  }

  #query(PK: string, prefix?: string): Promise<Record<string, unknown>[]> {
    return consistentQuery(this.documents, { table: this.table, PK, ...(prefix && { prefix }) });
  }
}

/**
 * @returns the writes of a new incident, for the transaction of whatever opens it: a person, or an alert. Whoever it names
 *   opens no emergency access from then on.
 */
export function openIncident(table: string, incident: Incident): TransactItem[] {
  const put = (Item: Record<string, unknown>): TransactItem => ({
    Put: { TableName: table, Item, ConditionExpression: 'attribute_not_exists(PK)' },
  });
  return [
    put({ ...governanceKeys.incident(incident.id), ...incident }),
    put({ ...governanceKeys.listedIncident(incident.id), id: incident.id }),
    ...nameSubjects(table, incident),
  ];
}

export const nameSubjects = (table: string, { id, subjects }: Incident): TransactItem[] =>
  subjects.map((sub) => ({
    Update: {
      TableName: table,
      Key: governanceKeys.incidentSubject(sub),
      UpdateExpression: 'ADD incidents :own',
      ExpressionAttributeValues: { ':own': new Set([id]) },
    },
  }));

/** @returns those whom it concerns: who was removed is kept beside, with the reason */
export const concerned = (people: readonly Person[]): Person[] =>
  people.filter(({ removedAt }) => removedAt === undefined);

/** @returns those of the people whose notice by e-mail is not handed over yet */
export const mailWaits = (people: readonly Person[]): Person[] =>
  concerned(people).filter(({ mail }) => mail === 'waiting' || mail === 'sending');
