import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { compose } from '../../bin/app';
import cdk from '../../cdk.json';
import { entryPoints } from '../../lib/functions';

export const productionStage = {
  kind: 'production',
  organization: 'example-health',
  account: '123456789012',
  region: 'us-east-1',
  relyingParty: 'app.example.org',
  webOrigins: ['https://app.example.org'],
  mailFrom: 'ward@example.org',
};

export interface Synthesized {
  readonly app: App;
  readonly archive: Template;
  readonly data: Template;
  readonly api: Template;
  readonly all: readonly Template[];
}

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Synthesizes a stage in this process. Functions are stand-ins: what they hold is the bundle test's business. */
export function synthesize(stage: 'local' | 'prod', settings: Readonly<Record<string, unknown>> = {}): Synthesized {
  const folder = mkdtempSync(join(tmpdir(), 'ward-synth-'));
  folders.push(folder);
  const bundles = join(folder, 'bundles');
  for (const name of entryPoints) {
    mkdirSync(join(bundles, name), { recursive: true });
    writeFileSync(join(bundles, name, 'index.js'), `exports.handler = async () => '${name}'`);
  }
  const stages = { ...cdk.context.ward.stages, prod: productionStage };
  const app = new App({
    outdir: join(folder, 'cdk.out'),
    context: { ...cdk.context, stage, ward: { stages: { ...stages, [stage]: { ...stages[stage], ...settings } } } },
  });
  const [archive, data, api] = compose(app, bundles).map((stack) => Template.fromStack(stack));
  if (!archive || !data || !api) throw new Error('three stacks were expected');
  return { app, archive, data, api, all: [archive, data, api] };
}
