import { resolve } from 'node:path';
import { type BuildOptions, build } from 'esbuild';

/** Bundles TypeScript, as if it lay in the root, the way functions are bundled but for what lib/bundle.ts adds to each. */
export async function bundle(contents: string, outfile: string, more: BuildOptions = {}): Promise<void> {
  await build({
    stdin: { contents, resolveDir: resolve(__dirname, '..'), loader: 'ts' },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    mainFields: ['module', 'main'],
    minify: true,
    logLevel: 'error',
    ...more,
  });
}
