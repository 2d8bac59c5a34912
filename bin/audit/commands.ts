import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { SingleBar } from 'cli-progress';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { LogError } from '../../lambda/audit/log-error';
import { checkProof, proveEvent } from '../../lambda/audit/proof';
import { type Verification, verifyArchive } from '../../lambda/audit/verify';
import { checkDossier } from '../../lambda/breach/dossier-check';
import { say } from '../prompt';
import { downloadArchive } from './download';
import { describe } from './report';
import { kmsSigningKeys, openArchive, type Where } from './source';
import { WorkerPool } from './worker-pool';

interface VerifyFlags {
  readonly folder?: string;
  readonly bucket?: string;
  readonly fingerprint?: string;
  readonly since?: Date;
  readonly asOf?: Date;
  readonly acceptAcknowledged?: boolean;
  readonly json?: boolean;
  readonly threads: number;
}

/**
 * Adds what an auditor does with evidence: verify, download, prove, check-proof, check-dossier, fingerprint.
 * @param where the global options: which Ward is meant
 */
export function addAuditEvidence(audit: Command, where: () => Pick<Where, 'outputs' | 'data'>): void {
  audit
    .command('verify')
    .description('check completeness, order and integrity of the archive; exit 0 when all is well, else 1')
    .option('--folder <folder>', 'a downloaded archive; needs no network')
    .option('--bucket <name>', 'the archive of which no outputs are at hand')
    .option('--fingerprint <hex>', 'the pinned key; without it the key that KMS shows now', fingerprint)
    .option('--since <time>', 'read the contents of segments from then on; the log is checked whole', time)
    .option('--as-of <time>', 'measure lateness at that time: for a copy that was made then', time)
    .option('--accept-acknowledged', 'pass with losses that two people have acknowledged in the log')
    .addOption(
      new Option('--threads <n>', 'cores to use')
        .argParser(wholeNumber)
        .default(Math.min(8, availableParallelism()), 'as many as there are, at most 8'),
    )
    .option('--json', 'for machines')
    .action(async (flags: VerifyFlags) => {
      const result = await verify({ ...where(), ...flags }, flags);
      say(flags.json ? JSON.stringify(result, null, 2) : describe(result, flags));
      if (!result.ok) process.exitCode = 1;
    });

  audit
    .command('download')
    .description(
      'copy the archive into a folder, with whatever was put over its objects; exit 1 when a name was left out',
    )
    .requiredOption('--to <folder>', 'goes on where an earlier download was cut off')
    .option('--bucket <name>', 'the archive of which no outputs are at hand')
    .action(async ({ to, bucket }: { to: string; bucket?: string }) => {
      const bar = progressBar('{value} objects');
      bar.start(0, 0);
      const { objects, refused } = await downloadArchive(openArchive({ ...where(), bucket }), to, () =>
        bar.increment(),
      );
      bar.stop();
      say(`${objects} objects in ${to}`);
      if (refused.length === 0) return;
      say(`${refused.length} names are not ones that Ward gives, and were left out`);
      process.exitCode = 1;
    });

  audit
    .command('prove')
    .description('print a proof that an event is in the log, which can be checked without the archive')
    .argument('<event>', 'id of the event')
    .option('--folder <folder>', 'a downloaded archive')
    .option('--bucket <name>', 'the archive of which no outputs are at hand')
    .action(async (id: string, flags: { folder?: string; bucket?: string }) => {
      const proof = await proveEvent(openArchive({ ...where(), ...flags }), id);
      if (!proof) throw new Error('no sealed event has that id (an event is sealed about a minute after it happened)');
      say(JSON.stringify(proof, null, 2));
    });

  audit
    .command('check-proof')
    .description('check a proof against the pinned key; exit 0 when it holds, else 1')
    .argument('<file>', 'what ward audit prove printed')
    .requiredOption('--fingerprint <hex>', 'the pinned key', fingerprint)
    .action((file: string, flags: { fingerprint: string }) => {
      const { event, leaf, checkpoint } = offline(file, (value) => checkProof(value, flags.fingerprint));
      say(`event        ${event.id} of ${event.at}`);
      say(`place        ${event.lane} ${event.seq}`);
      say(`segment      ${leaf.key}`);
      say(`checkpoint   ${checkpoint.origin}, ${checkpoint.size} leaves`);
      say('The event is in the log, as it is printed in the proof.');
    });

  audit
    .command('check-dossier')
    .description('check every proof that an incident’s dossier carries; exit 0 when all hold, else 1')
    .argument('<file>', 'the dossier in JSON, archived or as ward drill breach leaves it')
    .requiredOption('--fingerprint <hex>', 'the pinned key', fingerprint)
    .option('--predecessor <hex>', 'the pinned key of the stage that was succeeded', fingerprint)
    .action((file: string, flags: { fingerprint: string; predecessor?: string }) => {
      const { checkpoints, scope, timeline, uncovered } = offline(file, (value) =>
        checkDossier(value, flags.fingerprint, flags.predecessor),
      );
      if (checkpoints.length === 0) say('checkpoint   none');
      for (const { origin, size } of checkpoints) say(`checkpoint   ${origin}, ${size} leaves`);
      say(`scope        ${scope} access(es) proven`);
      say(`timeline     ${timeline} event(s) proven`);
      if (uncovered.length > 0) say(`uncovered    ${uncovered.length} event(s): the log had not reached them yet`);
      say('What the dossier shows of the proven events is what the log has.');
    });

  audit
    .command('fingerprint')
    .description('print the fingerprints of the keys that sign checkpoints, as KMS shows them')
    .action(async () => {
      for (const key of await kmsSigningKeys(where())) say(key.fingerprint);
    });
}

