import { randomBytes, randomUUID } from 'node:crypto';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { PatientKey } from '../../lambda/encryption/data-key';
import { openRecord, sealRecord } from '../../lambda/encryption/records';
import { contentsOf } from '../../lambda/encryption/sealed-contents';
import type { RecordItem } from '../../lambda/records/model';
import { cloud, recordsTable } from './cloud';
import { outcome } from './example';

describe('whoever can write the records table', () => {
  it('cannot put an old version back in place of one that the caller knows of. 45 CFR 164.312(c)', async () => {
    const aws = await cloud();
    const key = PatientKey.from(1, randomBytes(32));
    const metadata = {
      patient: randomUUID(),
      category: 'prescriptions',
      entry: randomUUID(),
      createdAt: '',
      updatedAt: '',
      author: 'a',
    } as const;
    const [first, second] = [1, 2].map((version) => sealRecord(key, 'o', { ...metadata, version }, { dose: version }));
    if (!first || !second) throw new Error('two versions');
    const put = (Item: RecordItem) => aws.transact({ Put: { TableName: recordsTable, Item } });
    const read = async (floor?: number) => {
      const { Item } = await aws.documents.send(
        new GetCommand({ TableName: recordsTable, Key: { PK: first.PK, SK: first.SK } }),
      );
      return outcome(() => contentsOf(openRecord(key, 'o', Item as RecordItem, floor === undefined ? {} : { floor })));
    };

    await put(first);
    await put(second);
    expect(await read(2)).toEqual({ accepted: { dose: 2 } });
    await put(first); // as it was, byte for byte
    expect(await read()).toEqual({ accepted: { dose: 1 } }); // authentic: by itself an envelope cannot know that it is old
    expect(await read(2)).toBe('rollback');
    await put({ ...first, version: 2 });
    expect(await read(2)).toBe('footer');
    await aws.close();
  });
});
