import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, DynamoDBDocumentClient, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { restoring, setControl } from '../../lambda/access/controls';
import { readControl } from '../../lambda/access/controls-store';
import { isInForce } from '../../lambda/access/decide';
import { governanceKeys } from '../../lambda/access/governance';
import { type Mark, markKey, readMarks } from '../../lambda/audit/archive-mark';
import { indexedKey } from '../../lambda/audit/index-entry';
import { readRestore } from '../../lambda/contingency/restore';
import { type Item, keyOf, nameOf, pages, read, write } from './items';

/** The tables that go back together; what is in the others is evidence, or rebuilt from it. */
export const putBackTables = ['governance', 'records', 'keys'] as const;
export type PutBackTable = (typeof putBackTables)[number];

/** Names of a table of the stage, and of what point-in-time recovery or the vault restored beside it. */
export interface Pair {
  readonly live: string;
  readonly restored: string;
}
export interface Predecessor {
  /** of its log */
  readonly origin: string;
  /** bucket with the replica of its archive */
  readonly archive: string;
  /** of the stage that succeeds it, where that archive is indexed */
  readonly indexTable: string;
}
export interface PutBackOptions {
  readonly client: DynamoDBClient;
  readonly pairs: Readonly<Record<PutBackTable, Pair>>;
  /** the stage that this one succeeds, whose tables may be put in place of its own; absent: there is none */
  readonly predecessor?: Predecessor;
  readonly now: Date;
}
/** items of one table */
export interface Moved {
  readonly put: number;
  readonly removed: number;
}

/** How much of a table is worked on at once. */
const segments = 8;
/** What decides that a restore is found, and until then keeps everybody out: never from the restored table. */
const stays = new Set(
  [markKey, governanceKeys.lockdown, governanceKeys.listedControl('lockdown#system'), governanceKeys.restore].map(
    ({ PK, SK }) => nameOf({ PK: { S: PK }, SK: { S: SK } }),
  ),
);

/**
 * Makes three tables of a stage what their restored copies are, item by item: the tables themselves stay, with their streams,
 * policies, backups and protection. Nobody gets in from its first write on. The marks of the audit log go back last and
 * together, so that `restore-replay` begins when everything is in place. It may be run again. 45 CFR 164.308(a)(7)(ii)(B).
 * Tables of the stage that this one succeeds keep the marks of that one's log, by which the replay knows where to look.
 * @throws Error in one sentence, before anything is written, where the restored tables are neither older than the stage's nor
 *   of the stage that it succeeds
 */
export async function putBack(options: PutBackOptions): Promise<Readonly<Record<PutBackTable, Moved>>> {
  const { client, pairs, now } = options;
  const documents = DynamoDBDocumentClient.from(client);
  const { governance, records, keys } = pairs;
  const marks = await marksOf(documents, options);
  await letNobodyIn(documents, governance.live, now);
  const moved = {
    records: await makeLike(client, records),
    keys: await makeLike(client, keys),
    governance: await makeLike(client, governance),
  };
  const { predecessor } = options;
  if (predecessor && marks.some(({ origin }) => origin === predecessor.origin))
    // Its log went on since it was indexed last: until it is indexed anew, nobody is answered from half of it.
    await documents.send(
      new DeleteCommand({ TableName: predecessor.indexTable, Key: indexedKey(predecessor.archive) }),
    );
  await documents.send(
    new TransactWriteCommand({
      TransactItems: putBackTables.map((name, index) => ({
        Put: { TableName: pairs[name].live, Item: { ...markKey, ...marks[index] } },
      })),
    }),
  );
  return moved;
}

/** @returns the marks of the restored tables, if these may be put in place of the stage's */
async function marksOf(documents: DynamoDBDocumentClient, { pairs, predecessor }: PutBackOptions): Promise<Mark[]> {
  const known = await readRestore(documents, pairs.governance.live);
  if (known && known.state !== 'released')
    throw new Error('a restore waits already: two people release it before anything else goes back');
  const read = (side: keyof Pair) =>
    readMarks(
      documents,
      putBackTables.map((name) => pairs[name][side]),
    );
  const [live, restored] = await Promise.all([read('live'), read('restored')]);
  const [{ origin } = { origin: undefined }] = restored;
  return putBackTables.map((name, index) => {
    const [then, since] = [restored[index], live[index]];
    if (!then) throw new Error(`the restored ${name} table has no mark of the audit log: it is not one of Ward’s`);
    if (then.origin !== origin) throw new Error(`the restored ${name} table is of another stage than the others`);
    if (!since) throw new Error('this stage has no audit log yet: deploy all of it and wait for its first checkpoint');
    if (then.origin === predecessor?.origin) return then;
    if (then.origin !== since.origin)
      throw new Error('the restored tables are of another stage, which this one does not succeed by its settings');
    if (then.size >= since.size)
      throw new Error(
        `the restored ${name} table is not behind the stage’s: lock down, wait until that is under a checkpoint, try again`,
      );
    return then;
  });
}

/** Until the log is replayed nobody can tell who may: not the compliance officers, whom an ordinary lockdown spares. */
async function letNobodyIn(documents: DynamoDBDocumentClient, governance: string, now: Date): Promise<void> {
  const current = await readControl(documents, governance, { kind: 'lockdown' });
  if (current?.reason === 'restore' && isInForce(current, now)) return;
  const lockdown = restoring(current, { reason: 'restore', restore: randomUUID(), now });
  await documents.send(new TransactWriteCommand({ TransactItems: setControl(governance, lockdown) }));
}

async function makeLike(client: DynamoDBClient, { live, restored }: Pair): Promise<Moved> {
  const counts = { put: 0, removed: 0 };
  await Promise.all(
    Array.from({ length: segments }, async (_, segment) => {
      for await (const then of pages(client, restored, { segment, segments })) {
        const now = await read(client, live, then.map(keyOf));
        const differing = then.filter((item) => mayMove(item) && !isDeepStrictEqual(now.get(nameOf(item)), item));
        await write(
          client,
          live,
          differing.map((Item) => ({ PutRequest: { Item } })),
        );
        counts.put += differing.length;
      }
      for await (const now of pages(client, live, { segment, segments })) {
        const then = await read(client, restored, now.map(keyOf));
        const later = now.filter((item) => mayMove(item) && !then.has(nameOf(item)));
        await write(
          client,
          live,
          later.map((item) => ({ DeleteRequest: { Key: keyOf(item) } })),
        );
        counts.removed += later.length;
      }
    }),
  );
  return counts;
}

const mayMove = (item: Item): boolean => !stays.has(nameOf(item));
