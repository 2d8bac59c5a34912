import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Cloud, startCloud } from '../../local/cloud';
import { seedDemo } from '../../local/demo';
import { Ward, ward } from './ward';

/** The assembly that start.ts has synthesized for this run. */
const assembly = (): string => realpathSync(resolve(ward().directory, '../cdk.out'));

export type Template = {
  readonly Resources: Record<string, { readonly Type: string; readonly Properties: Record<string, unknown> }>;
};
/** Changes a template in place. */
export type Change = (template: Template, stack: string) => void;

/** A copy of the assembly with changed templates; the bundles stay where they are. */
function changedAssembly(directory: string, change: Change): string {
  const copy = join(directory, 'cdk.out');
  cpSync(assembly(), copy, { recursive: true, filter: (path) => !/[/\\]asset\.[0-9a-f]+/.test(path) });
  for (const name of readdirSync(assembly()).filter((each) => each.startsWith('asset.')))
    symlinkSync(join(assembly(), name), join(copy, name));
  for (const name of readdirSync(copy).filter((each) => each.endsWith('.template.json'))) {
    const template: Template = JSON.parse(readFileSync(join(copy, name), 'utf8'));
    change(template, name.replace('.template.json', ''));
    writeFileSync(join(copy, name), JSON.stringify(template));
  }
  return copy;
}

export interface OwnCloud {
  readonly ward: Ward;
  readonly cloud: Cloud;
  /** its folder: what it keeps, the tokens of its people */
  readonly directory: string;
  stop(): Promise<void>;
  /** stops it if it runs still, and removes its folder */
  remove(): Promise<void>;
}

/** A laptop cloud of a test file's own, in its process: nobody else writes to it. */
export async function ownCloud(change: Change = () => undefined): Promise<OwnCloud> {
  const directory = mkdtempSync(join(tmpdir(), 'ward-own-'));
  try {
    const cloud = await startCloud({
      assembly: changedAssembly(directory, change),
      directory: join(directory, 'state'),
      port: 0,
      reset: false,
    });
    let stopped: Promise<void> | undefined;
    const stop = (): Promise<void> => {
      stopped ??= cloud.stop();
      return stopped;
    };
    const remove = async (): Promise<void> => {
      await stop();
      rmSync(directory, { recursive: true });
    };
    try {
      await seedDemo(cloud);
      return { ward: new Ward(cloud.file), cloud, directory, stop, remove };
    } catch (error) {
      await stop();
      throw error;
    }
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

/** A laptop cloud in a process of its own, which can be killed. */
export class ChildCloud {
  private constructor(
    readonly ward: Ward,
    private readonly child: ChildProcess,
  ) {}

  /** @param directory keeps its state; one that is there already goes on */
  static async start(directory: string): Promise<ChildCloud> {
    const words = ['--import', 'tsx', 'local/main.ts', '--port', '0', '--data', join(directory, 'state'), assembly()];
    const child = spawn(process.execPath, words, {
      cwd: resolve(__dirname, '../..'),
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const file = await new Promise<string>((fulfil, reject) => {
      child.once('message', (message) => {
        if (typeof message === 'object' && 'cloud' in message) fulfil(String(message.cloud));
      });
      child.once('exit', (code) => reject(new Error(`the laptop cloud ended with ${code} before it was ready`)));
    });
    return new ChildCloud(new Ward(file), child);
  }

  /** @param signal SIGKILL leaves it no time for anything */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill(signal);
    await exited;
  }
}

/** Every item of every table of a cloud but the evidence, in a form that compares. */
export async function stored(cloud: Ward): Promise<string[]> {
  const tables = await Promise.all(
    ['RecordsTable', 'KeysTable', 'GovernanceTable'].map(async (table) =>
      (await cloud.items(table)).map((item) => `${table} ${JSON.stringify(item)}`),
    ),
  );
  return tables.flat().sort();
}
