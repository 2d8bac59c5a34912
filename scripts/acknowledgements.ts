// Writes docs/acknowledgements.md from what lib acknowledges: npx tsx scripts/acknowledgements.ts
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { compose } from '../bin/app';
import cdk from '../cdk.json';
import { type Acknowledgement, acknowledgements } from '../lib/acknowledgements';
import { bundleDirectory, bundleFunctions } from '../lib/bundle';
import { guardFindings } from '../lib/checks/guard-findings';
import { productionStage } from '../test/synth/assembly';

/** Findings name exports by stack, and stacks by stage; the page is of every stage. */
const ofEveryStage = (rule: string): string =>
  rule
    .replace(/:[a-z]{2}(?:-[a-z]+)+-\d:\d{12}:/, ':<region>:<account>:')
    .replace(/\bward-[a-z0-9-]+-([a-z]+(?::|-\*))/, 'ward-<stage>-$1');

/** @returns the page for a reviewer: each rule once, its reasons, and where they hold */
export function page(list: readonly Acknowledgement[]): string {
  const sections = new Map<string, Map<string, string[]>>();
  for (const { rule, reason, path } of list) {
    const reasons = sections.get(rule) ?? new Map<string, string[]>();
    reasons.set(reason, [...(reasons.get(reason) ?? []), path]);
    sections.set(rule, reasons);
  }
  const body = [...sections].map(([rule, reasons]) => {
    const paragraphs = [...reasons].map(
      ([reason, paths]) => `${reason}.\n\n${paths.map((path) => `- ${path}`).join('\n')}`,
    );
    return `## ${ofEveryStage(rule).replace(/[<>]/g, '\\$&')}\n\n${paragraphs.join('\n\n')}\n`;
  });
  return `# Findings that stand

The rule packs HIPAA Security and AWS Solutions of cdk-nag and Ward's own rules check every synthesis, and the rules of AWS Control
Tower that of every stage but the laptop's; a finding that is not listed here fails it. This page is written from the code (\`npx tsx scripts/acknowledgements.ts\`), and a test
holds it to that.

${body.join('\n')}
## Control Tower

| control | resources | why it stands |
|---|---|---|
${guardFindings.map(({ control, resources, reason }) => `| ${control} | \`${resources.source.replaceAll('|', '\\|')}\` | ${reason} |`).join('\n')}
`;
}

async function main(): Promise<void> {
  await bundleFunctions();
  // A production stage has what no other has.
  const stages = { ...cdk.context.ward.stages, prod: productionStage };
  const app = new App({ context: { ...cdk.context, stage: 'prod', ward: { stages } } });
  compose(app, bundleDirectory, { guard: false });
  writeFileSync(join(__dirname, '../docs/acknowledgements.md'), page(acknowledgements(app)));
}

if (require.main === module) void main();
