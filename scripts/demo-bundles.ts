/** `npm run demo:bundles -- DIR [COUNT]` writes synthetic patients for trying Ward out: DIR/patient-1.json and so on, five unless told otherwise. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { demoBundle } from '../local/demo-patients';

const [directory, count = '5'] = process.argv.slice(2);
if (directory === undefined || !/^[1-9]\d{0,3}$/.test(count)) {
  process.stderr.write('usage: npm run demo:bundles -- DIR [COUNT]\n');
  process.exit(1);
}
mkdirSync(directory, { recursive: true });
for (let seed = 1; seed <= Number(count); seed += 1) {
  const file = join(directory, `patient-${seed}.json`);
  const bundle = demoBundle(seed);
  writeFileSync(file, `${JSON.stringify(bundle, null, 2)}\n`);
  process.stdout.write(`${file}: ${bundle.entry.length} resources\n`);
}
