import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';

declare global {
  var wardCloud: { readonly process: ChildProcess; readonly directory: string } | undefined;
}

/** Stops the cloud that start.ts started, by its own process, and removes its folder. */
async function stop(): Promise<void> {
  const started = globalThis.wardCloud;
  if (!started) return;
  if (started.process.exitCode === null && started.process.signalCode === null) {
    // start.ts let go of it: waited for like that, Jest would end here, before it says by its status that a test failed.
    started.process.ref();
    const exited = once(started.process, 'exit');
    started.process.kill('SIGTERM');
    await exited;
  }
  rmSync(started.directory, { recursive: true, force: true });
}

module.exports = stop;
