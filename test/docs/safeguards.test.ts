import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '../..');
const page = readFileSync(join(root, 'docs/safeguards.md'), 'utf8');

/** `a/{b,c}.ts` -> a/b.ts, a/c.ts */
function expand(path: string): string[] {
  const braces = /^(.*)\{([^}]+)\}(.*)$/.exec(path);
  return braces ? (braces[2] ?? '').split(',').flatMap((part) => expand(`${braces[1]}${part}${braces[3]}`)) : [path];
}

test('every file that docs/safeguards.md names is there', () => {
  const named = [...page.matchAll(/`((?:lambda|lib|test|bin|local)\/[^`]*)`/g)].flatMap(([, path]) =>
    expand(path ?? ''),
  );
  expect(named.length).toBeGreaterThan(40);
  const missing = named.filter((path) => !path.includes('*') && !existsSync(join(root, path)));
  expect(missing).toEqual([]);
});
