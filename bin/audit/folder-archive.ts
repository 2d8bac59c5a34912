import { type Dirent, existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { types } from 'node:util';
import type { Archive, ArchiveObject, ArchiveVersion } from '../../lambda/audit/archive';

/**
 * An archive in a folder: objects under their names, what was put over one of them beside it under `versions/<name>/`, in
 * order, delete markers as empty files that end in `.deleted`. A plain copy of a bucket is one too, without versions.
 */
export class FolderArchive implements Archive {
  /** @throws Error in one sentence when the folder holds no archive */
  constructor(private readonly folder: string) {
    if (!existsSync(join(folder, 'v1'))) throw new Error(`${folder} holds no archive: there is no folder v1 in it`);
  }

  async *list(prefix: string, after = ''): AsyncGenerator<ArchiveObject> {
    const [present, versioned] = await Promise.all([
      this.#names(this.folder, prefix),
      this.#names(join(this.folder, 'versions'), prefix),
    ]);
    const later = new Map<string, ArchiveVersion[]>();
    for (const name of versioned) {
      const at = name.lastIndexOf('/');
      const key = name.slice(0, at);
      const version = { id: name, deleted: name.endsWith('.deleted') };
      later.set(key, [...(later.get(key) ?? []), version]);
    }
    const originals = new Set(present);
    const keys = [...new Set([...present, ...later.keys()])].filter((key) => key > after).sort();
    for (const key of keys)
      yield {
        key,
        versions: [...(originals.has(key) ? [{ id: '', deleted: false }] : []), ...(later.get(key) ?? [])],
      };
  }

  async read(key: string, version = ''): Promise<Buffer | undefined> {
    const path = version === '' ? join(this.folder, key) : join(this.folder, 'versions', version);
    try {
      return await readFile(path);
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /** @returns the names of the files that begin with the prefix, in order */
  async #names(root: string, prefix: string): Promise<string[]> {
    const names: string[] = [];
    const walk = async (folder: string): Promise<void> => {
      for (const entry of await entries(join(root, folder))) {
        const name = `${folder}${entry.name}`;
        if (entry.isDirectory()) await walk(`${name}/`);
        else if (entry.isFile()) names.push(name);
      }
    };
    await walk(prefix.slice(0, prefix.lastIndexOf('/') + 1));
    return names.filter((name) => name.startsWith(prefix)).sort();
  }
}

async function entries(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

const isMissing = (error: unknown): boolean => types.isNativeError(error) && 'code' in error && error.code === 'ENOENT';
