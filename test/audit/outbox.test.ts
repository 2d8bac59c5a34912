import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import type { EventDraft } from '../../lambda/audit/event';
import { Outbox } from '../../lambda/audit/outbox';

const draft: EventDraft = {
  action: 'account.read',
  actor: null,
  basis: 'role',
  categories: [],
  outcome: 'permit',
  patient: null,
  purpose: 'OPERATIONS',
  reason: null,
  request: null,
  resources: [],
};

/** The lanes and sequences of the events that were written, in order. */
function outboxAt(clock: () => Date) {
  const documents = mockClient(DynamoDBDocumentClient);
  documents.on(PutCommand).resolves({});
  documents.on(TransactWriteCommand).resolves({});
  const outbox = new Outbox({
    documents: DynamoDBDocumentClient.from(new DynamoDBClient({})),
    table: 'audit',
    origin: 'ward/clinic/local',
    functionName: 'test',
    clock,
  });
  const written = () =>
    documents.calls().map(({ args: [command] }) => {
      const item =
        command instanceof PutCommand
          ? command.input.Item
          : (command as TransactWriteCommand).input.TransactItems?.[0]?.Put?.Item;
      return `${item?.['PK']} ${item?.['SK']}`;
    });
  return { outbox, documents, written };
}

test('an instance goes on with its lane, until it has slept so long that the lane may be retired', async () => {
  let now = new Date('2026-11-23T00:00:00.000Z');
  const { outbox, written } = outboxAt(() => now);
  await outbox.record(draft);
  now = new Date('2026-11-23T12:00:00.000Z');
  await outbox.record(draft);
  now = new Date('2026-11-24T00:00:00.001Z');
  await outbox.record(draft);
  const [first, second, third] = written().map((each) => each.split(' '));
  expect([second?.[0], second?.[1]]).toEqual([first?.[0], '000000000002']);
  expect(third?.[0]).not.toBe(first?.[0]);
  expect(third?.[1]).toBe('000000000001');
});

test('a lane whose newest append is in doubt is never written again', async () => {
  const { outbox, documents, written } = outboxAt(() => new Date('2026-11-23T00:00:00.000Z'));
  await outbox.record(draft);
  documents.on(PutCommand).rejectsOnce(Object.assign(new Error('timed out'), { name: 'TimeoutError' }));
  await expect(outbox.record(draft)).rejects.toMatchObject({ name: 'AuditError', code: 'not-durable' });
  await outbox.record(draft);
  const lanes = written().map((each) => each.split(' ')[0]);
  expect(lanes[2]).not.toBe(lanes[1]);
  expect(lanes[1]).toBe(lanes[0]);
});
