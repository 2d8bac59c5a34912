import { createInterface } from 'node:readline';
import { isCancel, password, text } from '@clack/prompts';

/** Lines that are piped in, for scripts; made when the first question is asked without a terminal. */
let piped: AsyncIterator<string> | undefined;

/** Asks the person at the terminal, or takes the next line of a script. @throws Error when there is no answer */
export async function ask(message: string, options: { readonly secret?: boolean } = {}): Promise<string> {
  if (!process.stdin.isTTY) {
    process.stdout.write(`${message}: \n`);
    piped ??= createInterface({ input: process.stdin })[Symbol.asyncIterator]();
    process.stdin.ref?.(); // of a pipe; a file has neither
    const { value, done } = await piped.next();
    process.stdin.unref?.(); // who asks nothing more does not wait until the script closes its end
    if (done || !value) throw new Error(`no answer to "${message}"`);
    return value;
  }
  const answer = options.secret ? await password({ message }) : await text({ message });
  if (isCancel(answer) || !answer) throw new Error('cancelled');
  return answer;
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
