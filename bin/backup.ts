import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';

/** `ward backup` and `ward restore`: everything that the laptop cloud keeps. 45 CFR 164.308(a)(7)(ii)(A), (B). */
export function addBackups(program: Command, where: () => { readonly data: string }): void {
  program
    .command('backup')
    .description(
      'write everything that the laptop cloud keeps, keys included, into one encrypted file; it must be stopped',
    )
    .argument('<file>', 'that is not there yet')
    .action(async (file: string) => {
      await run(['backup', file, '--data', where().data]);
    });
  program
    .command('restore')
    .description(
      'put a backup in place; the next start replays what the archive knows and stays locked down until released',
    )
    .argument('<file>', 'that "ward backup" wrote')
    .option('--replace', 'move aside what lies in the folder; its locked archive is kept')
    .option('--archive <folder>', 'a state folder whose locked archive survived')
    .action(async (file: string, { replace, archive }: { replace?: true; archive?: string }) => {
      const more = [...(replace ? ['--replace'] : []), ...(archive === undefined ? [] : ['--archive', archive])];
      await run(['restore', file, '--data', where().data, ...more]);
    });
}

/** In a process of its own: the state folder is the laptop cloud's, and only its own code knows how to hold it. */
async function run(words: readonly string[]): Promise<void> {
  const program = join(__dirname, '..', 'local', 'backup-main.ts');
  const child = spawn(process.execPath, ['--import', pathToFileURL(require.resolve('tsx')).href, program, ...words], {
    stdio: 'inherit',
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) process.exitCode = 1;
}
