// Writes test/synth/snapshots/<stack>.txt from a production stage, and test/synth/variants/<stage>/<stack>.txt from what other
// stages have otherwise: npx tsx scripts/snapshots.ts
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { compose } from '../bin/app';
import cdk from '../cdk.json';
import { entryPoints } from '../lib/functions';
import { stages, variants } from '../test/synth/assembly';
import { differences, snapshotOf } from '../test/synth/snapshot';

const synth = join(__dirname, '../test/synth');
const ending = '.template.json';

function main(): void {
  const folder = mkdtempSync(join(tmpdir(), 'ward-snapshots-'));
  try {
    const bundles = join(folder, 'bundles');
    for (const name of entryPoints) {
      mkdirSync(join(bundles, name), { recursive: true });
      writeFileSync(join(bundles, name, 'index.js'), `exports.handler = async () => '${name}'`);
    }
    const templates = (stage: string): ReadonlyMap<string, object> => {
      const outdir = join(folder, stage);
      const app = new App({ outdir, context: { ...cdk.context, stage, ward: { stages } } });
      compose(app, bundles, { guard: false });
      app.synth();
      const files = readdirSync(outdir).filter((each) => each.endsWith(ending));
      return new Map(
        files.map((file) => [file.slice(0, -ending.length), JSON.parse(readFileSync(join(outdir, file), 'utf8'))]),
      );
    };
    const production = new Map([...templates('prod')].map(([stack, template]) => [stack, snapshotOf(template)]));
    write(join(synth, 'snapshots'), production);
    for (const [stage, { region }] of Object.entries(variants)) {
      const others = [...templates(stage)].map(([stack, template]) => {
        const base = production.get(stack) ?? '';
        return [stack, differences(base, { template, stage, region })] as const;
      });
      write(join(synth, 'variants', stage), new Map(others.filter(([, text]) => text !== '')));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function write(folder: string, texts: ReadonlyMap<string, string>): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [stack, text] of texts) writeFileSync(join(folder, `${stack}.txt`), text);
}

if (require.main === module) main();
