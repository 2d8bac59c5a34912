import type { Command } from 'commander';
import { conformance } from '../conformance/run';
import { say } from '../prompt';
import { checks } from './checks';
import { type Entry, examine, isRed } from './finding';
import { openPlace } from './place';
import { document, table } from './print';

/** `ward doctor`: with the operator's own credentials, looks at a stage and changes nothing. */
export function addDoctor(program: Command, where: () => { readonly outputs?: string; readonly data: string }): void {
  program
    .command('doctor')
    .description('look at keys, archive, audit log, tables, backups, sign-in, duties, alarms; exit 1 when one is red')
    .option('--conformance', 'try attacks on the API and the archive instead; never of a production stage')
    .option('--users <names...>', 'with --conformance: sign-ins of test users on this machine')
    .option('--patient <id>', 'with --conformance: a test patient, whom they read')
    .option('--json', 'for machines')
    .action(async (options: { conformance?: true; users?: string[]; patient?: string; json?: true }) => {
      const entries = options.conformance
        ? await conformance(where(), options.users ?? [], options.patient)
        : await examine(await openPlace(where()), checks);
      print(entries, options.json === true);
    });
}

function print(entries: readonly Entry[], json: boolean): void {
  if (json) say(document(entries));
  else for (const line of table(entries, process.stdout.isTTY === true)) say(line);
  if (entries.some(isRed)) process.exitCode = 1;
}