async function verify(where: Where, flags: VerifyFlags): Promise<Verification> {
  const archive = openArchive(where);
  const pool = new WorkerPool(flags.threads);
  const bar = progressBar('{bar} {value}/{total} segments, {events} events');
  try {
    const pinned = flags.fingerprint ?? (await fromKms(where));
    bar.start(0, 0, { events: 0 });
    return await verifyArchive(archive, {
      fingerprint: pinned,
      reference: flags.asOf ?? new Date(),
      since: flags.since,
      acceptAcknowledged: flags.acceptAcknowledged,
      check: pool.check,
      width: Math.max(16, flags.threads * 4),
      onProgress: ({ segments, ofSegments, events }) => {
        bar.setTotal(ofSegments);
        bar.update(segments, { events });
      },
    });
  } finally {
    bar.stop();
    await pool.close();
  }
}

async function fromKms(where: Where): Promise<string> {
  if (where.folder !== undefined) throw new Error('a folder cannot vouch for itself: pin the key with --fingerprint');
  const [key] = await kmsSigningKeys(where);
  if (!key) throw new Error('pin the key with --fingerprint');
  process.stderr.write(`key          ${key.fingerprint} (from KMS just now, not pinned)\n`);
  return key.fingerprint;
}

function offline<Checked>(file: string, check: (value: unknown) => Checked): Checked {
  try {
    return check(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    if (error instanceof LogError) throw new Error(`the proof does not hold: ${error.code}`);
    if (error instanceof SyntaxError) throw new Error('the proof does not hold: not JSON');
    throw error;
  }
}

/** On stderr, so that what is printed can be piped on; nothing at all where nobody watches. */
export function progressBar(format: string): SingleBar {
  return new SingleBar({ format, hideCursor: true, clearOnComplete: true, stopOnComplete: false });
}

function fingerprint(text: string): string {
  const hex = text.toLowerCase().replaceAll(':', '');
  if (!/^[0-9a-f]{64}$/.test(hex)) throw new InvalidArgumentError('a fingerprint has 64 hexadecimal digits');
  return hex;
}

export function time(text: string): Date {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) throw new InvalidArgumentError('not a time, such as 2026-11-23T12:00:00Z');
  return at;
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d?$/.test(text)) throw new InvalidArgumentError('a whole number from 1 to 99');
  return Number(text);
}
