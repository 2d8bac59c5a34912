import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

const root = join(__dirname, '../..');
const json = (path: string): unknown => JSON.parse(readFileSync(join(root, path), 'utf8'));
const versions = z.record(z.string(), z.string());
const manifest = z
  .object({
    dependencies: versions,
    devDependencies: versions,
    overrides: versions,
    allowScripts: z.record(z.string(), z.boolean()),
  })
  .parse(json('package.json'));
const entry = z.object({
  version: z.string().optional(),
  resolved: z.string().optional(),
  integrity: z.string().optional(),
  license: z.string().optional(),
  hasInstallScript: z.boolean().optional(),
  inBundle: z.boolean().optional(),
  dev: z.boolean().optional(),
});
const lock = z
  .object({ lockfileVersion: z.number(), packages: z.record(z.string(), entry) })
  .parse(json('package-lock.json'));
const installed = Object.entries(lock.packages).filter(([path]) => path !== '');

/** Licences under which whoever deploys Ward owes no more than a notice. */
const taken = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'MIT-0'];
/** What comes with a tool, by name, and why it is no burden. None of it is in a bundle. */
const besides: Readonly<Record<string, string>> = {
  'BlueOak-1.0.0': 'permissive; of tools that build and test, and of the CDK',
  'CC-BY-4.0': 'data about browsers, of a tool that compiles tests',
};

/** `MIT OR GPL-3.0` is taken as MIT; of `A AND B` each must do. */
function isTaken(licence: string, also: readonly string[] = []): boolean {
  const inner = licence.replaceAll(/[()]/g, '');
  if (inner.includes(' OR ')) return inner.split(' OR ').some((each) => isTaken(each, also));
  return inner.split(' AND ').every((each) => [...taken, ...also].includes(each));
}

/** A lock file leaves the licence out where a package states it in the old way. */
function licenceOf(path: string): string {
  const stated = lock.packages[path]?.license;
  if (stated !== undefined) return stated;
  const old = z.object({ licenses: z.array(z.object({ type: z.string() })).optional() });
  const file = join(path, 'package.json');
  const types = existsSync(join(root, file)) ? old.parse(json(file)).licenses?.map(({ type }) => type) : undefined;
  if (types) return types.join(' OR ');
  const text = ['LICENSE', 'LICENSE.md'].map((name) => join(root, path, name)).find(existsSync);
  return text && readFileSync(text, 'utf8').includes('Permission is hereby granted, free of charge') ? 'MIT' : 'none';
}

function importsIn(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  if (statSync(path).isDirectory()) return readdirSync(path).flatMap((name) => importsIn(join(path, name)));
  return path.endsWith('.ts')
    ? (readFileSync(path, 'utf8').match(/(?:from|import|require|resolve)[ (]+'[^']+'/g) ?? [])
    : [];
}

describe('the supply chain', () => {
  test('every version is exact', () => {
    const all = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.overrides };
    expect(Object.entries(all).filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
  });

  test('every package has a digest, whichever registry it comes from, or is inside of one that has', () => {
    expect(lock.lockfileVersion).toBe(3);
    expect(installed.length).toBeGreaterThan(300);
    const loose = installed.filter(([, { integrity = '', inBundle }]) => !inBundle && !integrity.startsWith('sha512-'));
    expect(loose.map(([path]) => path)).toEqual([]);
    // A lock file that names one registry sends everybody there.
    expect(installed.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
  });

  test('no package needs a script at its installation: each that has one is told not to', () => {
    const scripted = installed
      .filter(([, { hasInstallScript }]) => hasInstallScript)
      .map(([path]) => path.split('node_modules/').at(-1) ?? path);
    expect(scripted.filter((name) => manifest.allowScripts[name] !== false)).toEqual([]);
    expect(Object.values(manifest.allowScripts)).not.toContain(true);
  });

  test('an installation runs no script of a package, also of one that is new, and writes exact versions', () => {
    const settings = readFileSync(join(root, '.npmrc'), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(settings.sort()).toEqual(['ignore-scripts=true', 'save-exact=true']);
  });

  test('no script of ours hides before or after another: npm would leave it out', () => {
    const { scripts } = z.object({ scripts: versions }).parse(json('package.json'));
    const around = Object.keys(scripts).filter(
      (name) => Object.hasOwn(scripts, name.replace(/^(pre|post)/, '')) && /^(pre|post)/.test(name),
    );
    expect([around, Object.keys(scripts).filter((name) => /^(pre|post)?(install|prepare)$/.test(name))]).toEqual([
      [],
      [],
    ]);
  });

  test('every licence asks for no more than a notice', () => {
    const asking = installed.filter(([path]) => !isTaken(licenceOf(path), Object.keys(besides)));
    expect(asking.map(([path]) => `${path} ${licenceOf(path)}`)).toEqual([]);
  });

  test('what a user of Ward runs is under the licences that the project takes, but for a part of the CDK', () => {
    const run = installed.filter(([, { dev }]) => !dev).filter(([path]) => !isTaken(licenceOf(path)));
    expect(run.map(([path]) => path).filter((path) => !path.startsWith('node_modules/aws-cdk-lib/'))).toEqual([]);
  });

  test('every package that Ward names is used', () => {
    const sources = ['bin', 'lib', 'lambda', 'local', 'scripts', 'bench', 'test', 'eval', 'evidence'];
    const imports = sources.flatMap((folder) => importsIn(join(root, folder))).join('\n');
    const tools = [
      '@biomejs/biome',
      '@swc/core',
      '@swc/jest',
      'aws-cdk',
      'dependency-cruiser',
      'jest',
      'tsx',
      'typescript',
    ];
    const unused = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }).filter(
      (name) => !tools.includes(name) && !name.startsWith('@types/') && !imports.includes(`'${name}`),
    );
    expect(unused).toEqual([]);
  });
});
