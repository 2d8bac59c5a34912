// Synthesizes stages in a process of its own: Jest's module registry takes ten times as long to load the CDK.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import { compose } from '../../bin/app';
import { acknowledgements } from '../../lib/acknowledgements';
import { GuardChecks } from '../../lib/checks/guard';
import { entryPoints } from '../../lib/functions';

const [, , folder = '', ...contexts] = process.argv;
const bundles = join(folder, 'bundles');
for (const name of entryPoints) {
  mkdirSync(join(bundles, name), { recursive: true });
  writeFileSync(join(bundles, name, 'index.js'), `exports.handler = async () => '${name}'`);
}
for (const json of contexts) {
  const context: { readonly stage: string } = JSON.parse(json);
  const app = new App({ outdir: join(folder, context.stage), context });
  compose(app, bundles, { guard: false });
  app.synth();
  writeFileSync(join(folder, context.stage, 'acknowledgements.json'), JSON.stringify(acknowledgements(app)));
}

// Once more with no acknowledgement, to learn what the rule packs find: the report of a failed synthesis says it.
const last = contexts.at(-1);
if (last) {
  Validations.prototype.acknowledge = () => undefined;
  const app = new App({ outdir: join(folder, 'bare'), context: JSON.parse(last) });
  compose(app, bundles, { guard: new GuardChecks([]) });
  let refused = false;
  try {
    app.synth();
  } catch {
    refused = true;
  }
  if (!refused) throw new Error('findings without an acknowledgement do not fail the synthesis');
}
