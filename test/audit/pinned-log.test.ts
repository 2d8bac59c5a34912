import { encodeLeaf, type Leaf } from '../../lambda/audit/leaf';
import { checkpointKey } from '../../lambda/audit/log-keys';
import { trustPinned } from '../../lambda/audit/pinned-log';
import { ArchiveBuilder, newSigner, note, origin, type Signer } from './archive';
import { objectsOf } from './log-objects';

let archive: ArchiveBuilder;
let first: Signer;
const second = newSigner();
const third = newSigner();
const announce = ({ fingerprint, spki }: Signer): Leaf => ({
  at: archive.now.toISOString(),
  fingerprint,
  public: spki.toString('base64'),
  type: 'key',
  v: 1,
});
/** The stage gets a key: the checkpoint over its announcement is signed by the one before. */
const rotate = (next: Signer): void => {
  archive.queue(announce(next));
  archive.minute([1]);
  archive.key = next;
};
const trust = (fingerprint: string, of = origin) => trustPinned(objectsOf(archive), { origin: of, fingerprint });
const trusts = async (fingerprint: string): Promise<readonly string[]> =>
  (await trust(fingerprint)).keys.map((key) => key.fingerprint);

beforeEach(() => {
  archive = new ArchiveBuilder();
  first = archive.signer;
  for (let minute = 0; minute < 5; minute++) archive.minute([minute]);
});
afterEach(() => archive.discard());

test('a log is trusted under its newest checkpoint by the fingerprint that is pinned, and by no other', async () => {
  await expect(trust(first.fingerprint)).resolves.toMatchObject({ size: archive.size, keys: [{ spki: first.spki }] });
  await expect(trust(second.fingerprint)).rejects.toMatchObject({ code: 'note-signature-invalid' });
  await expect(trust(first.fingerprint, 'ward/elsewhere/prod')).rejects.toMatchObject({ code: 'key-invalid' });
});

test('a later key is trusted because the one before signed its announcement', async () => {
  rotate(second);
  for (let minute = 0; minute < 3; minute++) archive.minute([1]);
  rotate(third);
  archive.minute([2]);
  for (const pinned of [first, second, third])
    await expect(trusts(pinned.fingerprint)).resolves.toEqual([third.fingerprint]);
});

test('a key that was announced and has not signed yet is not the newest', async () => {
  rotate(second);
  await expect(trusts(first.fingerprint)).resolves.toEqual([first.fingerprint]);
  await expect(trust(second.fingerprint)).rejects.toMatchObject({ code: 'note-signature-invalid' });
});

test('a key that nobody announced is not trusted', async () => {
  archive.key = second;
  archive.minute([1]);
  await expect(trust(first.fingerprint)).rejects.toMatchObject({ code: 'note-signature-invalid' });
});

test('an announcement that was put into the leaves and not into the tree is not believed', async () => {
  rotate(second);
  archive.minute([1]);
  const key = archive.keys('v1/log/leaves').at(-2) ?? '';
  const leaves = archive.read(key).toString();
  archive.put(key, leaves.replace(/^.*"type":"key".*$/m, encodeLeaf(announce(third))));
  archive.put(checkpointKey(archive.size), note(third, archive.size, archive.root));
  await expect(trust(first.fingerprint)).rejects.toMatchObject({ code: 'proof-invalid' });
});

test('leaves whose note never came are not under the newest checkpoint', async () => {
  const { size } = archive;
  archive.minute([1]);
  archive.remove(archive.keys('v1/log/checkpoint').at(-1) ?? '');
  await expect(trust(first.fingerprint)).resolves.toMatchObject({ size });
});

test('a log without a checkpoint vouches for nothing', async () => {
  archive.discard();
  archive = new ArchiveBuilder(first);
  await expect(trust(first.fingerprint)).rejects.toMatchObject({ code: 'note-invalid' });
});
