// Writes the generated part of docs/cli.md from the definitions of the commands: npx tsx scripts/cli-docs.ts
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Argument, Command, Option } from 'commander';
import { wardProgram } from '../bin/program';

const page = join(__dirname, '../docs/cli.md');
const marker = '<!-- commands -->\n';

/** @returns the page with its generated part as the code has it now */
export function cliPage(text: string = readFileSync(page, 'utf8')): string {
  const at = text.indexOf(marker);
  if (at < 0) throw new Error('docs/cli.md has no part for the commands');
  return `${text.slice(0, at)}${marker}\n${wardProgram().commands.map(section).join('\n')}`;
}

/** @returns the commands that do something, under their groups, with the words that call them */
export function commandsOf(command: Command, above = 'ward'): readonly (readonly [words: string, Command])[] {
  const words = `${above} ${command.name()}`;
  return command.commands.length > 0
    ? command.commands.flatMap((each) => commandsOf(each, words))
    : [[words, command] as const];
}

function section(command: Command): string {
  const head = `## ${command.name()}\n`;
  const about = command.commands.length > 0 ? `\n${sentence(command.description())}\n` : '';
  return `${head}${about}\n${commandsOf(command).map(described).join('\n')}`;
}

function described([words, command]: readonly [string, Command]): string {
  const synopsis = [words, ...command.registeredArguments.map(written)].join(' ');
  const rows = [
    ...command.registeredArguments.map((each) => row(written(each), each)),
    ...command.options.map((each) => row(each.flags, each)),
  ];
  return `**\`${synopsis}\`** ${sentence(command.description())}\n${rows.length > 0 ? `\n${rows.join('\n')}\n` : ''}`;
}

const written = (argument: Argument): string => {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
};

function row(flags: string, given: Argument | Option): string {
  const { argChoices = [], defaultValue, defaultValueDescription } = given;
  const byDefault = defaultValueDescription ?? (typeof defaultValue === 'string' ? `\`${defaultValue}\`` : undefined);
  const notes = [
    given.description,
    argChoices.length > 0 ? `one of ${argChoices.join(', ')}` : '',
    'mandatory' in given && given.mandatory ? 'must be given' : '',
    byDefault === undefined ? '' : `default ${byDefault}`,
  ];
  return `- \`${flags}\`: ${notes.filter(Boolean).join('; ')}`;
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

if (require.main === module) writeFileSync(page, cliPage());
