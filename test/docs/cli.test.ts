import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { wardProgram } from '../../bin/program';
import { cliPage, commandsOf } from '../../scripts/cli-docs';

jest.mock('@clack/prompts', () => ({})); // has ES modules only, and nobody is asked anything here

test('docs/cli.md has every command with its arguments and options as the code has them', () => {
  const page = readFileSync(join(__dirname, '../../docs/cli.md'), 'utf8');
  expect(cliPage(page)).toBe(page); // npx tsx scripts/cli-docs.ts writes it
});

test('every group, command, argument and option says what it is', () => {
  const groups = wardProgram().commands;
  const commands = groups.flatMap((each) => commandsOf(each));
  const said = [
    ...groups.map((each) => [each.name(), each.description()]),
    ...commands.map(([words, command]) => [words, command.description()]),
    ...commands.flatMap(([words, { options, registeredArguments }]) => [
      ...options.map(({ flags, description }) => [`${words} ${flags}`, description]),
      ...registeredArguments.map((each) => [`${words} <${each.name()}>`, each.description]),
    ]),
  ];
  expect(said.length).toBeGreaterThan(100);
  expect(said.filter(([, description]) => !description)).toEqual([]);
});
