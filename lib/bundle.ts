import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join, sep } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { routes } from '../lambda/http/routes';
import { entryPoints } from './functions';

const root = join(__dirname, '..');
export const bundleDirectory = join(root, 'build');

/**
 * A function's credentials are those of its environment, where Lambda puts them. Without the SDK's search through profiles,
 * single sign-on and instance metadata a bundle is 90 KB smaller, and nobody can lend a function another identity.
 */
const environmentCredentials: Plugin = {
  name: 'environment-credentials',
  setup: ({ onLoad, onResolve }) => {
    const namespace = 'environment-credentials';
    onResolve({ filter: /^@aws-sdk\/credential-provider-node$/ }, ({ path }) => ({ path, namespace }));
    onLoad({ filter: /.*/, namespace }, () => ({
      contents: `import { fromEnv } from '@aws-sdk/credential-provider-env'; export const defaultProvider = () => fromEnv();`,
      resolveDir: root,
    }));
  },
};

const containing = 'contained';

/**
 * Every function is wrapped here and not by its own entry point, so that none can forget it: what it prints and throws is
 * without what identifies a person before Lambda's runtime sees it (lambda/logging). 45 CFR 164.514(b)(2).
 */
const containment: Plugin = {
  name: containing,
  setup: ({ onLoad, onResolve }) => {
    onResolve({ filter: /\.lambda\.ts$/ }, ({ kind, path }) =>
      kind === 'entry-point' ? { path: join(root, path), namespace: containing } : undefined,
    );
    onLoad({ filter: /.*/, namespace: containing }, ({ path }) => ({
      contents: `
        import './lambda/logging/install';
        import { contained } from './lambda/logging/contain';
        import { handler as uncontained } from ${JSON.stringify(path)};
        export const handler = contained(uncontained);`,
      resolveDir: root,
      loader: 'ts',
    }));
  },
};

/** fontkit, of pdfkit, carries a 464 KB dictionary of Brotli to read WOFF2; Node has a Brotli of its own. */
const nodeBrotli: Plugin = {
  name: 'node-brotli',
  setup: ({ onLoad, onResolve }) => {
    onResolve({ filter: /^brotli\/decompress/ }, () => ({ path: 'brotli', namespace: 'node-brotli' }));
    onLoad({ filter: /.*/, namespace: 'node-brotli' }, () => ({
      contents: `module.exports = require('node:zlib').brotliDecompressSync`,
    }));
  },
};

const schemaNames = /const (_\w+) = ("[^"]*");/g;

/**
 * The shapes of a service's calls are literals with computed keys, `{ [_hH]: … }`, which keep esbuild from seeing that a shape
 * nobody names may go. With the keys spelled out a function that uses S3 is 56 KB smaller.
 */
const usedSchemas: Plugin = {
  name: 'used-schemas',
  setup: ({ onLoad }) =>
    onLoad({ filter: /@aws-sdk[/\\]client-[a-z0-9-]+[/\\]dist-es[/\\]schemas[/\\]schemas_0\.js$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8');
      const names = new Map([...source.matchAll(schemaNames)].map(([, name, text]) => [name, text]));
      return { contents: source.replace(/\[(_\w+)\]:/g, (key, name: string) => `${names.get(name) ?? key}:`) };
    }),
};

/**
 * Bundles `lambda/**\/<name>.lambda.ts` of every declared function into `<directory>/<name>/index.js`, in one esbuild call:
 * one process and one parse of what they share.
 * @returns bytes by name
 * @throws Error naming each function without an entry point, each entry point without a function
 */
export async function bundleFunctions(directory: string = bundleDirectory): Promise<Readonly<Record<string, number>>> {
  const found = findEntryPoints();
  check([...found.keys()]);
  mkdirSync(directory, { recursive: true });
  for (const name of readdirSync(directory)) if (!found.has(name)) rmSync(join(directory, name), { recursive: true });
  const result = await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries([...found].map(([name, file]) => [`${name}/index`, file])),
    outdir: directory,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20', // the same bundle runs in Lambda (24) and on a laptop (20.19 and later)
    mainFields: ['module', 'main'], // the SDK's ES modules, so that unused parts drop out
    minify: true,
    legalComments: 'none',
    metafile: true,
    plugins: [containment, environmentCredentials, nodeBrotli, usedSchemas],
    loader: { '.woff': 'binary' }, // the fonts of notices
    define: { 'import.meta.url': '"file:///var/task/index.js"' }, // pdfkit asks for it when it loads
    logLevel: 'warning',
  });
  return Object.fromEntries(
    Object.entries(result.metafile.outputs).map(([path, { bytes }]) => [path.split('/').at(-2) ?? path, bytes]),
  );
}

function findEntryPoints(): ReadonlyMap<string, string> {
  const files = readdirSync(join(root, 'lambda'), { recursive: true, encoding: 'utf8' });
  return new Map(
    files
      .filter((file) => file.endsWith('.lambda.ts'))
      .map((file) => [basename(file, '.lambda.ts'), join('lambda', file).replaceAll(sep, '/')]),
  );
}

/** @throws Error unless routes, declarations and entry points name the same functions */
export function check(found: readonly string[]): void {
  const faults = [
    ...[...new Set(routes.map((route) => route.function))]
      .filter((name) => !entryPoints.includes(name))
      .map((name) => `lambda/http/routes names the function ${name}, which lib/functions does not declare`),
    ...entryPoints
      .filter((name) => !found.includes(name))
      .map((name) => `lib/functions declares ${name}, but there is no lambda/**/${name}.lambda.ts`),
    ...found
      .filter((name) => !entryPoints.includes(name))
      .map((name) => `${name}.lambda.ts is an entry point that lib/functions does not declare`),
  ];
  if (faults.length > 0) throw new Error(faults.join('\n'));
}
