import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeDurably } from '../durable';
import { type Bucket, bucketFrom, bucketSchema } from './bucket';
import { failure } from './failure';
import { retentionSchema } from './lock';
import { SortedKeys } from './sorted-keys';

const SETTINGS = 'bucket.json';

const versionSchema = z.object({
  key: z.string(),
  /** `null` where the bucket is not versioned */
  versionId: z.string(),
  /** later versions have greater numbers; the clock may go backwards */
  sequence: z.number(),
  /** epoch milliseconds */
  modifiedAt: z.number(),
  /** a delete marker has none of what follows */
  content: z
    .object({
      size: z.number(),
      etag: z.string(),
      headers: z.record(z.string(), z.string()),
      checksum: z.object({ algorithm: z.string(), value: z.string() }).optional(),
      encryption: z.object({
        algorithm: z.enum(['AES256', 'aws:kms']),
        keyArn: z.string().optional(),
        bucketKey: z.boolean(),
      }),
    })
    .optional(),
  retention: retentionSchema.optional(),
  legalHold: z.boolean().optional(),
});

type StoredVersion = z.infer<typeof versionSchema>;
/** A version of an object, or a delete marker (without `content`), and the name of its files. */
export type Version = Readonly<StoredVersion> & { readonly file: string };
export type NewVersion = Pick<StoredVersion, 'key' | 'content' | 'retention' | 'legalHold'>;

/** Buckets and versions in files whose names are random: no key name ever becomes a path. */
export class Store {
  readonly #buckets = new Map<string, BucketStore>();

  constructor(
    private readonly directory: string,
    private readonly clock: () => number,
  ) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(directory))
      if (existsSync(join(directory, name, SETTINGS)))
        this.#buckets.set(name, new BucketStore(join(directory, name), clock));
  }

  ensure(name: string, properties: unknown): void {
    const stored = this.#buckets.get(name);
    const settings = bucketFrom(name, properties, stored?.settings, this.clock());
    writeDurably(join(this.directory, name, SETTINGS), JSON.stringify(settings));
    if (stored) stored.settings = settings;
    else this.#buckets.set(name, new BucketStore(join(this.directory, name), this.clock));
  }

  list(): readonly Bucket[] {
    return [...this.#buckets.keys()].sort().flatMap((name) => this.#buckets.get(name)?.settings ?? []);
  }

  /** @throws ServiceError NoSuchBucket */
  bucket(name: string): BucketStore {
    const bucket = this.#buckets.get(name);
    if (!bucket) throw failure('NoSuchBucket');
    return bucket;
  }
}

/**
 * One bucket. A version is a data file and a small JSON file beside it; the JSON file is written last and removed first,
 * so a crash leaves a version whole or not there, and data without its JSON is cleared at the next start.
 */
export class BucketStore {
  settings: Bucket;
  readonly keys = new SortedKeys();
  readonly #versions = new Map<string, readonly Version[]>();
  #sequence = 0;

  constructor(
    private readonly directory: string,
    private readonly clock: () => number,
  ) {
    this.settings = bucketSchema.parse(JSON.parse(readFileSync(join(directory, SETTINGS), 'utf8')));
    const files = readdirSync(directory);
    const complete = new Set(
      files.filter((file) => /^[0-9a-f]{32}\.json$/.test(file)).map((file) => file.slice(0, 32)),
    );
    for (const file of files)
      if (/^[0-9a-f]{32}\./.test(file) && !(complete.has(file.slice(0, 32)) && /\.(json|data)$/.test(file)))
        rmSync(join(directory, file));
    for (const file of complete) {
      const stored = versionSchema.parse(JSON.parse(readFileSync(join(directory, `${file}.json`), 'utf8')));
      this.#remember({ ...stored, file });
      this.#sequence = Math.max(this.#sequence, stored.sequence);
    }
    for (const [key, versions] of this.#versions) {
      const newestFirst = versions.toSorted((a, b) => b.sequence - a.sequence);
      const [current, ...replaced] = newestFirst.filter(({ versionId }) => versionId === 'null');
      this.#versions.set(key, newestFirst);
      if (current) for (const version of replaced) this.remove(version); // a crash came between put and removal
    }
  }

  /** newest first, delete markers included */
  versions(key: string): readonly Version[] {
    return this.#versions.get(key) ?? [];
  }

  current(key: string): Version | undefined {
    return this.versions(key)[0];
  }

  /** Becomes the current version. Where versioning is not enabled it takes the place of the version `null`. */
  put(version: NewVersion, bytes: Buffer): Version {
    const versionId = this.settings.versioning === 'Enabled' ? randomBytes(24).toString('base64url') : 'null';
    const replaced = this.versions(version.key).filter((other) => versionId === 'null' && other.versionId === 'null');
    const file = randomBytes(16).toString('hex');
    const stored = { ...version, versionId, sequence: ++this.#sequence, modifiedAt: this.clock() };
    if (version.content) writeDurably(this.#path(file, 'data'), bytes);
    writeDurably(this.#path(file, 'json'), JSON.stringify(stored));
    const remembered = { ...stored, file };
    this.#remember(remembered);
    for (const old of replaced) this.remove(old);
    return remembered;
  }

  /** Keeps the version where it is and changes its lock. */
  relock(version: Version, lock: Pick<StoredVersion, 'retention' | 'legalHold'>): void {
    const { file, ...stored } = version;
    writeDurably(this.#path(file, 'json'), JSON.stringify({ ...stored, ...lock }));
    this.#replace(version.key, (each) => (each.file === file ? [{ ...each, ...lock }] : [each]));
  }

  /** For good, whatever its lock: the rules are asked before. */
  remove(version: Version): void {
    rmSync(this.#path(version.file, 'json'), { force: true });
    rmSync(this.#path(version.file, 'data'), { force: true });
    this.#replace(version.key, (each) => (each.file === version.file ? [] : [each]));
  }

  read(version: Version): Buffer {
    return readFileSync(this.#path(version.file, 'data'));
  }

  #remember(version: Version): void {
    this.#versions.set(version.key, [version, ...this.versions(version.key)]);
    this.keys.add(version.key);
  }

  #replace(key: string, each: (version: Version) => readonly Version[]): void {
    const changed = this.versions(key).flatMap(each);
    if (changed.length > 0) {
      this.#versions.set(key, changed);
      return;
    }
    this.#versions.delete(key);
    this.keys.remove(key);
  }

  #path(file: string, kind: 'json' | 'data'): string {
    return join(this.directory, `${file}.${kind}`);
  }
}
