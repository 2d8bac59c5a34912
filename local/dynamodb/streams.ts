import { randomUUID } from 'node:crypto';
import type { Item, Level } from 'dynalite/db';
import { z } from 'zod';
import { ServiceError } from '../service';
import { invalid } from './engine';
import { itemBytes } from './items';
import { keyOf, prefixes, under } from './layout';
import type { Table, Tables } from './tables';

/** A change as `GetRecords` gives it. */
export interface StoredRecord {
  readonly eventID: string;
  readonly eventName: 'INSERT' | 'MODIFY' | 'REMOVE';
  readonly eventVersion: '1.1';
  readonly eventSource: 'aws:dynamodb';
  readonly awsRegion: string;
  /** present when TTL deleted the item */
  readonly userIdentity?: { readonly Type: 'Service'; readonly PrincipalId: 'dynamodb.amazonaws.com' };
  readonly dynamodb: {
    /** seconds since 1970 */
    readonly ApproximateCreationDateTime: number;
    readonly Keys: Item;
    readonly NewImage?: Item;
    readonly OldImage?: Item;
    readonly SequenceNumber: string;
    readonly SizeBytes: number;
    readonly StreamViewType: string;
  };
}

/** A change as Lambda hands it to a function: `Records[n]` of a DynamoDBStreamEvent. */
export interface StreamRecord extends Omit<StoredRecord, 'userIdentity'> {
  readonly eventSourceARN: string;
  readonly userIdentity?: { readonly type: 'Service'; readonly principalId: 'dynamodb.amazonaws.com' };
}

export interface Change {
  readonly table: Table;
  readonly before: Item | undefined;
  readonly after: Item | undefined;
  readonly byTimeToLive: boolean;
}

/** 21 digits, as AWS has at least, so that the order of text is the order of numbers. */
export const sequenceNumber = (sequence: number): string => `1${String(sequence).padStart(20, '0')}`;

/** The record of a change and where it lies, for a table whose stream is on. */
export function streamRecord(
  change: Change,
  sequence: number,
  at: { readonly region: string; readonly seconds: number },
): { readonly key: string; readonly value: StoredRecord } {
  const { table, before, after } = change;
  const view = table.stream ?? 'KEYS_ONLY';
  const images = {
    ...(after && view.startsWith('NEW') ? { NewImage: after } : {}),
    ...(before && (view === 'OLD_IMAGE' || view === 'NEW_AND_OLD_IMAGES') ? { OldImage: before } : {}),
  };
  const Keys = keyOf(table.table, after ?? before ?? {});
  const SequenceNumber = sequenceNumber(sequence);
  return {
    key: prefixes.stream(table.table.TableName) + SequenceNumber,
    value: {
      eventID: randomUUID().replaceAll('-', ''),
      eventName: before ? (after ? 'MODIFY' : 'REMOVE') : 'INSERT',
      eventVersion: '1.1',
      eventSource: 'aws:dynamodb',
      awsRegion: at.region,
      ...(change.byTimeToLive
        ? { userIdentity: { Type: 'Service', PrincipalId: 'dynamodb.amazonaws.com' } as const }
        : {}),
      dynamodb: {
        ApproximateCreationDateTime: Math.floor(at.seconds),
        Keys,
        ...images,
        SequenceNumber,
        SizeBytes: itemBytes(Keys) + itemBytes(images.NewImage) + itemBytes(images.OldImage),
        StreamViewType: view,
      },
    },
  };
}

const SHARD = 'shardId-00000000000000000000-00000001';
const RECORDS_LIMIT = 1000;

const iterator = z.tuple([z.string(), z.string()]);
const byArn = z.object({ StreamArn: z.string() });
const shardIterator = byArn.extend({
  ShardId: z.literal(SHARD),
  ShardIteratorType: z.enum(['TRIM_HORIZON', 'LATEST', 'AT_SEQUENCE_NUMBER', 'AFTER_SEQUENCE_NUMBER']),
  SequenceNumber: z
    .string()
    .regex(/^\d{21}$/)
    .optional(),
});
const getRecords = z.object({
  ShardIterator: z.string(),
  Limit: z.number().int().min(1).max(RECORDS_LIMIT).optional(),
});

function parse<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw invalid(`Invalid ${parsed.error.issues.map((issue) => issue.path.join('.') || 'request').join(', ')}`);
}

/** The streams of the tables: one shard each, oldest record first. */
export class Streams {
  readonly #level: Level;
  readonly #tables: Tables;
  readonly #landed: () => number;
  readonly #clock: () => number;

  constructor(level: Level, tables: Tables, landed: () => number, clock: () => number) {
    this.#level = level;
    this.#tables = tables;
    this.#landed = landed;
    this.#clock = clock;
  }

