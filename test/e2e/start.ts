import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ward } from './ward';

const root = resolve(__dirname, '../..');

/** Synthesizes the app and starts the laptop cloud once for every test file of this project: `WARD_CLOUD` names its cloud.json. */
async function start(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'ward-e2e-'));
  // Every laptop cloud of this run keeps a record there of which grants it used: least-privilege.test.ts reads it at the end.
  // A folder of the caller's own gathers the records of several runs.
  process.env['WARD_USES'] ??= join(directory, 'uses');
  mkdirSync(process.env['WARD_USES'], { recursive: true });
  const environment = { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };
  const assembly = join(directory, 'cdk.out');
  // The CDK's command line does the same and takes four times as long.
  const { context }: { context: object } = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8'));
  const synth = spawnSync(process.execPath, ['--import', 'tsx', 'bin/app.ts'], {
    cwd: root,
    env: { ...environment, CDK_OUTDIR: assembly, CDK_CONTEXT_JSON: JSON.stringify(context) },
    encoding: 'utf8',
  });
  if (synth.status !== 0) {
    rmSync(directory, { recursive: true });
    throw new Error(`the app could not be synthesized\n${synth.stderr}`);
  }
  const words = ['--import', 'tsx', 'local/main.ts', '--port', '0', '--data', join(directory, 'state'), assembly];
  const cloud = spawn(process.execPath, words, {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  Object.assign(globalThis, { wardCloud: { process: cloud, directory } });
  try {
    process.env['WARD_CLOUD'] = await ready(cloud);
    // Once for all test files: an authenticator's code is good for one sign-in.
    for (const { name } of ward().users) await ward().tokens(name);
  } catch (error) {
    rmSync(directory, { recursive: true });
    throw error;
  }
  // The channel tells the cloud when this run is aborted; it is no reason for this run to stay.
  cloud.unref();
  cloud.channel?.unref();
}

function ready(cloud: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    cloud.once('message', (message) => {
      if (typeof message === 'object' && 'cloud' in message && typeof message.cloud === 'string')
        resolve(message.cloud);
      else reject(new Error('the laptop cloud did not say where it is'));
    });
    cloud.once('exit', (code) => reject(new Error(`the laptop cloud ended with ${code} before it was ready`)));
  });
}

module.exports = start;
