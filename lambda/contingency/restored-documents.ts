import type { RestoreJob } from './restore-jobs';
import { marginMilliseconds, type Validation } from './restore-validation';

/**
 * What a validation takes of a restored bucket: objects that are looked up, on either side; and of them those whose bytes are
 * compared, which are no more than that many bytes together. Of fewer, all.
 */
export const documentSample = { objects: 2000, read: 200, bytes: 256 * 1024 * 1024 } as const;

/** An object of a listing. */
export interface Listed {
  readonly name: string;
  readonly writtenAt: Date;
}
export interface StoredObject {
  readonly bytes: number;
  readonly writtenAt: Date;
  /** ARN of the key that it is encrypted under; absent: of none of KMS */
  readonly keyArn?: string;
}

export interface DocumentsValidationOptions {
  /** objects of a bucket, from a random place on, each once */
  readonly sample: (bucket: string, most: number) => AsyncIterable<Listed>;
  /** @returns undefined when the bucket has no such object */
  readonly look: (bucket: string, name: string) => Promise<StoredObject | undefined>;
  /** @returns SHA-256 of the bytes of an object, in hex */
  readonly hash: (bucket: string, name: string) => Promise<string>;
  /** ARN of the key of the documents */
  readonly keyArn: string;
}

/**
 * What can be said of one restored object beside the live one of its name: `same` to the byte; `alike`: of one length, not read;
 * `later`: the live one was written since. The rest are faults: `missing` in the live bucket, `changed` what was not written
 * since, `unsealed`: restored under another key than that of the documents.
 */
export type DocumentComparison = 'same' | 'alike' | 'later' | 'missing' | 'changed' | 'unsealed';
type Counted = DocumentComparison | 'looked' | 'live' | 'lost';
const faults = ['missing', 'changed', 'unsealed', 'lost'] as const satisfies readonly Counted[];

/** Whether a restored bucket is the one that was backed up: its objects beside the live ones, either way. 45 CFR 164.308(a)(7)(ii)(D). */
export async function validateDocuments(job: RestoreJob, options: DocumentsValidationOptions): Promise<Validation> {
  const counts = new Map<Counted, number>();
  const count = (what: Counted) => counts.set(what, (counts.get(what) ?? 0) + 1);
  await compare(job, options, count);
  await find(job, options, count);
  return {
    valid: !faults.some((fault) => counts.has(fault)),
    message: ['documents', ...[...counts].map(([what, much]) => `${what} ${much}`)].join(', '),
  };
}

async function compare(
  { source, restored, at }: RestoreJob,
  { sample, look, hash, keyArn }: DocumentsValidationOptions,
  count: (what: Counted) => void,
): Promise<void> {
  let read = 0;
  let bytes = 0;
  const hashes = async (name: string, length: number) => {
    if (read === documentSample.read || bytes + length > documentSample.bytes) return undefined;
    read += 1;
    bytes += length;
    const [one, other] = await Promise.all([hash(restored, name), hash(source, name)]);
    return one === other;
  };
  for await (const { name } of sample(restored, documentSample.objects)) {
    count('looked');
    const [back, live] = await Promise.all([look(restored, name), look(source, name)]);
    if (!back) throw new Error('a restored object is gone before it was looked at');
    if (back.keyArn !== keyArn) count('unsealed');
    if (!live) {
      count('missing');
      continue;
    }
    const equal = back.bytes === live.bytes ? await hashes(name, live.bytes) : false;
    if (equal !== false) count(equal ? 'same' : 'alike');
    else count(isBefore(live, at) ? 'changed' : 'later');
  }
}

/** The other way round: a document that was there before the backup is in it. */
async function find(
  { source, restored, at }: RestoreJob,
  { sample, look }: DocumentsValidationOptions,
  count: (what: Counted) => void,
): Promise<void> {
  for await (const { name, writtenAt } of sample(source, documentSample.objects)) {
    if (!isBefore({ writtenAt }, at)) continue;
    count('live');
    if (!(await look(restored, name))) count('lost');
  }
}

const isBefore = ({ writtenAt }: Pick<Listed, 'writtenAt'>, at: Date): boolean =>
  writtenAt.getTime() < at.getTime() - marginMilliseconds;
