import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(__dirname, '..');

/**
 * Synthesizes the app as `npm run synth` does.
 * @param production settings of a stage to synthesize in place of the laptop's
 * @returns seconds. @throws Error with what the app said
 */
export function synthesize(assembly: string, production?: object): number {
  const { context }: { context: object } = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8'));
  const chosen = production ? { ...context, stage: 'prod', ward: { stages: { prod: production } } } : context;
  const begun = performance.now();
  const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'bin/app.ts'], {
    cwd: root,
    env: { ...process.env, CDK_OUTDIR: assembly, CDK_CONTEXT_JSON: JSON.stringify(chosen) },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the app does not synthesize\n${stderr}`);
  return (performance.now() - begun) / 1000;
}
