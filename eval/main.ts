/* `npm run eval -- NAME`: measures what only labelled examples can tell, and prints Markdown. */
const evaluations: Readonly<Record<string, () => Promise<{ readonly run: () => Promise<void> }>>> = {
  detection: () => import('./detection/report'),
};

async function main(): Promise<void> {
  const name = process.argv[2] ?? '';
  const load = Object.hasOwn(evaluations, name) ? evaluations[name] : undefined;
  if (!load) {
    process.stderr.write(`usage: npm run eval -- NAME, where NAME is one of: ${Object.keys(evaluations).join(', ')}\n`);
    process.exitCode = 2;
    return;
  }
  await (await load()).run();
}

void main();
