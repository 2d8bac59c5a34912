import type { Mark } from '../audit/archive-mark';
import type { RestoreJob } from './restore-jobs';
import { type Comparison, compareItem, faults, type Item, isCompared } from './restored-items';

/** The first Sundays of two months are up to five weeks apart, and a test may start some hours later. */
export const validationDays = 36;
/** A backup is of a moment; what was written around it may be on either side. */
export const marginMilliseconds = 5 * 60 * 1000;
/** items of one restored table, and patients of the live one, that a validation looks at; of fewer, at all */
const sampleSize = { items: 5000, patients: 500 } as const;

export interface ValidationOptions {
  /** items of a table, from a random place on, each once */
  readonly sample: (table: string, most: number) => AsyncIterable<Item>;
  /** @returns the items of these keys, in their order */
  readonly read: (table: string, items: readonly Item[]) => Promise<readonly (Item | undefined)[]>;
  /** patients of the live table, from a random place on, whose keys have been as they are since `newestSince` */
  readonly patients: (most: number) => AsyncIterable<{ readonly patient: string; readonly newestSince: string }>;
  readonly mark: (table: string) => Promise<Mark | undefined>;
  /** @returns whether the archive has a checkpoint over at least that many leaves */
  readonly archived: (leaves: number) => Promise<boolean>;
  /** opens the record of the canary from the restored table; absent: the stage has no canary. @returns entries opened */
  readonly openCanary?: (restored: { readonly records?: string; readonly keys?: string }) => Promise<number>;
  readonly clock: () => Date;
}

export interface Validation {
  readonly valid: boolean;
  /** counts and codes: what AWS Backup and the log are told */
  readonly message: string;
}

type Counts = Readonly<Partial<Record<Comparison | 'looked' | 'patients' | 'lost', number>>>;
const markedTables = ['records', 'keys', 'governance'];

/**
 * Whether a restored table is the one that was backed up: its items by their hashes beside the live ones, patients who must be in
 * it, the mark of the audit log beside the archive, and the record of a canary opened from it. 45 CFR 164.308(a)(7)(ii)(D).
 * @param table what the table is for, such as `records`
 */
export async function validateRestore(table: string, job: RestoreJob, options: ValidationOptions): Promise<Validation> {
  const counts: Counts = { ...(await compare(table, job, options)), ...(await findPatients(table, job, options)) };
  const mark = markedTables.includes(table) ? await checkMark(job, options) : 'none';
  const canary = table === 'records' || table === 'keys' ? await checkCanary(table, job, options) : 'none';
  const faulty = [...faults, 'lost' as const].some((fault) => (counts[fault] ?? 0) > 0);
  const valid = !faulty && mark !== 'absent' && mark !== 'refuted' && canary !== 'failed';
  const told = Object.entries(counts).flatMap(([name, count]) => (count ? [`${name} ${count}`] : []));
  return { valid, message: [table, ...told, `mark ${mark}`, `canary ${canary}`].join(', ') };
}

async function compare(table: string, job: RestoreJob, { sample, read, clock }: ValidationOptions): Promise<Counts> {
  const counts: Partial<Record<Comparison | 'looked', number>> = { looked: 0 };
  const count = (what: Comparison | 'looked') => {
    counts[what] = (counts[what] ?? 0) + 1;
  };
  let waiting: Item[] = [];
  const settle = async () => {
    const items = waiting;
    waiting = [];
    if (!isCompared(table)) return;
    const live = await read(job.source, items);
    for (const [index, item] of items.entries()) count(compareItem(table, item, live[index], clock()));
  };
  for await (const item of sample(job.restored, sampleSize.items)) {
    count('looked');
    if (waiting.push(item) === 25) await settle();
  }
  await settle();
  return counts;
}

/** The other way round: a patient who was there before the backup is in it. */
async function findPatients(table: string, job: RestoreJob, { patients, read }: ValidationOptions): Promise<Counts> {
  const SK = { records: 'PATIENT', keys: 'KEY' }[table];
  if (!SK) return {};
  const before = new Date(job.at.getTime() - marginMilliseconds).toISOString();
  const keys: Item[] = [];
  for await (const { patient, newestSince } of patients(sampleSize.patients))
    if (newestSince < before) keys.push({ PK: `P#${patient}`, SK });
  const found = await read(job.restored, keys);
  return { patients: keys.length, lost: found.filter((item) => item === undefined).length };
}

async function checkMark(
  { restored, at }: RestoreJob,
  { mark, archived }: ValidationOptions,
): Promise<'archived' | 'absent' | 'refuted'> {
  const found = await mark(restored);
  if (!found) return 'absent';
  // The archive cannot go back: a mark beyond it was not written by the checkpointer, or the archive is not whole.
  const early = Date.parse(found.at) <= at.getTime() + marginMilliseconds;
  return early && (await archived(found.size)) ? 'archived' : 'refuted';
}

async function checkCanary(
  table: 'records' | 'keys',
  { restored }: RestoreJob,
  { openCanary }: ValidationOptions,
): Promise<'opened' | 'not-set' | 'failed'> {
  if (!openCanary) return 'not-set';
  try {
    return (await openCanary({ [table]: restored })) > 0 ? 'opened' : 'failed';
  } catch {
    return 'failed'; // whatever it was: a record that does not open is what this looks for
  }
}
