import { type SESv2Client, SendEmailCommand } from '@aws-sdk/client-sesv2';
import * as z from 'zod';
import type { Letter } from './letters';
import { plainText } from './templates/template';

/** A notice by e-mail, as it is handed over. */
export const noticeMail = z.strictObject({ to: z.string(), subject: z.string(), text: z.string() });
export type NoticeMail = z.infer<typeof noticeMail>;

/** @returns the mail of a letter; undefined unless the patient agreed to e-mail. 45 CFR 164.404(d)(1)(i) */
export function mailOf({ recipient, text }: Letter): NoticeMail | undefined {
  return recipient.email === undefined
    ? undefined
    : { to: recipient.email, subject: text.subject, text: plainText(text) };
}

/** @returns the id of the mail @throws what kept it from being sent */
export async function sendMail(mail: SESv2Client, from: string, { to, subject, text }: NoticeMail): Promise<string> {
  const { MessageId } = await mail.send(
    new SendEmailCommand({
      FromEmailAddress: from,
      Destination: { ToAddresses: [to] },
      Content: { Simple: { Subject: { Data: subject }, Body: { Text: { Data: text } } } },
    }),
  );
  if (!MessageId) throw new Error('the mail was not accepted');
  return MessageId;
}
