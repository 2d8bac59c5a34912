import { existsSync, mkdirSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Archive, type ArchiveObject, ahead, originalVersion } from '../../lambda/audit/archive';

/** What the archive's own writers name their objects, and nothing that would leave the folder. */
const ownName = /^v1(\/[A-Za-z0-9=_-][A-Za-z0-9=._-]*)+$/;

/**
 * Copies an archive into a folder that the verifier and the queries read without a network. What was put over an object is
 * kept beside it, so that the copy still shows it. What is there already is not fetched again: objects never change.
 * @returns how many objects are in the folder, and the names that were refused
 */
export async function downloadArchive(
  archive: Archive,
  folder: string,
  onObject: () => void,
): Promise<{ readonly objects: number; readonly refused: readonly string[] }> {
  mkdirSync(join(folder, 'v1'), { recursive: true, mode: 0o700 });
  const refused: string[] = [];
  let objects = 0;
  const copy = async (object: ArchiveObject): Promise<void> => {
    if (!ownName.test(object.key)) return void refused.push(object.key);
    const first = originalVersion(object);
    for (const [index, { id, deleted }] of object.versions.entries()) {
      const order = String(index).padStart(6, '0');
      const name = id.replace(/[^A-Za-z0-9_-]/g, '_');
      const later = join(folder, 'versions', object.key, `${order}-${name}${deleted ? '.deleted' : ''}`);
      const path = id === first && !deleted ? join(folder, object.key) : later;
      if (existsSync(path)) continue;
      await write(path, deleted ? Buffer.alloc(0) : await archive.read(object.key, id));
    }
    onObject();
  };
  for await (const _ of ahead(archive.list('v1/'), 16, copy)) objects++;
  return { objects: objects - refused.length, refused };
}

/** A file that is there is whole: a download that was cut off can go on. */
async function write(path: string, bytes: Buffer | undefined): Promise<void> {
  if (!bytes) return;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(`${path}.part`, bytes, { mode: 0o600 });
  await rename(`${path}.part`, path);
}