  /** Records after a sequence number (from the oldest without one), in the form that Lambda gives to a function. */
  async read(name: string, after: string | undefined, limit: number): Promise<StreamRecord[]> {
    const arn = this.#tables.streamArn(this.#tables.get(name));
    if (arn === undefined) throw new Error(`table ${name} has no stream`);
    const records = await this.#records(name, after ?? '', limit);
    return records.map(({ userIdentity, ...record }) => ({
      ...record,
      eventSourceARN: arn,
      ...(userIdentity
        ? { userIdentity: { type: userIdentity.Type, principalId: userIdentity.PrincipalId } as const }
        : {}),
    }));
  }

  /** Forgets records older than an age in milliseconds; AWS does so after 24 hours. */
  async trim(ageMs: number): Promise<void> {
    const horizon = (this.#clock() - ageMs) / 1000;
    for (const { table } of this.#tables.all()) {
      const prefix = prefixes.stream(table.TableName);
      let last: string | undefined;
      for await (const [key, value] of this.#level.iterator(under(prefix))) {
        if ((value as StoredRecord).dynamodb.ApproximateCreationDateTime >= horizon) break;
        last = key;
      }
      if (last !== undefined) await this.#level.clear({ gt: prefix, lte: last });
    }
  }

  list(input: { TableName?: unknown }): object {
    const tables = typeof input.TableName === 'string' ? [this.#tables.get(input.TableName)] : this.#tables.all();
    const Streams = tables
      .filter((table) => table.streamLabel !== undefined)
      .map((table) => ({
        StreamArn: this.#tables.streamArn(table),
        TableName: table.table.TableName,
        StreamLabel: table.streamLabel,
      }));
    return { Streams };
  }

  describe(input: unknown): object {
    const { StreamArn } = parse(byArn, input);
    const table = this.#byArn(StreamArn);
    return {
      StreamDescription: {
        StreamArn,
        StreamLabel: table.streamLabel,
        StreamStatus: 'ENABLED',
        StreamViewType: table.stream,
        TableName: table.table.TableName,
        KeySchema: table.table.KeySchema,
        CreationRequestDateTime: table.createdAt,
        Shards: [{ ShardId: SHARD, SequenceNumberRange: { StartingSequenceNumber: sequenceNumber(0) } }],
      },
    };
  }

  /** A shard iterator is the stream's ARN and the number after which to go on. */
  iterator(input: unknown): object {
    const { StreamArn, ShardIteratorType, SequenceNumber } = parse(shardIterator, input);
    this.#byArn(StreamArn);
    const numbered = ShardIteratorType.endsWith('SEQUENCE_NUMBER');
    if (numbered !== (SequenceNumber !== undefined)) throw invalid('Invalid SequenceNumber');
    const after = {
      TRIM_HORIZON: '',
      LATEST: sequenceNumber(this.#landed()),
      AFTER_SEQUENCE_NUMBER: SequenceNumber ?? '',
      AT_SEQUENCE_NUMBER: String(BigInt(SequenceNumber ?? 1) - 1n),
    }[ShardIteratorType];
    return { ShardIterator: encode(StreamArn, after) };
  }

  async records(input: unknown): Promise<object> {
    const { ShardIterator, Limit } = parse(getRecords, input);
    const [arn, after] = decode(ShardIterator);
    const Records = await this.#records(this.#byArn(arn).table.TableName, after, Limit ?? RECORDS_LIMIT);
    return { Records, NextShardIterator: encode(arn, Records.at(-1)?.dynamodb.SequenceNumber ?? after) };
  }

  /** the stream that a request names by its ARN or by a shard iterator, for authorization */
  arnOf(input: { StreamArn?: unknown; ShardIterator?: unknown }): string {
    if (typeof input.ShardIterator === 'string') return decode(input.ShardIterator)[0];
    return parse(byArn, input).StreamArn;
  }

  /** the table of the stream that a request names */
  tableOf(input: { StreamArn?: unknown; ShardIterator?: unknown }): string {
    return this.#byArn(this.arnOf(input)).table.TableName;
  }

  #byArn(arn: string): Table {
    const table = this.#tables.all().find((candidate) => this.#tables.streamArn(candidate) === arn);
    if (!table) throw new ServiceError('ResourceNotFoundException', 'Requested resource not found: Stream not found');
    return table;
  }

  async #records(name: string, after: string, limit: number): Promise<StoredRecord[]> {
    const prefix = prefixes.stream(name);
    return (await this.#level.values({ ...under(prefix), gt: prefix + after, limit }).all()) as StoredRecord[];
  }
}

const encode = (arn: string, after: string): string => Buffer.from(JSON.stringify([arn, after])).toString('base64');

function decode(text: string): [string, string] {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(text, 'base64').toString('utf8'));
  } catch {
    throw invalid('Invalid ShardIterator');
  }
  return parse(iterator, value);
}
