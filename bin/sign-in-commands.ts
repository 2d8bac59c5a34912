import type { Command } from 'commander';
import type { Connected } from './connection';
import { demoLogin, interactiveLogin, whoAmI } from './login';
import { say } from './prompt';

/** Adds `ward login`, `logout` and `whoami`. */
export function addSignIn(program: Command, connect: () => Connected): void {
  program
    .command('login')
    .description('sign in with password and authenticator; tokens are kept in a file that only you can read')
    .option('--user <email>', 'asked for when absent')
    .option('--demo <name>', 'one of the demo people of the laptop cloud, without typing')
    .action(async (options: { user?: string; demo?: string }) => {
      const { target, session, client } = connect();
      session.save(options.demo ? await demoLogin(target, options.demo) : await interactiveLogin(target, options.user));
      say(`signed in: ${JSON.stringify(await whoAmI(client))}`);
    });
  program
    .command('logout')
    .description('forget the tokens of this machine')
    .action(() => connect().session.forget());
  program
    .command('whoami')
    .description('who is signed in')
    .action(async () => say(JSON.stringify(await whoAmI(connect().client), null, 2)));
}
