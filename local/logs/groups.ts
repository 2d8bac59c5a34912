import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeDurably } from '../durable';
import { ServiceError } from '../service';

const DAY_MS = 86_400_000;

const groupSchema = z.object({
  name: z.string(),
  createdAt: z.number(),
  retentionDays: z.number().optional(),
  /** ARN of the customer's key under which AWS keeps the group; here it is only shown */
  kmsKeyId: z.string().optional(),
});
const propertiesSchema = z.object({
  RetentionInDays: z.coerce.number().int().min(1).max(3653).optional(),
  KmsKeyId: z.string().optional(),
});

/** The first line of a stream's file. */
const streamSchema = z.object({ stream: z.string(), createdAt: z.number() });
const eventSchema = z.object({ timestamp: z.number(), ingestionTime: z.number(), message: z.string() });

export type LogEvent = Readonly<z.infer<typeof eventSchema>>;
export type LogListener = (stream: string, events: readonly LogEvent[]) => void;
export type Group = Readonly<z.infer<typeof groupSchema>>;

/**
 * Log groups as folders and their streams as files of JSON lines, named by digests because names of groups and streams
 * hold slashes. Lines are with the operating system before a write is acknowledged: the end of this process loses none, a
 * power cut may. Times are epoch milliseconds.
 */
export class Groups {
  readonly #groups = new Map<string, Group>();
  /** names of the streams of each group */
  readonly #streams = new Map<string, Set<string>>();
  readonly #listeners = new Map<string, readonly LogListener[]>();

  constructor(
    private readonly directory: string,
    private readonly clock: () => number,
  ) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    for (const folder of readdirSync(directory)) {
      const settings = join(directory, folder, 'group.json');
      if (!existsSync(settings)) continue;
      const group = groupSchema.parse(JSON.parse(readFileSync(settings, 'utf8')));
      this.#groups.set(group.name, group);
      const files = readdirSync(join(directory, folder)).filter((file) => file.endsWith('.jsonl'));
      this.#streams.set(group.name, new Set(files.map((file) => recover(join(directory, folder, file)))));
    }
  }

  /** @param properties a resolved `AWS::Logs::LogGroup` */
  ensure(name: string, properties: unknown): void {
    if (!/^[\w./#-]{1,512}$/.test(name)) throw new Error('the name of a log group is not valid');
    const { RetentionInDays: retentionDays, KmsKeyId: kmsKeyId } = propertiesSchema.parse(properties);
    const group = { name, createdAt: this.#groups.get(name)?.createdAt ?? this.clock(), retentionDays, kmsKeyId };
    writeDurably(join(this.#folder(name), 'group.json'), JSON.stringify(group));
    this.#groups.set(name, group);
    if (!this.#streams.has(name)) this.#streams.set(name, new Set());
  }

  list(): readonly Group[] {
    return [...this.#groups.keys()].sort().flatMap((name) => this.#groups.get(name) ?? []);
  }

  /** @throws ServiceError ResourceNotFoundException */
  group(name: string): Group {
    const group = this.#groups.get(name);
    if (!group) throw new ServiceError('ResourceNotFoundException', 'The specified log group does not exist.');
    return group;
  }

  streams(group: string): readonly string[] {
    return [...(this.#streams.get(this.group(group).name) ?? [])].sort();
  }

  /** @returns false when it exists already */
  createStream(group: string, stream: string): boolean {
    const streams = this.#streams.get(this.group(group).name);
    if (!streams || streams.has(stream)) return false;
    writeDurably(this.#file(group, stream), `${JSON.stringify({ stream, createdAt: this.clock() })}\n`);
    streams.add(stream);
    return true;
  }

  append(group: string, stream: string, events: readonly LogEvent[]): void {
    this.#requireStream(group, stream);
    appendFileSync(this.#file(group, stream), events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    for (const listener of this.#listeners.get(group) ?? []) listener(stream, events);
  }

  /** Hears of every line of a group from now on. */
  subscribe(group: string, listener: LogListener): void {
    this.#listeners.set(this.group(group).name, [...(this.#listeners.get(group) ?? []), listener]);
  }

  /** in the order of their timestamps; events beyond the retention are gone at once, their lines at the next sweep */
  events(group: string, stream: string): readonly LogEvent[] {
    this.#requireStream(group, stream);
    const oldest = this.oldestKept(group);
    const [, ...lines] = readFileSync(this.#file(group, stream), 'utf8').split('\n').filter(Boolean);
    return lines
      .map((line) => eventSchema.parse(JSON.parse(line)))
      .filter(({ timestamp }) => timestamp >= oldest)
      .sort((a, b) => a.timestamp - b.timestamp);
  }

  /** @returns the earliest time that the group's retention keeps */
  oldestKept(group: string): number {
    const { retentionDays } = this.group(group);
    return retentionDays === undefined ? 0 : this.clock() - retentionDays * DAY_MS;
  }

  /** Removes the lines that are older than their group keeps them. */
  sweep(): void {
    for (const { name } of this.list())
      for (const stream of this.streams(name)) {
        const file = this.#file(name, stream);
        const [header, ...lines] = readFileSync(file, 'utf8').split('\n').filter(Boolean);
        const kept = this.events(name, stream);
        if (kept.length === lines.length) continue;
        writeDurably(file, [header, ...kept.map((event) => JSON.stringify(event)), ''].join('\n'));
      }
  }

  #requireStream(group: string, stream: string): void {
    if (!this.#streams.get(this.group(group).name)?.has(stream))
      throw new ServiceError('ResourceNotFoundException', 'The specified log stream does not exist.');
  }

  #folder(group: string): string {
    return join(this.directory, digest(group));
  }

  #file(group: string, stream: string): string {
    return join(this.#folder(group), `${digest(stream)}.jsonl`);
  }
}

function digest(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 32);
}

/**
 * Cuts off a line that the end of the process left half written.
 *
 * @returns the name of the stream
 */
function recover(file: string): string {
  const content = readFileSync(file);
  const whole = content.lastIndexOf('\n') + 1;
  if (whole < content.length) truncateSync(file, whole);
  return streamSchema.parse(JSON.parse(content.toString('utf8', 0, content.indexOf('\n')))).stream;
}
