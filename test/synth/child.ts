// Synthesizes stages in a process of its own: Jest's module registry takes ten times as long to load the CDK.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import { compose } from '../../bin/app';
import { acknowledgements } from '../../lib/acknowledgements';
import { controlOf, GuardChecks } from '../../lib/checks/guard';
import { entryPoints } from '../../lib/functions';

const [, , folder = '', ...contexts] = process.argv;
const bundles = join(folder, 'bundles');
for (const name of entryPoints) {
  mkdirSync(join(bundles, name), { recursive: true });
  writeFileSync(join(bundles, name, 'index.js'), `exports.handler = async () => '${name}'`);
}
const last = contexts.at(-1);
for (const json of contexts) {
  const context: { readonly stage: string } = JSON.parse(json);
  const app = new App({ outdir: join(folder, context.stage), context });
  compose(app, bundles, { guard: false });
  app.synth();
  const written = (name: string) => join(folder, context.stage, name);
  writeFileSync(written('acknowledgements.json'), JSON.stringify(acknowledgements(app)));
  if (context.stage !== 'local' && json !== last)
    writeFileSync(written('guard.json'), JSON.stringify(guardFindingsOf(join(folder, context.stage), app)));
}

/** What Control Tower's rules find in a stage that is production's variant. Of its functions they say what they say of production's. */
function guardFindingsOf(
  outdir: string,
  appConstruct: App,
): readonly (readonly [control: string, logicalId: string])[] {
  const templatePaths = readdirSync(outdir)
    .filter((name) => name.endsWith('.template.json') && !/^Ward(Handlers|Operations)\./.test(name))
    .map((name) => join(outdir, name));
  return new GuardChecks([])
    .validate({ templatePaths, appConstruct })
    .violations.flatMap((violation) =>
      violation.violatingResources.map(
        ({ resourceLogicalId = '' }) => [controlOf(violation), resourceLogicalId] as const,
      ),
    );
}

// Once more with no acknowledgement, to learn what the rule packs find: the report of a failed synthesis says it.
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
