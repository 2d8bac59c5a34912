import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** `a/{b,c}.ts` -> a/b.ts, a/c.ts */
export function expand(path: string): readonly string[] {
  const braces = /^(.*?)\{([^}]+)\}(.*)$/.exec(path);
  if (!braces) return [path];
  const [, before = '', parts = '', after = ''] = braces;
  return parts.split(',').flatMap((part) => expand(`${before}${part}${after}`));
}

/**
 * @param pattern a file, a folder, or either with `{a,b}` or with `*` in its last part
 * @returns every file that is meant, relative to the root; none where nothing is there
 */
export function filesOf(root: string, pattern: string): readonly string[] {
  return expand(pattern.replace(/\/$/, '')).flatMap((path) => {
    if (!path.includes('*')) return filesAt(root, path);
    const folder = dirname(path);
    const last = path.slice(folder.length + 1);
    const name = new RegExp(`^${last.split('*').map(literal).join('.*')}$`);
    return filesAt(root, folder).filter((file) => dirname(file) === folder && name.test(file.slice(folder.length + 1)));
  });
}

function filesAt(root: string, path: string): readonly string[] {
  const found = statSync(join(root, path), { throwIfNoEntry: false });
  if (!found) return [];
  if (!found.isDirectory()) return [path];
  return readdirSync(join(root, path))
    .sort()
    .flatMap((name) => filesAt(root, `${path}/${name}`));
}

const literal = (text: string): string => text.replaceAll(/[.+?^$()|[\]\\]/g, '\\$&');
