import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { printCertificate } from './certificate';
import type { Connection } from './connection';
import { importFiles } from './import';
import { say } from './prompt';
import { checkRecords, describeCheck } from './records';
import { Unfinished } from './unfinished';

/** Adds `ward import`, `export`, `records check` and `disposal certificate`. */
export function addRecords(program: Command, { client }: Connection): void {
  program
    .command('import')
    .description('import FHIR R4 bundles, each whole or not at all; exit 1 when one was not')
    .argument('<file...>', 'one patient a bundle')
    .action(async (files: string[]) => {
      if ((await importFiles(client(), new Unfinished(), files)) > 0) process.exitCode = 1;
    });
  program
    .command('export')
    .description('write a patient’s record as a FHIR R4 bundle')
    .argument('<patient>', 'id of the patient')
    .requiredOption('--output <file>', 'only you can read it')
    .action(async (patient: string, { output }: { output: string }) => {
      const { body } = await client().call('GET', `/v1/patients/${encodeURIComponent(patient)}/export`);
      writeFileSync(output, `${JSON.stringify(body, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
      say(`written to ${output}`);
    });
  program
    .command('records')
    .description('records of patients')
    .command('check')
    .description(
      'hold what is stored against the audit log; exit 1 when an old version was put back or evidence is missing',
    )
    .requiredOption('--patient <id>', 'whose records')
    .action(async ({ patient }: { patient: string }) => {
      const { lines, sound } = describeCheck(await checkRecords(client(), patient));
      for (const line of lines) say(line);
      if (!sound) process.exitCode = 1;
    });
  program
    .command('disposal')
    .description('records that were disposed of')
    .command('certificate')
    .description('print the certificate of a disposal as PDF')
    .argument('<patient>', 'id of the patient')
    .requiredOption('--output <file>', 'only you can read it')
    .action(async (patient: string, { output }: { output: string }) => {
      await printCertificate(client(), patient, output);
      say(`written to ${output}`);
    });
}
