import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import type { ArchiveMarks } from '../../lambda/audit/archive-mark';
import type { ReplayWriter } from '../../lambda/contingency/replay-writes';
import { Restores } from '../../lambda/contingency/restores';
import { PatientStore } from '../../lambda/records/patient-store';
import { RecordStore } from '../../lambda/records/store';

const origin = 'ward/clinic/local';
const now = new Date('2026-11-23T12:00:00.000Z');
const clock = () => now;
const day = 24 * 60 * 60 * 1000;

/** @param at of the marks of governance, records and keys @returns since when on a replay asks for events; undefined: all */
async function asked(at: readonly [string, string, string]): Promise<Date | undefined> {
  const mock = mockClient(DynamoDBDocumentClient);
  mock.onAnyCommand().resolves({});
  const documents = mock as unknown as DynamoDBDocumentClient;
  const marks: Pick<ArchiveMarks, 'read' | 'isOwn' | 'settle'> = {
    read: async () => at.map((each) => ({ origin, size: 7, at: each })),
    isOwn: (mark) => mark.origin === origin,
    settle: async () => undefined,
  };
  const evidence = jest.fn(async (_since: Date | undefined) => [
    { origin, events: [], forged: ['SEGMENT_MISSING'] as const, lost: 0, until: undefined },
  ]);
  const restores = new Restores({
    tables: {
      documents,
      governance: 'governance',
      keys: 'keys',
      records: new RecordStore(documents, 'records', clock),
      patients: new PatientStore('records'),
    },
    marks: marks as ArchiveMarks,
    outbox: { record: jest.fn(), recordWith: jest.fn() },
    writer: {} as ReplayWriter,
    newest: async () => 9,
    evidence,
    clock,
  });
  expect(await restores.run()).toMatchObject({ waiting: 'locked', failure: 'forged' });
  expect(evidence).toHaveBeenCalledTimes(1);
  return evidence.mock.calls[0]?.[0];
}

test('a replay reads what was written from some days before the oldest of the tables on', async () => {
  const [older, newer] = ['2026-11-20T00:00:00.000Z', '2026-11-22T00:00:00.000Z'];
  const since = await asked([newer, older, newer]);
  expect(since?.getTime()).toBeLessThanOrEqual(Date.parse(older) - 7 * day);
});

test('tables that say they know of what is yet to come know of nothing: all of the log is read', async () => {
  const forged = '2099-01-01T00:00:00.000Z';
  expect(await asked([forged, forged, forged])).toBeUndefined();
});
