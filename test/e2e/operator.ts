import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiClient } from '../../bin/api-client';
import { Session } from '../../bin/session';
import { readTarget, type Target } from '../../bin/target';
import type { Ward } from './ward';

/** The command line as one of the demo people, with a folder of its own to remember in. */
export async function operator(
  cloud: Ward,
  name: string,
): Promise<{ readonly client: ApiClient; readonly target: Target }> {
  process.env['WARD_HOME'] = mkdtempSync(join(tmpdir(), 'ward-home-'));
  const target = readTarget({ data: cloud.directory });
  const session = new Session(target, name);
  session.save(await cloud.tokens(name));
  return { client: new ApiClient(target, session), target };
}
