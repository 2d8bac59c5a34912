import * as z from 'zod';
import { declarations, type FunctionName } from '../../lib/functions';
import { type Letter, type Message, readLetter } from './letter';

/** What is done about letters. */
type Deed =
  /** what its schedule would do, whenever it does it */
  | { readonly kind: 'run' }
  /** the function is started with the event of the letter */
  | { readonly kind: 'start'; readonly payload: string }
  /** the function is given the events of the outbox that happened in that time */
  | { readonly kind: 'replay'; readonly from: Date; readonly to: Date };

/** Something to do, and the letters that are done with when it succeeds. */
export type Job = Deed & {
  readonly function: FunctionName;
  /** codes of AWS: why its letters were given up */
  readonly why: readonly string[];
  /** oldest first */
  readonly letters: readonly Message[];
};

/** A letter that nothing can be done with, and why. */
export interface Kept {
  readonly letter: Message;
  readonly why:
    | (Letter & { readonly kind: 'unknown' })['why']
    | 'not-of-this-stage'
    | 'not-started-so'
    | 'sent-by-another';
}

/** A function of the stage that runs without a person. */
export interface Started {
  readonly name: FunctionName;
  /** ids of the roles that send its letters: its own, and its schedule's */
  readonly senders: readonly string[];
}

export interface Plan {
  readonly jobs: readonly Job[];
  readonly kept: readonly Kept[];
}

/**
 * An event has the time at which its function wrote it, and no function runs for longer (Lambda quotas): the stream has it at
 * most so much later. What is replayed beside the batch changes nothing.
 */
const marginMilliseconds = 15 * 60 * 1000;

const calledBy = new Map(declarations.map(([name, { calledBy: caller = 'api' }]) => [name, caller]));
const scheduled = z.object({ source: z.literal('aws.scheduler') });
const restoreJob = z.object({ source: z.literal('aws.backup') });
const logLines = z.object({ awslogs: z.object({ data: z.base64() }) });

/**
 * Decides what is run. Letters that one deed makes up for, runs of a schedule or stretches of the outbox
 * that overlap, are one job. Each function of Ward that runs without a person may run twice.
 * @param functions of the stage, by their name in AWS: nothing else is ever run, whatever a letter says, and nothing for a
 * letter that another role has sent
 */
export function plan(messages: readonly Message[], functions: ReadonlyMap<string, Started>): Plan {
  const jobs: Job[] = [];
  const kept: Kept[] = [];
  for (const message of [...messages].sort((a, b) => a.sentAt.getTime() - b.sentAt.getTime())) {
    const letter = readLetter(message);
    if (letter.kind === 'unknown') {
      kept.push({ letter: message, why: letter.why });
      continue;
    }
    const started = functions.get(letter.function);
    if (!started) {
      kept.push({ letter: message, why: 'not-of-this-stage' });
      continue;
    }
    if (message.senderRole === undefined || !started.senders.includes(message.senderRole)) {
      kept.push({ letter: message, why: 'sent-by-another' });
      continue;
    }
    const deed = deedOf(started.name, letter);
    if (deed) add(jobs, { ...deed, why: [letter.why], letters: [message] });
    else kept.push({ letter: message, why: 'not-started-so' });
  }
  return { jobs, kept };
}

/** @returns undefined where the function is never started with such an event: whoever writes a letter chooses no other */
function deedOf(
  name: FunctionName,
  letter: Exclude<Letter, { kind: 'unknown' }>,
): (Deed & { readonly function: FunctionName }) | undefined {
  if (letter.kind === 'batch') {
    // The sealer's events are in the outbox still, and the reconciler seals what the archive has not.
    if (name === 'sealer') return { kind: 'run', function: 'reconciler' };
    if (name !== 'detector') return undefined;
    const from = new Date(letter.from.getTime() - marginMilliseconds);
    return { kind: 'replay', function: name, from, to: new Date(letter.to.getTime() + marginMilliseconds) };
  }
  const { payload } = letter;
  const event: unknown = JSON.parse(payload);
  const caller = calledBy.get(name);
  if (caller === 'schedule' && scheduled.safeParse(event).success) return { kind: 'run', function: name };
  if (
    (caller === 'logs' && logLines.safeParse(event).success) ||
    (name === 'restore-validation' && restoreJob.safeParse(event).success)
  )
    return { kind: 'start', function: name, payload };
  return undefined;
}

/** Adds a job, made one with those that do the same. */
function add(jobs: Job[], job: Job): void {
  let joined = job;
  for (const each of jobs.filter((one) => isSame(one, job))) {
    jobs.splice(jobs.indexOf(each), 1);
    joined = join(each, joined);
  }
  jobs.push(joined);
}

function isSame(one: Job, other: Job): boolean {
  if (one.function !== other.function) return false;
  if (one.kind === 'replay' && other.kind === 'replay') return one.from <= other.to && other.from <= one.to;
  return one.kind === 'run' && other.kind === 'run';
}

function join(one: Job, other: Job): Job {
  const letters = [...one.letters, ...other.letters].sort((a, b) => a.sentAt.getTime() - b.sentAt.getTime());
  const why = [...new Set([...one.why, ...other.why])];
  if (one.kind !== 'replay' || other.kind !== 'replay') return { ...one, why, letters };
  const from = one.from < other.from ? one.from : other.from;
  return { ...one, from, to: one.to > other.to ? one.to : other.to, why, letters };
}
