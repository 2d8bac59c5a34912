import type { Command } from 'commander';
import type { Connected } from './connection';
import { rotateAll, rotateKey } from './keys';
import { rotateLookupKey } from './lookup';
import { Place } from './place';
import { say } from './prompt';

/** Adds `ward keys rotate` and `ward lookup rotate`. */
export function addKeys(program: Command, connect: () => Pick<Connected, 'client' | 'target'>): void {
  program
    .command('keys')
    .description('the keys of patients')
    .command('rotate')
    .description('give a patient, or every patient, a next key; what is stored stays readable')
    .option('--patient <id>', 'one patient')
    .option('--all', 'every patient; cut off and started again, it goes on where it was')
    .action(async ({ patient, all }: { patient?: string; all?: boolean }) => {
      if ((patient === undefined) === !all) throw new Error('name one patient with --patient, or say --all');
      const { client, target } = connect();
      if (patient !== undefined) say(`version ${await rotateKey(client, patient)} is the patient’s newest key`);
      else say(`${await rotateAll(client, new Place(target, 'key-rotation'))} keys made`);
    });
  program
    .command('lookup')
    .description('the blind index by which patients are found')
    .command('rotate')
    .description('move it to a new key, beside live traffic; cut off and started again, it goes on where it was')
    .action(async () => say(`version ${await rotateLookupKey(connect().client)} is the lookup key`));
}
