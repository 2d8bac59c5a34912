import { parseArgs } from 'node:util';
import { backup, restore } from './backup';

// What is written is for this user alone.
process.umask(0o077);

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
  const passphrase = process.env['WARD_BACKUP_PASSPHRASE'] ?? '';
  if (command === 'backup') {
    const { files, bytes } = await backup(values.data, file, passphrase);
    console.log(`${files} files, ${bytes} bytes, encrypted to ${file}`);
    return;
  }
  const { replace, archive } = values;
  const report = await restore(file, values.data, {
    passphrase,
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
