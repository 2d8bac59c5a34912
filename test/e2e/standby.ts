import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { kmsSigningKeys } from '../../bin/audit/source';
import { type PutBackTable, putBackTables } from '../../bin/put-back/put-back';
import { markKey } from '../../lambda/audit/archive-mark';
import { StateDirectory } from '../../local/state';
import { type Change, type OwnCloud, ownCloud } from './own-cloud';

const root = resolve(__dirname, '../..');
export const replica = 'ward-local-replica-000000000000-us-west-2';
const outputs = { governance: 'GovernanceTable', records: 'RecordsTable', keys: 'KeysTable' } as const;
const constructs = { governance: 'AccessGovernance', records: 'Records', keys: 'RecordsKeys' } as const;
export const restoredName = (table: PutBackTable): string => `ward-restored-${table}`;
const keyOf = (arn: string): string => arn.split('/').at(-1) ?? arn;
const still = { now: Date.now, at: () => () => undefined };

/** Tables beside the stage's, as AWS Backup restores them: neither stream nor protection. */
const withRestored: Change = ({ Resources }) => {
  for (const table of putBackTables) {
    const [, resource] =
      Object.entries(Resources).find(
        ([id, { Type }]) =>
          Type === 'AWS::DynamoDB::GlobalTable' && new RegExp(`^${constructs[table]}[0-9A-F]{8}$`).test(id),
      ) ?? [];
    if (!resource) continue;
    const copy = structuredClone(resource);
    Resources[`Restored${table}`] = { ...copy, Properties: { ...copy.Properties, TableName: restoredName(table) } };
  }
};

/** Items of a stage's tables as a backup has them at this moment. */
export type Backup = Readonly<Record<PutBackTable, readonly Record<string, unknown>[]>>;
export async function backup({ ward }: OwnCloud): Promise<Backup> {
  const [governance, records, keys] = await Promise.all(
    (['governance', 'records', 'keys'] as const).map(async (table) => [
      ...(await ward.items(outputs[table])),
      ...(await ward.partition(outputs[table], markKey.PK)),
    ]),
  );
  return { governance: governance ?? [], records: records ?? [], keys: keys ?? [] };
}
export async function restoreBeside({ ward }: OwnCloud, copies: Backup): Promise<void> {
  for (const table of putBackTables)
    for (const Item of copies[table])
      await ward.documents().send(new PutCommand({ TableName: restoredName(table), Item }));
}

export async function pinned({ ward }: OwnCloud): Promise<string> {
  const [key] = await kmsSigningKeys({ data: ward.directory });
  if (!key) throw new Error('nobody signs');
  return key.fingerprint;
}

/**
 * Starts a stage that stands by for the laptop's, synthesized from its settings, in a Region of its own. What AWS has there by
 * itself is brought there by hand: the material of the replicated keys, and the objects of the archive that were copied.
 * @param fingerprint of the lost stage's first signing key, pinned while it ran
 * @param lost objects that the copy does not have any more, as when the Region went before they were copied
 */
export async function standby(
  { ward, directory: primary }: OwnCloud,
  fingerprint: string,
  lost: (key: string) => boolean = () => false,
): Promise<OwnCloud> {
  const directory = mkdtempSync(join(tmpdir(), 'ward-standby-'));
  const [patient, signing] = ['PatientKeyArn', 'SigningKeys'].map((name) => keyOf(ward.output(name)));
  const synthesized = spawnSync(
    process.execPath,
    [
      ...['--import', 'tsx', join(__dirname, 'standby-synthesis.ts'), join(directory, 'cdk.out')],
      JSON.stringify({ patient, signing, fingerprint }),
    ],
    { cwd: root, encoding: 'utf8' },
  );
  if (synthesized.status !== 0)
    throw new Error(`the stage that stands by cannot be synthesized\n${synthesized.stderr}`);
  const state = new StateDirectory(join(directory, 'state'));
  const from = join(primary, 'state');
  for (const id of [patient, signing])
    copyFileSync(join(from, 'kms', `${id}.key.json`), join(state.folder('kms'), `${id}.key.json`));
  replicate(join(from, 's3', ward.output('ArchiveBucket')), join(state.folder('s3'), replica), lost);
  state.release();
  try {
    return await ownCloud(withRestored, {
      directory,
      from: join(directory, 'cdk.out'),
      scheduleClock: still,
      uses: '',
    });
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

/** What S3 does: each object under its name, its lock and its time, under the key of the copy. */
function replicate(from: string, to: string, lost: (key: string) => boolean): void {
  mkdirSync(to, { recursive: true });
  copyFileSync(join(from, 'bucket.json'), join(to, 'bucket.json'));
  for (const name of readdirSync(from).filter((each) => /^[0-9a-f]{32}\.json$/.test(each))) {
    const version = JSON.parse(readFileSync(join(from, name), 'utf8'));
    if (lost(version.key)) continue;
    delete version.content.encryption.keyArn;
    delete version.content.checksum; // S3 would not hand out what `alter` changes
    writeFileSync(join(to, name), JSON.stringify(version));
    copyFileSync(join(from, name.replace('.json', '.data')), join(to, name.replace('.json', '.data')));
  }
}

/** Changes an object of the copy past S3 and its lock, as nobody in AWS can. @returns what undoes it */
export function alter({ directory }: OwnCloud, key: string): () => void {
  const folder = join(directory, 'state/s3', replica);
  const name = readdirSync(folder).find(
    (each) => /^[0-9a-f]{32}\.json$/.test(each) && JSON.parse(readFileSync(join(folder, each), 'utf8')).key === key,
  );
  if (!name) throw new Error('no such object');
  const data = join(folder, name.replace('.json', '.data'));
  const bytes = readFileSync(data);
  const changed = Buffer.from(bytes);
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
  writeFileSync(data, changed);
  return () => writeFileSync(data, bytes);
}
