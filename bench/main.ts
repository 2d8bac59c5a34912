/* `npm run bench -- NAME`: each benchmark prints Markdown with ratios that were measured in one process. */
const benchmarks: Readonly<Record<string, () => Promise<{ readonly run: () => Promise<void> }>>> = {
  audit: () => import('./audit'),
  envelope: () => import('./envelope'),
  handler: () => import('./handler'),
  infra: () => import('./infra'),
  laptop: () => import('./laptop'),
};

async function main(): Promise<void> {
  const name = process.argv[2] ?? '';
  const load = Object.hasOwn(benchmarks, name) ? benchmarks[name] : undefined;
  if (!load) {
    process.stderr.write(`usage: npm run bench -- NAME, where NAME is one of: ${Object.keys(benchmarks).join(', ')}\n`);
    process.exitCode = 2;
    return;
  }
  await (await load()).run();
}

void main();
