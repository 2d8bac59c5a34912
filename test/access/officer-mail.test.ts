import { SESv2Client, SendEmailCommand } from '@aws-sdk/client-sesv2';
import { mockClient } from 'aws-sdk-client-mock';
import { mailOfficers } from '../../lambda/access/officer-mail';

const mail = mockClient(SESv2Client);
const officers = ['one@example.org', 'two@example.org', 'three@example.org'];
const lines: string[] = [];
beforeEach(() => {
  mail.reset();
  lines.length = 0;
  jest.spyOn(process.stderr, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
});
afterEach(() => jest.restoreAllMocks());

const tell = (from: string | undefined, recipients: readonly string[]) =>
  mailOfficers(mail as unknown as SESv2Client, from, recipients, { subject: 'Ward: a word', text: 'Sign in.\n' });
const told = () =>
  mail.commandCalls(SendEmailCommand).flatMap(({ args }) => args[0].input.Destination?.ToAddresses ?? []);
const refuse = (recipient: string) =>
  mail
    .on(SendEmailCommand, { Destination: { ToAddresses: [recipient] } })
    .rejects(Object.assign(new Error(`${recipient} is not verified`), { name: 'MessageRejected' }));

test('each officer gets a mail of their own and sees nobody else’s address', async () => {
  await tell('ward@example.org', officers);
  expect(told()).toEqual(officers);
  expect(mail.commandCalls(SendEmailCommand)).toHaveLength(3);
});

test('an address that is refused keeps nobody else from being told, and has nobody told again', async () => {
  refuse('one@example.org');
  await expect(tell('ward@example.org', officers)).resolves.toBeUndefined();
  expect(told()).toEqual(officers);
});

test('the log says that an address was refused and why, and not which', async () => {
  refuse('two@example.org');
  await tell('ward@example.org', officers);
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ message: 'mail refused', causes: ['MessageRejected'] });
  expect(lines.join()).not.toContain('@');
});

test('when every address is refused nobody was told: that is an error, and the caller may try again', async () => {
  for (const officer of officers) refuse(officer);
  await expect(tell('ward@example.org', officers)).rejects.toThrow('no officer could be mailed');
  expect(lines).toHaveLength(3);
});

test('without a sender or anybody to tell nothing is sent, and that is an error', async () => {
  await expect(tell(undefined, officers)).rejects.toThrow('nobody to send from or to');
  await expect(tell('ward@example.org', [])).rejects.toThrow('nobody to send from or to');
  expect(mail.calls()).toHaveLength(0);
});
