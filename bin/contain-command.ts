import { Argument, type Command } from 'commander';
import { controlReasons } from '../lambda/access/governance';
import { contain, containAlert, containable, release } from './contain';
import { operate } from './operator';
import { say } from './prompt';

interface Options {
  readonly reason: string;
  readonly hours: string;
  readonly release?: true;
  readonly approval?: string;
  readonly alert?: string;
}

/** `ward contain`: with the operator's own credentials, not through the API. */
export function addContainment(
  program: Command,
  where: () => { readonly outputs?: string; readonly data: string },
): void {
  program
    .command('contain')
    .description(
      'suspend a user, freeze a patient or role, or lock Ward down, without the API and with AWS credentials',
    )
    .addArgument(new Argument('[kind]', 'unless --alert says what').choices(containable))
    .argument('[target]', 'id of the user or patient, or name of the role')
    .option('--reason <code>', controlReasons.join(', '), 'suspected-breach')
    .option('--hours <number>', 'how long a freeze or lockdown counts at most', '24')
    .option('--alert <id>', 'suspend whoever the alert is about')
    .option('--release', 'end a freeze or lockdown instead; a suspension ends with "ward users reinstate"')
    .option('--approval <id>', 'of a second person, to release a lockdown')
    .action(async (kind: (typeof containable)[number] | undefined, target: string | undefined, options: Options) => {
      const { reason, hours, approval, alert } = options;
      if ((kind === undefined) !== (alert !== undefined) || (alert && options.release))
        throw new Error('name what to contain, or an alert with --alert; --release takes no alert');
      const operator = operate(where(), 'ward-contain');
      if (kind === undefined) return say(await containAlert(operator, alert ?? '', reason));
      const named = { kind, ...(target === undefined ? {} : { target }) };
      say(
        options.release
          ? await release(operator, { ...named, ...(approval === undefined ? {} : { approval }) })
          : await contain(operator, { ...named, reason, hours: Number(hours) }),
      );
    });
}
