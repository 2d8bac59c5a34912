import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { ArchiveStore } from '../../lambda/audit/archive-store';
import { BucketArchive } from '../../lambda/audit/bucket-archive';
import { canonicalize } from '../../lambda/audit/canonical';
import { CheckpointSigner } from '../../lambda/audit/checkpoint-signer';
import { Checkpoints } from '../../lambda/audit/checkpoints';
import { auditEvent, type EventDraft } from '../../lambda/audit/event';
import { isWarning } from '../../lambda/audit/finding';
import { leafHash } from '../../lambda/audit/lane';
import { decodeLeaf, type Leaf } from '../../lambda/audit/leaf';
import { leavesPrefix, segmentPrefix } from '../../lambda/audit/log-keys';
import { LogStore } from '../../lambda/audit/log-store';
import { Outbox } from '../../lambda/audit/outbox';
import { OutboxReader } from '../../lambda/audit/outbox-reader';
import { Reconciliation } from '../../lambda/audit/reconciliation';
import { Sealing } from '../../lambda/audit/sealing';
import { readSegment } from '../../lambda/audit/segment';
import { type Verification, verifyArchive } from '../../lambda/audit/verify';
import { type Cloud, type CloudOptions, startCloud } from '../../local/cloud';
import { type Change, changedAssembly, functionIn, type Template } from './own-cloud';

/** Schedules never come: each test says itself when a minute has passed. */
const still: NonNullable<CloudOptions['scheduleClock']> = { now: Date.now, at: () => () => undefined };

/** What a test does to a client's calls: throws instead of making one, or after it was made. */
export type Meddle = (service: string, command: string) => 'before' | 'after' | undefined;
export class Killed extends Error {}

/** The audit log of a laptop cloud without people: its parts run here, under the roles of their functions. */
export class AuditCloud {
  /** of every part; real until a test sets it */
  now: () => Date = () => new Date();

  private constructor(
    readonly cloud: Cloud,
    readonly directory: string,
    private readonly templates: readonly Template[],
  ) {}

