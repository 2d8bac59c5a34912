import { lookupToken } from '../../lambda/encryption/lookup';
import { LookupKeys } from '../../lambda/encryption/lookup-key';
import { type Cloud, cloud, codeOf, keyArn, keysTable } from './cloud';

let aws: Cloud;
beforeEach(async () => {
  aws = await cloud();
});
afterEach(() => aws.close());

const keysOf = (organization = 'example-clinic') =>
  new LookupKeys({
    kms: aws.kms,
    keyId: keyArn,
    documents: aws.documents,
    table: keysTable,
    organization,
    clock: aws.clock,
  });
const token = async (keys: LookupKeys) => lookupToken(await keys.get(), 'mrn', '12345');

describe('the lookup key of an organization', () => {
  it('is made once, however many instances begin at once, and is the same for all', async () => {
    const tokens = await Promise.all(Array.from({ length: 4 }, () => token(keysOf())));
    expect(new Set(tokens).size).toBe(1);
    expect(await token(keysOf())).toBe(tokens[0]);
    expect(await aws.item('O#', 'LOOKUP#0000000001')).toMatchObject({ wrapAlg: 1, state: 'current' });
    expect(await aws.item('O#', 'LOOKUP#0000000002')).toBeUndefined();
  });

  it('is wrapped for the purpose of lookup in this organization', async () => {
    await token(keysOf());
    expect(aws.recorder.of('kms:GenerateDataKey')[0]?.context).toMatchObject({
      'kms:EncryptionContext:organization': 'example-clinic',
      'kms:EncryptionContext:purpose': 'lookup',
    });
    expect(await codeOf(keysOf('another').get())).toBe('wrong-context');
  });

  it('costs one read and one KMS call for all who ask at once, and again after five minutes', async () => {
    await token(keysOf());
    const keys = keysOf();
    const [decrypted] = [aws.calls('Decrypt')];
    aws.database.asked.length = 0;
    await Promise.all(Array.from({ length: 12 }, () => token(keys)));
    expect(aws.calls('Decrypt') - decrypted).toBe(1);
    expect(aws.database.asked).toHaveLength(1);
    aws.time.now += 300_000;
    await token(keys);
    expect(aws.calls('Decrypt') - decrypted).toBe(2);
    expect(aws.database.asked).toHaveLength(2);
  });

  it('is looked for, and not made, by a function that registers nobody', async () => {
    const keys = keysOf();
    expect(await keys.find()).toBeUndefined();
    expect(await aws.item('O#', 'LOOKUP#0000000001')).toBeUndefined();
    const made = await token(keysOf());
    const found = await keys.find();
    expect(found && lookupToken(found, 'mrn', '12345')).toBe(made);
  });

  it('is asked for again after a failure', async () => {
    const keys = keysOf();
    aws.emulator.fail('GenerateDataKey', 'throttled');
    expect(await codeOf(keys.get())).toBe('throttled');
    aws.emulator.fail('Decrypt', 'timeout');
    expect(await codeOf(keys.get())).toBe('timeout');
    expect(await token(keys)).toHaveLength(32);
    aws.database.deny = () => true;
    expect(await codeOf(keysOf().get())).toBe('denied');
  });

  it('is rotated by a re-index: tokens are written under the next, found under the current, until the next is current', async () => {
    const keys = keysOf();
    const before = await token(keys);
    expect(await keys.next()).toBeUndefined();
    await aws.transact(await keys.prepareNext());
    expect(await codeOf(keysOf().prepareNext())).toBe('invalid');
    const reindexing = keysOf();
    expect(await token(reindexing)).toBe(before);
    const next = await reindexing.next();
    if (!next) throw new Error('no next key');
    const after = lookupToken(next, 'mrn', '12345');
    expect(after).not.toBe(before);
    await aws.transact(...(await keysOf().promoteNext()));
    expect(await token(keysOf())).toBe(after);
    expect(await keysOf().next()).toBeUndefined();
    expect(await codeOf(keysOf().promoteNext())).toBe('invalid');
    aws.time.now += 300_000;
    expect(await token(keys)).toBe(after);
  });
});
