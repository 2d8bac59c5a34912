// Makes the folder of evidence for an auditor: npm run evidence [-- --tests <results of jest --json>]
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import cdk from '../cdk.json';
import { gather } from '../evidence/evidence';
import { evidencePage } from '../evidence/page';
import { readAssembly } from '../evidence/resources';
import { rules } from '../evidence/rules';
import { readTestRun } from '../evidence/tests';

const root = join(__dirname, '..');
/** of a production stage where the settings have one, else of what runs here */
const usualStage = Object.keys(cdk.context.ward.stages).find((name) => name !== 'local') ?? 'local';

const { stage, out, tests } = new Command('evidence')
  .description('Every rule, what shows that it is kept, and what stays with the organization: as a page and as JSON')
  .option('--stage <name>', 'whose templates are shown', usualStage)
  .option('--out <folder>', 'where the evidence goes', join(root, 'build/evidence'))
  .option('--tests <file>', 'results that jest --json wrote; without it all tests are run')
  .parse()
  .opts<{ stage: string; out: string; tests?: string }>();

const bin = (name: string): string => join(root, 'node_modules/.bin', name);

function revision(): string {
  const { status, stdout } = spawnSync('git', ['describe', '--always', '--dirty'], { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : 'not under version control';
}

mkdirSync(out, { recursive: true });
const assembly = join(out, 'templates');
execFileSync(bin('cdk'), ['synth', '-q', '-c', `stage=${stage}`, '-o', assembly], {
  cwd: root,
  stdio: ['ignore', 'ignore', 'inherit'],
});
const results = join(out, 'tests.json');
if (tests === undefined)
  // A failing test is part of the evidence: the page says so, and this command fails with it.
  spawnSync(bin('jest'), ['--json', '--outputFile', results], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
else copyFileSync(tests, results);
if (!existsSync(results)) throw new Error('the tests left no results');
const run = readTestRun(results, root);

const evidence = gather(rules, { root, resources: readAssembly(assembly), run });
const cover = { madeAt: new Date(), testedAt: run.startedAt, stage, revision: revision() };
writeFileSync(join(out, 'index.html'), evidencePage(evidence, cover));
writeFileSync(join(out, 'evidence.json'), `${JSON.stringify({ ...cover, rules: evidence }, null, 2)}\n`);
const bill = spawnSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--omit', 'dev'], {
  cwd: root,
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
});
if (bill.status !== 0) throw new Error('npm sbom failed; it needs npm 10 and the packages of npm ci');
writeFileSync(join(out, 'sbom.cdx.json'), bill.stdout);

const open = evidence.filter(({ problems }) => problems.length > 0);
for (const { rule, problems } of open)
  for (const problem of problems) process.stderr.write(`${rule.section}: ${problem}\n`);
process.stdout.write(
  `${evidence.length - open.length} of ${evidence.length} rules are shown: ${join(out, 'index.html')}\n`,
);
if (open.length > 0) process.exitCode = 1;