  static async start(
    options: { directory?: string; change?: Change; intercept?: CloudOptions['intercept'] } = {},
  ): Promise<AuditCloud> {
    const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'ward-audit-'));
    const templates: Template[] = [];
    const change: Change = (template, stack) => {
      options.change?.(template, stack);
      templates.push(template);
    };
    const cloud = await startCloud({
      assembly: changedAssembly(directory, change),
      directory: join(directory, 'state'),
      port: 0,
      reset: false,
      scheduleClock: still,
      ...(options.intercept && { intercept: options.intercept }),
    });
    return new AuditCloud(cloud, directory, templates);
  }

  /** @returns the logical id of a function, by the `<name>` of its `<name>.lambda.ts` */
  functions(): (name: string) => string {
    return (name) => functionIn(this.templates, name).id;
  }

  async remove(): Promise<void> {
    await this.cloud.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  output(name: string): string {
    const value = Object.assign({}, ...Object.values(this.cloud.outputs))[name];
    if (typeof value !== 'string') throw new Error(`no output ${name}`);
    return value;
  }

  /** @param role the `<name>` of a function; none: the account's root */
  clients(role?: string, meddle: Meddle = () => undefined) {
    const { region, urls } = this.cloud;
    const credentials = role ? this.cloud.credentialsOf(`ward-local-${role}`) : this.cloud.credentials;
    const common = { region, credentials, maxAttempts: 2 };
    const dynamodb = new DynamoDBClient({ ...common, endpoint: urls.dynamodb });
    const s3 = new S3Client({ ...common, endpoint: urls.s3, forcePathStyle: true });
    const kms = new KMSClient({ ...common, endpoint: urls.kms });
    const documents = DynamoDBDocumentClient.from(dynamodb, { marshallOptions: { removeUndefinedValues: true } });
    const meddled = (service: string) => (next: (args: never) => Promise<never>, context: { commandName?: string }) => {
      return async (args: never) => {
        const when = meddle(service, context.commandName ?? '');
        if (when === 'before') throw new Killed();
        const answer = await next(args);
        if (when === 'after') throw new Killed();
        return answer;
      };
    };
    // biome-ignore lint/suspicious/noExplicitAny: the three clients' stacks differ in types that no test looks at
    const add = (stack: any, service: string) => stack.add(meddled(service), { step: 'initialize', name: 'meddle' });
    add(documents.middlewareStack, 'dynamodb');
    add(s3.middlewareStack, 's3');
    add(kms.middlewareStack, 'kms');
    return { documents, s3, kms };
  }

  /** A function instance's lane. */
  outbox(role = 'entries', meddle?: Meddle): Outbox {
    return new Outbox({
      documents: this.clients(role, meddle).documents,
      table: this.output('AuditTable'),
      origin: this.origin,
      functionName: role,
      clock: () => this.now(),
    });
  }

  get origin(): string {
    return `ward/${this.output('Organization')}/${this.output('Stage')}`;
  }

  checkpoints(meddle?: Meddle, keys = this.output('SigningKeys')): Checkpoints {
    const { documents, s3, kms } = this.clients('checkpointer', meddle);
    return new Checkpoints({
      archive: new ArchiveStore(s3, this.output('ArchiveBucket')),
      store: this.logStore('checkpointer', meddle),
      outbox: new OutboxReader(documents, this.output('AuditTable')),
      signer: new CheckpointSigner(kms, keys.split(' ')),
      origin: this.origin,
      formatPage: '0'.repeat(64),
      clock: () => this.now(),
    });
  }

  logStore(role = 'checkpointer', meddle?: Meddle): LogStore {
    return new LogStore(this.clients(role, meddle).documents, this.output('AuditLogTable'), () => this.now());
  }

  sealing(role: 'sealer' | 'reconciler' = 'sealer', meddle?: Meddle): Sealing {
    const { documents, s3 } = this.clients(role, meddle);
    return new Sealing({
      documents,
      archive: new ArchiveStore(s3, this.output('ArchiveBucket')),
      logTable: this.output('AuditLogTable'),
      indexTable: this.output('AuditIndexTable'),
      clock: () => this.now(),
    });
  }

  reconciliation(): Reconciliation {
    const { documents, s3 } = this.clients('reconciler');
    return new Reconciliation({
      archive: new ArchiveStore(s3, this.output('ArchiveBucket')),
      outbox: new OutboxReader(documents, this.output('AuditTable')),
      sealing: this.sealing('reconciler'),
      state: async () => (await this.logStore('reconciler').read()).state,
      clock: () => this.now(),
    });
  }

  get archive(): BucketArchive {
    return new BucketArchive(this.clients('verification').s3, this.output('ArchiveBucket'));
  }

  async verify(reference = this.now()): Promise<Verification> {
    const [key] = await new CheckpointSigner(
      this.clients('verification').kms,
      this.output('SigningKeys').split(' '),
    ).keys();
    return verifyArchive(this.archive, { fingerprint: key?.fingerprint ?? '', reference });
  }

  /** every event of the outbox, as its writers stored it */
  async outboxLines(): Promise<string[]> {
    const lines: string[] = [];
    let ExclusiveStartKey: Record<string, unknown> | undefined;
    do {
      const page = await this.clients().documents.send(
        new ScanCommand({ TableName: this.output('AuditTable'), ConsistentRead: true, ExclusiveStartKey }),
      );
      lines.push(...(page.Items ?? []).flatMap(({ line }) => (typeof line === 'string' ? [line] : [])));
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey);
    return lines.sort();
  }

  /** Puts another well-formed event in the place of the one of that sequence, as a writer's stolen credentials could. */
  async replaceEvent(seq: number): Promise<void> {
    const lines = (await this.outboxLines()).map((line) => ({ line, event: auditEvent.parse(JSON.parse(line)) }));
    const found = lines.find(({ event }) => event.seq === seq);
    if (!found) throw new Error('no such event');
    const { lane } = found.event;
    const line = canonicalize({ ...found.event, purpose: 'PAYMENT' });
    const Item = {
      PK: `LANE#${lane}`,
      SK: String(seq).padStart(12, '0'),
      line,
      hash: leafHash(line),
      ttl: Math.floor(Date.now() / 1000) + 86_400,
    };
    await this.clients('entries').documents.send(new PutCommand({ TableName: this.output('AuditTable'), Item }));
  }

  /** every event of the archive, once however often it is there */
  async archivedLines(): Promise<string[]> {
    const lines = new Set<string>();
    for await (const { key } of this.archive.list(segmentPrefix)) {
      const bytes = await this.archive.read(key);
      for (const line of bytes ? readSegment(bytes).lines : []) lines.add(line);
    }
    return [...lines].sort();
  }

  async leaves(): Promise<Leaf[]> {
    const leaves: Leaf[] = [];
    for await (const { key } of this.archive.list(leavesPrefix)) {
      const text = (await this.archive.read(key))?.toString('utf8') ?? '';
      leaves.push(...text.trimEnd().split('\n').map(decodeLeaf));
    }
    return leaves;
  }

  /** Nothing is lost, nothing invented, and an auditor would say so. */
  async expectWhole(reference?: Date): Promise<void> {
    const { findings, ok } = await this.verify(reference);
    expect(findings.filter((finding) => !isWarning(finding))).toEqual([]);
    expect(ok).toBe(true);
    expect(await this.archivedLines()).toEqual(await this.outboxLines());
  }
}

/** An event as a read of somebody's record writes it. */
export const read = (patient: string = randomUUID()): EventDraft => ({
  action: 'entries.read',
  actor: { mfa: true, role: 'clinician', session: randomUUID(), sub: randomUUID() },
  basis: 'care-team',
  categories: ['notes'],
  outcome: 'permit',
  patient,
  purpose: 'TREAT',
  reason: null,
  request: null,
  resources: [{ id: randomUUID(), type: 'notes', version: 1 }],
});

/** @returns a clock that stands still, so many minutes from now */
export const minutesFromNow = (minutes: number): (() => Date) => {
  const at = new Date(Date.now() + minutes * 60_000);
  return () => at;
};
