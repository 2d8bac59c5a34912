import { FolderArchive } from '../../bin/audit/folder-archive';
import type { LogObjects } from '../../lambda/audit/log-files';
import type { ArchiveBuilder } from './archive';

/** @returns what is in the folder of an archive, as readers of the log ask for it */
export const objectsOf = ({ folder }: Pick<ArchiveBuilder, 'folder'>): LogObjects => ({
  get: (key) => new FolderArchive(folder).read(key),
  async *list(prefix, after = '') {
    for await (const { key } of new FolderArchive(folder).list(prefix)) if (key > after) yield key;
  },
});
