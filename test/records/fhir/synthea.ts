import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

const folder = join(__dirname, '../../../../shared/synthea');

const bundle = z.looseObject({
  resourceType: z.literal('Bundle'),
  entry: z.array(
    z.looseObject({ fullUrl: z.string(), resource: z.looseObject({ resourceType: z.string(), id: z.string() }) }),
  ),
});
export type SyntheaBundle = z.infer<typeof bundle>;

/** Bundles that Synthea made: no real person. They are not part of the repository; without them these tests are skipped. */
export const syntheaBundles: readonly { name: string; bundle: SyntheaBundle }[] = existsSync(folder)
  ? readdirSync(folder)
      .filter((name) => /^patient-\d+\.json$/.test(name))
      .map((name) => ({ name, bundle: bundle.parse(JSON.parse(readFileSync(join(folder, name), 'utf8'))) }))
  : [];

/** Declares the tests that need the bundles, or one skipped test that says why there are none. */
export function describeSynthea(title: string, declare: () => void): void {
  if (syntheaBundles.length > 0) describe(title, declare);
  else describe.skip(`${title} (skipped: no Synthea bundles beside the repository)`, declare);
}
