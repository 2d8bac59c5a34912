import type { S3Client } from '@aws-sdk/client-s3';
import type { Predecessor } from '../environment';
import { ArchiveStore } from './archive-store';

/**
 * What a stage answers from: its own archive, and that of the stage that it succeeds. The name of a segment has its digest,
 * so it is the same object in whichever archive it lies.
 */
export class Archives {
  readonly #archives: readonly Pick<ArchiveStore, 'get'>[];

  /** @param own name of the stage's bucket */
  constructor(s3: S3Client, own: string, before: Predecessor | undefined) {
    this.#archives = [own, ...(before ? [before.archive] : [])].map((bucket) => new ArchiveStore(s3, bucket));
  }

  /** @returns the object of the first archive that has it */
  async get(key: string): Promise<Buffer | undefined> {
    for (const archive of this.#archives) {
      const found = await archive.get(key);
      if (found) return found;
    }
    return undefined;
  }
}
