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
import * as z from 'zod';
import { type Cloud, type CloudOptions, startCloud } from '../../local/cloud';
import { seedDemo } from '../../local/demo';
import { Ward, ward } from './ward';

/** The assembly that start.ts has synthesized for this run. */
const assembly = (): string => realpathSync(resolve(ward().directory, '../cdk.out'));

export type Template = {
  readonly Resources: Record<string, { readonly Type: string; readonly Properties: Record<string, unknown> }>;
};
const statement = z.looseObject({ Action: z.union([z.string(), z.array(z.string())]), Resource: z.unknown() });
const inline = z.object({
  Policies: z.tuple([z.object({ PolicyDocument: z.object({ Statement: z.array(statement) }) })]),
});
/** Parsed as they stand, so that what is changed here is changed in the template. */
const roleProperties = z.custom<{
  readonly Policies: readonly [{ readonly PolicyDocument: { Statement: z.infer<typeof statement>[] } }];
}>((value) => inline.safeParse(value).success);

const isRoleOf = (properties: Record<string, unknown> | undefined, name: string): boolean =>
  ['local', 'standby'].some((stage) => properties?.['RoleName'] === `ward-${stage}-${name}`);

/** @returns whether a stack has a function, by the `<name>` of its `<name>.lambda.ts` */
export const hasFunction = ({ Resources }: Template, name: string): boolean =>
  Object.values(Resources).some(({ Properties }) => isRoleOf(Properties, name));

/** Changes a template in place. */
export type Change = (template: Template, stack: string) => void;

/** @returns the logical id of a function, and the statements of its role, by the `<name>` of its `<name>.lambda.ts` */
export function functionOf({ Resources }: Template, name: string) {
  const all = Object.entries(Resources);
  const [role, its] = all.find(([, { Properties }]) => isRoleOf(Properties, name)) ?? [];
  const refers = (value: unknown, to: string) => JSON.stringify(value).includes(JSON.stringify(to));
  const of = (type: string, property: string) =>
    all.find(([, { Type, Properties }]) => Type === type && role && refers(Properties[property], role));
  const [id, made] = of('AWS::Lambda::Function', 'Role') ?? [];
  if (!id || !made || !its) throw new Error(`no function ${name}`);
  return { id, properties: made.Properties, policy: roleProperties.parse(its.Properties).Policies[0].PolicyDocument };
}

/** @returns the function of that name, of whichever stack has it */
export function functionIn(templates: readonly Template[], name: string): ReturnType<typeof functionOf> {
  const its = templates.find((template) => hasFunction(template, name));
  if (!its) throw new Error(`no function ${name}`);
  return functionOf(its, name);
}

/** A copy of the assembly with changed templates; the bundles stay where they are. */
export function changedAssembly(directory: string, change: Change, from = assembly()): string {
  const copy = mkdtempSync(join(directory, 'cdk-'));
  cpSync(from, copy, { recursive: true, filter: (path) => !/[/\\]asset\.[0-9a-f]+/.test(path) });
  for (const name of readdirSync(from).filter((each) => each.startsWith('asset.')))
    symlinkSync(join(from, name), join(copy, name));
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
  /** Invokes a function as its operator could. @param name of its `<name>.lambda.ts` */
  invoke(name: string, event: unknown): Promise<unknown>;
  stop(): Promise<void>;
  /** stops it if it runs still, and removes its folder */
  remove(): Promise<void>;
}

/**
 * A laptop cloud of a test file's own, in its process: nobody else writes to it.
 * @param more `directory` of one that was stopped: it goes on with what that one kept; `from` of another assembly than this
 *   run's, in which nobody is yet
 */
export async function ownCloud(
  change: Change = () => undefined,
  {
    directory = mkdtempSync(join(tmpdir(), 'ward-own-')),
    from,
    ...more
  }: Pick<CloudOptions, 'intercept' | 'scheduleClock' | 'uses'> & {
    readonly directory?: string;
    readonly from?: string;
  } = {},
): Promise<OwnCloud> {
  try {
    const templates: Template[] = [];
    const assembly = changedAssembly(
      directory,
      (template, stack) => {
        templates.push(template);
        change(template, stack);
      },
      from,
    );
    const invoke = (name: string, event: unknown): Promise<unknown> =>
      cloud.invoke(functionIn(templates, name).id, event);
    const cloud = await startCloud({
      assembly,
      directory: join(directory, 'state'),
      port: 0,
      reset: false,
      ...more,
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
      if (from === undefined) await seedDemo(cloud);
      return { ward: new Ward(cloud.file), cloud, directory, invoke, stop, remove };
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

/** Every item of every table of a cloud in a form that compares, but for the evidence, what follows it by itself and when somebody was there. */
export async function stored(cloud: Ward): Promise<string[]> {
  const tables = await Promise.all(
    ['RecordsTable', 'KeysTable', 'GovernanceTable'].map(async (table) =>
      (await cloud.items(table))
        .filter(({ PK }) => !/^(SESSION#|SIGN-INS$|DETECT|ALERT|ARCHIVE-MARK$)/.test(String(PK)))
        .map((item) => `${table} ${JSON.stringify(item)}`),
    ),
  );
  return tables.flat().sort();
}
