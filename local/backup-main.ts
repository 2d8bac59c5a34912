import { parseArgs } from 'node:util';
import { ask } from '../bin/prompt';
import { backup, restore, type Secret } from './backup';

// What is written is for this user alone.
process.umask(0o077);

const fromScript = process.env['WARD_BACKUP_PASSPHRASE'];
const given: Secret | undefined = fromScript === undefined ? undefined : async () => fromScript;

async function newPassphrase(): Promise<string> {
  if (given) return given();
  const passphrase = await ask('Passphrase for the backup', { secret: true });
  if (process.stdin.isTTY && passphrase !== (await ask('Once more', { secret: true })))
    throw new Error('the two are not the same');
  return passphrase;
}

/** `ward backup` and `ward restore`: run as a process of their own by the command line, which may not import this folder. */
async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      data: { type: 'string', default: '.ward' },
      replace: { type: 'boolean', default: false },
      archive: { type: 'string' },
    },
  });
  const [command, file = ''] = positionals;
  if (command === 'backup') {
    const { files, bytes } = await backup(values.data, file, newPassphrase);
    console.log(`${files} files, ${bytes} bytes, encrypted to ${file}`);
    return;
  }
  const { replace, archive } = values;
  const report = await restore(file, values.data, {
    passphrase: given ?? (() => ask('Passphrase of the backup', { secret: true })),
    replace,
    ...(archive === undefined ? {} : { archive }),
  });
  console.log(`${report.files} files as they were at ${report.at} are in ${values.data}`);
  if (report.kept > 0) console.log(`${report.kept} locked objects that are newer were kept`);
  if (report.replaced !== undefined)
    console.log(`what lay there is in ${report.replaced}; remove it when it is not needed`);
  console.log('Start Ward: it replays what the archive knows, and stays locked down until two people release it.');
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : 'failed');
  process.exit(1);
});
