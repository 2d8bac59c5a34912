import type { Caller, Service } from './service';

/** Sends what a user pool mails, such as an invitation, through the laptop's SES. @throws Error when SES refuses it */
export function sendAs(
  sender: string,
  caller: Caller,
  ses: Service,
): (message: { readonly to: string; readonly subject: string; readonly text: string }) => Promise<void> {
  return async ({ to, subject, text }) => {
    const body = {
      FromEmailAddress: sender,
      Destination: { ToAddresses: [to] },
      Content: { Simple: { Subject: { Data: subject }, Body: { Text: { Data: text } } } },
    };
    const { status } = await ses.handle({
      caller,
      method: 'POST',
      target: '/v2/email/outbound-emails',
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify(body)),
    });
    if (status !== 200) throw new Error(`the user pool's mail was refused with ${status}`);
  };
}

/** @returns what a pool of the templates mails as: it is only ever made with a sender that was verified before it */
export function sendersOf({ EmailConfiguration }: Readonly<Record<string, unknown>>): string[] {
  const source =
    typeof EmailConfiguration === 'object' && EmailConfiguration !== null && 'SourceArn' in EmailConfiguration
      ? String(EmailConfiguration.SourceArn)
      : '';
  return /:identity\/(.+)$/.exec(source)?.slice(1) ?? [];
}
