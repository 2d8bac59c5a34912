import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { SESv2Client, SendEmailCommand } from '@aws-sdk/client-sesv2';
import { DynamoDBDocumentClient, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { Reminders } from '../../lambda/breach/reminders';

const table = mockClient(DynamoDBDocumentClient);
const mail = mockClient(SESv2Client);
beforeEach(() => {
  table.reset();
  mail.reset();
  jest.spyOn(process.stderr, 'write').mockReturnValue(true); // the log
});
afterEach(() => jest.restoreAllMocks());

const duty = {
  id: 'individual',
  duty: 'Notify each individual',
  citation: '45 CFR 164.404',
  due: '2026-03-16',
  held: false,
};
const reminder = { duty: 'individual', key: 'individual@2026-03-16-30', daysLeft: 30 };
const reminders = new Reminders({
  documents: table as unknown as DynamoDBDocumentClient,
  table: 'governance',
  mail: mail as unknown as SESv2Client,
  from: 'ward@example.org',
});
const send = () =>
  reminders.send('i-1', reminder, duty, ['one@example.org', 'two@example.org'], new Date('2026-02-14T00:00:00Z'));
const taken = (state: string) =>
  new ConditionalCheckFailedException({ $metadata: {}, message: 'taken', Item: { state: { S: state } } });

test('a reminder goes to each officer once it is claimed, names no patient, and is marked', async () => {
  await expect(send()).resolves.toBe('sent');
  const bodies = mail.commandCalls(SendEmailCommand).map(({ args }) => args[0].input);
  expect(bodies.map(({ Destination }) => Destination?.ToAddresses)).toEqual([['one@example.org'], ['two@example.org']]);
  expect(JSON.stringify(bodies)).toContain('due on 2026-03-16, in 30 day(s)');
  expect(table.commandCalls(UpdateCommand)[0]?.args[0].input.ExpressionAttributeValues).toEqual({ ':state': 'sent' });
});

test('what another run has sent is not sent again', async () => {
  table.on(PutCommand).rejects(taken('sent'));
  await expect(send()).resolves.toBe('sent-before');
  expect(mail.calls()).toHaveLength(0);
});

test('what another run is sending right now is left to it', async () => {
  table.on(PutCommand).rejects(taken('sending'));
  await expect(send()).resolves.toBe('unsent');
  expect(mail.calls()).toHaveLength(0);
});

test('an address that is refused has the other officers reminded once all the same', async () => {
  mail.on(SendEmailCommand, { Destination: { ToAddresses: ['one@example.org'] } }).rejects(new Error('not verified'));
  await expect(send()).resolves.toBe('sent');
  expect(mail.commandCalls(SendEmailCommand)).toHaveLength(2);
  expect(table.commandCalls(UpdateCommand)[0]?.args[0].input.ExpressionAttributeValues).toEqual({ ':state': 'sent' });
});

test('a mail server that is down loses nothing: the reminder is free for the next run', async () => {
  mail.on(SendEmailCommand).rejects(new Error('down'));
  await expect(send()).resolves.toBe('unsent');
  expect(table.commandCalls(UpdateCommand)[0]?.args[0].input.ExpressionAttributeValues).toEqual({ ':state': 'failed' });
});
