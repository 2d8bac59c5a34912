import { parseArgs, types } from 'node:util';
import type { CloudOptions } from './cloud';

export const usage = `Usage: npm start -- [options] [assembly]

  --data DIR   keep everything in this folder (default .ward)
  --port N     the API's port, the services take those behind it; 0 takes any that are free (default 4600)
  --reset      begin with an empty folder
  --help       show this

  assembly     folder of the synthesized templates (default cdk.out)`;

/**
 * @param words what follows the program on the command line
 * @returns `help` when that was asked for
 * @throws Error in one sentence
 */
export function readArguments(words: readonly string[]): CloudOptions | 'help' {
  const { values, positionals } = split(words);
  if (values.help) return 'help';
  const [assembly = 'cdk.out', another] = positionals;
  if (another !== undefined) throw new Error('Name one folder of templates at most; see --help.');
  // Eight servers stand at consecutive ports.
  if (!/^\d{1,5}$/.test(values.port) || Number(values.port) > 65_528)
    throw new Error('--port takes a number from 0 to 65528.');
  if (values.data === '') throw new Error('--data takes a folder.');
  return { assembly, directory: values.data, port: Number(values.port), reset: values.reset };
}

function split(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        data: { type: 'string', default: '.ward' },
        port: { type: 'string', default: '4600' },
        reset: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    // Node's message has more than one sentence; the first names the option.
    const [first] = types.isNativeError(error) ? error.message.split(/\.(?:\s|$)/) : [];
    throw new Error(`${first ?? 'The options are not understood'}; see --help.`, { cause: error });
  }
}
