import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { bundleFunctions } from '../lib/bundle';
import { productionStage } from '../test/synth/assembly';
import { bundle } from './bundled';
import { costPage, count } from './infra-cost';
import { table } from './measure';
import { type Resources, standingOf } from './standing';
import { synthesize } from './synthesis';

const root = resolve(__dirname, '..');
const [start, end] = ['<!-- npm run bench -- infra: begin -->', '<!-- npm run bench -- infra: end -->'];
const loads = 9;

interface Template {
  readonly Resources: Resources;
}

/** Synthesis, bundles, stacks, and what a month costs; the cost is written into docs/cost.md between its marks. */
export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ward-bench-'));
  try {
    const assembly = join(folder, 'cdk.out');
    const seconds = synthesize(assembly);
    process.stdout.write(`${table(['', 'measured', 'budget'], [['synthesis', `${seconds.toFixed(1)} s`, '15 s']])}\n`);
    const templates = templatesOf(assembly);
    const stacks = [...templates].map(([name, { Resources }]) => [name, String(Object.keys(Resources).length), '500']);
    process.stdout.write(`${table(['stack', 'resources', 'most'], stacks)}\n`);
    await bundles(folder, [...templates.values()]);
    const production = join(folder, 'cdk.out.prod');
    synthesize(production, productionStage);
    const standing = standingOf([...templatesOf(production).values()].map(({ Resources }) => Resources));
    const page = costPage(await count(assembly), standing);
    process.stdout.write(page);
    write(page);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const templatesOf = (assembly: string): ReadonlyMap<string, Template> =>
  new Map(
    readdirSync(assembly)
      .filter((name) => name.endsWith('.template.json'))
      .map((name) => [name.replace('.template.json', ''), read(join(assembly, name))]),
  );

const read = (file: string): Template => JSON.parse(readFileSync(file, 'utf8'));

/** What every function of records asks AWS with, and nothing else: made as lambda/http/clients.ts makes them. */
const bare = `
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
export const documents = DynamoDBDocumentClient.from(new DynamoDBClient({}));
export const kms = new KMSClient({});
export const handler = () => undefined;`;

async function bundles(folder: string, templates: readonly Template[]): Promise<void> {
  const bytes = await bundleFunctions(join(folder, 'build'));
  const file = join(folder, 'bare.js');
  await bundle(bare, file);
  const variables = environmentNames(templates);
  const names = Object.keys(bytes).sort();
  const times = new Map(
    [file, ...names.map((name) => join(folder, 'build', name, 'index.js'))].map((path) => [path, [] as number[]]),
  );
  for (let turn = 0; turn < loads; turn++) for (const [path, all] of times) all.push(load(path, variables));
  const median = (path: string) => [...(times.get(path) ?? [])].sort((a, b) => a - b)[Math.floor(loads / 2)] ?? 0;
  const base = median(file);
  const rows = names.map((name) => {
    const time = median(join(folder, 'build', name, 'index.js'));
    return [name, `${Math.round((bytes[name] ?? 0) / 1000)} KB`, `${time.toFixed(0)} ms`, (time / base).toFixed(2)];
  });
  process.stdout.write(
    `${table(['function', 'bundle', 'loads in', 'against bare clients'], [['bare clients', '', `${base.toFixed(0)} ms`, '1.00'], ...rows])}\n`,
  );
  const entries = median(join(folder, 'build', 'entries', 'index.js')) / base;
  process.stdout.write(
    `budget: the records function loads in 1.3x of its bare clients: ${entries <= 1.3 ? 'kept' : 'MISSED'} (${entries.toFixed(2)})\n\n`,
  );
}

function environmentNames(templates: readonly Template[]): Record<string, string> {
  const names = templates.flatMap(({ Resources }) =>
    Object.values(Resources).flatMap(({ Properties }) => {
      const environment = Properties?.['Environment'];
      const variables =
        typeof environment === 'object' && environment !== null && 'Variables' in environment
          ? environment.Variables
          : {};
      return typeof variables === 'object' && variables !== null ? Object.keys(variables) : [];
    }),
  );
  const number = /SECONDS|DAYS|YEARS|MAJORITY/;
  return Object.fromEntries(
    names.map((name) => [
      name,
      number.test(name)
        ? '60'
        : name === 'USER_POOL_ID'
          ? 'us-east-1_abcdefghi'
          : /_(SETTINGS|TABLES)$/.test(name)
            ? '{}'
            : 'x',
    ]),
  );
}

/** @returns milliseconds of processor time that a fresh process takes to load a bundle */
function load(path: string, variables: Readonly<Record<string, string>>): number {
  const script = `const c = process.cpuUsage(); require(${JSON.stringify(path)}); const { user, system } = process.cpuUsage(c); process.stdout.write(String((user + system) / 1000)); process.exit()`;
  const { stdout, status, stderr } = spawnSync(process.execPath, ['-e', script], {
    env: { ...process.env, ...variables, AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x' },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${path} does not load\n${stderr}`);
  return Number(stdout);
}

function write(page: string): void {
  const file = join(root, 'docs/cost.md');
  const text = readFileSync(file, 'utf8');
  const [before, rest] = text.split(start);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error('docs/cost.md has no marks to write between');
  writeFileSync(file, `${before}${start}\n\n${page}\n${end}${after}`);
}
