// Writes test/synth/snapshots/<stack>.txt from a production stage: npx tsx scripts/snapshots.ts
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { compose } from '../bin/app';
import cdk from '../cdk.json';
import { entryPoints } from '../lib/functions';
import { productionStage } from '../test/synth/assembly';
import { snapshotOf } from '../test/synth/snapshot';

export const snapshots = join(__dirname, '../test/synth/snapshots');

function main(): void {
  const folder = mkdtempSync(join(tmpdir(), 'ward-snapshots-'));
  try {
    const bundles = join(folder, 'bundles');
    for (const name of entryPoints) {
      mkdirSync(join(bundles, name), { recursive: true });
      writeFileSync(join(bundles, name, 'index.js'), `exports.handler = async () => '${name}'`);
    }
    const outdir = join(folder, 'out');
    const stages = { ...cdk.context.ward.stages, prod: productionStage };
    const app = new App({ outdir, context: { ...cdk.context, stage: 'prod', ward: { stages } } });
    compose(app, bundles, { guard: false });
    app.synth();
    rmSync(snapshots, { recursive: true, force: true });
    mkdirSync(snapshots, { recursive: true });
    for (const name of readdirSync(outdir).filter((each) => each.endsWith('.template.json')))
      writeFileSync(
        join(snapshots, name.replace('.template.json', '.txt')),
        snapshotOf(JSON.parse(readFileSync(join(outdir, name), 'utf8'))),
      );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (require.main === module) main();
