import { type SESv2Client, SendEmailCommand } from '@aws-sdk/client-sesv2';
import { log } from '../logging/log';

/** Without patient, actor or reason: a mail leaves Ward's protection. */
export interface OfficerMail {
  readonly subject: string;
  readonly text: string;
}

/**
 * Mails the same words to each officer by themselves: an address that is refused keeps nobody else from being told, nor are
 * the others told again because of it. The log has a line for each that was.
 * @param from verified sender; undefined: this deployment can send no mail
 * @throws Error when nobody was told: there is no sender or nobody to tell, or every one was refused (`cause`: the first reason)
 */
export async function mailOfficers(
  mail: SESv2Client,
  from: string | undefined,
  recipients: readonly string[],
  { subject, text }: OfficerMail,
): Promise<void> {
  if (from === undefined || recipients.length === 0) throw new Error('nobody to send from or to');
  const Content = { Simple: { Subject: { Data: subject }, Body: { Text: { Data: text } } } };
  const sent = await Promise.allSettled(
    recipients.map((recipient) =>
      mail.send(new SendEmailCommand({ FromEmailAddress: from, Destination: { ToAddresses: [recipient] }, Content })),
    ),
  );
  const refusals = sent.filter((each) => each.status === 'rejected').map(({ reason }) => reason as unknown);
  for (const error of refusals) log({ message: 'mail refused', error });
  if (refusals.length === sent.length) throw new Error('no officer could be mailed', { cause: refusals[0] });
}
