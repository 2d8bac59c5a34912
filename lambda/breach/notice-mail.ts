import { type SESv2Client, SendEmailCommand } from '@aws-sdk/client-sesv2';
import type { Letter } from './letters';
import { plainText } from './templates/template';

/** Sends a notice by e-mail to whoever agreed to that. 45 CFR 164.404(d)(1)(i). @returns the id of the mail @throws what kept it from being sent */
export async function mailLetter(mail: SESv2Client, from: string, letter: Letter): Promise<string> {
  const { email } = letter.recipient;
  if (email === undefined) throw new Error('nobody agreed to e-mail');
  const { MessageId } = await mail.send(
    new SendEmailCommand({
      FromEmailAddress: from,
      Destination: { ToAddresses: [email] },
      Content: {
        Simple: {
          Subject: { Data: letter.text.subject },
          Body: { Text: { Data: plainText(letter.text) } },
        },
      },
    }),
  );
  if (!MessageId) throw new Error('the mail was not accepted');
  return MessageId;
}
