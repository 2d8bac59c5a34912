// Synthesizes a stage that stands by for the laptop's, and adds what the laptop's stage has in that one's Region.
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import * as z from 'zod';
import { compose } from '../../bin/app';
import cdk from '../../cdk.json';
import { bundleDirectory } from '../../lib/bundle';

const manifest = z.looseObject({ artifacts: z.record(z.string(), z.unknown()) });
const [, , folder = '', json = '{}'] = process.argv;
const { patient, signing, fingerprint } = z
  .object({ patient: z.string(), signing: z.string(), fingerprint: z.string() })
  .parse(JSON.parse(json));
const { local } = cdk.context.ward.stages;
const region = 'us-west-2';
const stages = {
  local: { ...local, recovery: { region, standby: 'standby', keys: { patient, signing: [signing] } } },
  standby: { ...local, region, redriveOperators: [], succeeds: { stage: 'local', fingerprint } },
};
const synthesize = (stage: string, outdir: string) => {
  const app = new App({ outdir, context: { ...cdk.context, stage, ward: { stages } } });
  compose(app, bundleDirectory, { guard: false });
  app.synth();
  return manifest.parse(JSON.parse(readFileSync(join(outdir, 'manifest.json'), 'utf8')));
};

const standby = synthesize('standby', folder);
const primary = join(folder, 'primary');
const { artifacts } = synthesize('local', primary);
for (const stack of ['WardRecoveryRegion', 'WardRecoveryKeys']) {
  for (const file of [`${stack}.template.json`, `${stack}.assets.json`])
    copyFileSync(join(primary, file), join(folder, file));
  for (const name of [stack, `${stack}.assets`]) standby.artifacts[name] = artifacts[name];
}
writeFileSync(join(folder, 'manifest.json'), JSON.stringify(standby));
