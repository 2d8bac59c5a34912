import type { Command } from 'commander';
import { ask, say } from '../prompt';
import { openStage } from './place';
import { redrive } from './redrive';

/** `ward redrive`: runs again what streams, schedules and logs gave up. */
export function addRedrive(program: Command, where: () => { readonly outputs?: string }): void {
  program
    .command('redrive')
    .description('run again what was given up, and end its dead letters; exit 1 when one is left')
    .option('--list', 'only show what waits')
    .option('--yes', 'without asking')
    .action(async ({ list, yes }: { list?: true; yes?: true }) => {
      const { outputs } = where();
      if (outputs === undefined)
        throw new Error('dead letters are not on the laptop, which has no queue: name a stage with --outputs');
      const left = await redrive(openStage(outputs), {
        list: list === true,
        confirm: async () => yes === true || (await ask('Run these now? yes or no')) === 'yes',
        say,
        now: new Date(),
      });
      if (left > 0) process.exitCode = 1;
    });
}
