import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/**
 * Runs a writer, which prints one line for each write that was acknowledged, and kills it with SIGKILL in the middle of
 * its work.
 *
 * @returns the lines printed before its end
 */
export async function killAfter(lines: number, script: string, directory: string): Promise<string[]> {
  const child = spawn(process.execPath, ['--import', 'tsx', script, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const acknowledged: string[] = [];
  const reader = createInterface({ input: child.stdout });
  const ended = new Promise<NodeJS.Signals | null>((resolve) =>
    child.once('close', (_code, signal) => resolve(signal)),
  );
  reader.on('line', (line) => {
    acknowledged.push(line);
    if (acknowledged.length === lines) child.kill('SIGKILL');
  });
  if ((await ended) !== 'SIGKILL') throw new Error('the writer ended by itself');
  return acknowledged;
}
