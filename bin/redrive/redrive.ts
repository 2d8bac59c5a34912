import { inWords } from '../doctor/audit-log';
import type { Message } from './letter';
import type { RedrivePlace } from './place';
import { type Job, plan } from './plan';
import { run } from './run';

export interface RedriveOptions {
  /** shows what waits and does nothing */
  readonly list: boolean;
  /** asked once, when there is something to do */
  readonly confirm: () => Promise<boolean>;
  readonly say: (line: string) => void;
  readonly now: Date;
}

/**
 * Does what the dead letters ask for. A letter is ended when all that it asks for has succeeded, and put back otherwise. Names
 * of functions, codes, counts and ages are said; what a letter holds may be PHI and is not.
 * @returns how many letters are left
 */
export async function redrive({ letters, functions, hands }: RedrivePlace, options: RedriveOptions): Promise<number> {
  const { say, now } = options;
  const left = new Map((await letters.take()).map((letter) => [letter.id, letter]));
  try {
    const { jobs, kept } = plan([...left.values()], functions);
    for (const job of jobs) say(`${job.function}: ${describe(job, now)}`);
    for (const { letter, why } of kept) say(`nothing to run, ${why}: 1 letter, ${age(letter, now)} old`);
    if (jobs.length > 0 && !options.list && (await options.confirm()))
      for (const job of jobs) {
        const why = await run(job, hands);
        say(`${job.function}: ${why === undefined ? 'done' : `failed, ${why}`}`);
        if (why !== undefined) continue;
        for (const letter of job.letters) {
          await letters.end(letter);
          left.delete(letter.id);
        }
      }
  } finally {
    // One that cannot be put back comes back by itself.
    await Promise.allSettled([...left.values()].map((letter) => letters.putBack(letter)));
  }
  say(left.size === 0 ? 'no letter is left' : `${left.size} left: docs/runbook.md, "Dead letters"`);
  return left.size;
}

function describe(job: Job, now: Date): string {
  const oldest = job.letters[0];
  const count = job.letters.length === 1 ? '1 letter' : `${job.letters.length} letters`;
  const since = oldest ? `${job.letters.length === 1 ? '' : 'the oldest '}${age(oldest, now)} old` : '';
  return `${deed(job)}; ${count}, ${since}, ${job.why.join(' ')}`;
}

function deed(job: Job): string {
  switch (job.kind) {
    case 'run':
      return 'a run';
    case 'start':
      return 'a start with the event of the letter';
    case 'replay':
      return `the events from ${job.from.toISOString()} to ${job.to.toISOString()}`;
  }
}

const age = ({ sentAt }: Message, now: Date): string => inWords(now.getTime() - sentAt.getTime());
