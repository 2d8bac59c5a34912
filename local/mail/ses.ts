import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type Authorize, type Call, type Caller, type Reply, type Service, ServiceError } from '../service';

const SEND_PATH = '/v2/email/outbound-emails';
const MAXIMUM_RECIPIENTS = 50;

const addresses = z.array(z.string().min(3).max(320)).default([]);
const text = z.strictObject({ Data: z.string(), Charset: z.string().optional() });

/** The part of SendEmail that Ward uses. Raw mails and templates could name another sender than the one authorized. */
const inputSchema = z.strictObject({
  FromEmailAddress: z.string().max(320),
  Destination: z.strictObject({ ToAddresses: addresses, CcAddresses: addresses, BccAddresses: addresses }),
  ReplyToAddresses: addresses,
  FeedbackForwardingEmailAddress: z.string().optional(),
  ConfigurationSetName: z
    .string()
    .regex(/^[\w-]{1,64}$/)
    .optional(),
  EmailTags: z.array(z.strictObject({ Name: z.string(), Value: z.string() })).optional(),
  Content: z.strictObject({
    Simple: z.strictObject({
      Subject: text,
      Body: z.strictObject({ Text: text.optional(), Html: text.optional() }),
      Headers: z.array(z.strictObject({ Name: z.string(), Value: z.string() })).optional(),
      Attachments: z.array(z.record(z.string(), z.unknown())).optional(),
    }),
  }),
});

export interface SesOptions {
  readonly authorize: Authorize;
  /** names of `AWS::SES::EmailIdentity`: addresses and domains from which mail may be sent */
  readonly identities: readonly string[];
  readonly region: string;
  readonly account: string;
  /** hands an authorized mail on; resolves to its message id when it is on disk */
  readonly deliver: (body: Buffer) => Promise<string>;
}

/** Amazon SES, API v2, for the laptop: SendEmail of simple mails, from the identities of the template. */
export class Ses implements Service {
  readonly name = 'SESV2';

  constructor(private readonly options: SesOptions) {}

  async handle(call: Call): Promise<Reply> {
    const headers = { 'content-type': 'application/json', 'x-amzn-requestid': randomUUID() };
    try {
      const [path] = call.target.split('?');
      if (call.method !== 'POST' || path !== SEND_PATH)
        throw new ServiceError('UnknownOperationException', 'SESv2 is emulated with SendEmail only', 404);
      this.#authorize(call.caller, parse(call.body));
      return { status: 200, headers, body: JSON.stringify({ MessageId: await this.options.deliver(call.body) }) };
    } catch (error) {
      const known = error instanceof ServiceError;
      if (!known) process.stderr.write(`SESv2 failed: ${error instanceof Error ? error.stack : 'not an error'}\n`);
      const code = known ? error.code : 'InternalServiceErrorException';
      const message = known ? error.message : 'internal error';
      const status = !known ? 500 : code === 'AccessDeniedException' ? 403 : error.status;
      return { status, headers: { ...headers, 'x-amzn-errortype': code }, body: JSON.stringify({ message }) };
    }
  }

  async close(): Promise<void> {}

  #authorize(caller: Caller, input: z.output<typeof inputSchema>): void {
    const from = parseAddress(input.FromEmailAddress);
    const { ToAddresses, CcAddresses, BccAddresses } = input.Destination;
    const recipients = [...ToAddresses, ...CcAddresses, ...BccAddresses].map((each) => parseAddress(each).address);
    if (recipients.length === 0 || recipients.length > MAXIMUM_RECIPIENTS)
      throw new ServiceError('BadRequestException', 'a mail has 1 to 50 recipients');
    const feedback = input.FeedbackForwardingEmailAddress;
    const context = {
      'ses:FromAddress': from.address,
      'ses:Recipients': recipients,
      ...(from.displayName === undefined ? {} : { 'ses:FromDisplayName': from.displayName }),
      ...(feedback === undefined ? {} : { 'ses:FeedbackAddress': feedback }),
    };
    const { authorize, region, account } = this.options;
    const resources = [`identity/${this.#identityOf(from.address)}`];
    if (input.ConfigurationSetName !== undefined) resources.push(`configuration-set/${input.ConfigurationSetName}`);
    for (const resource of resources)
      authorize(caller, { action: 'ses:SendEmail', resource: `arn:aws:ses:${region}:${account}:${resource}`, context });
  }

  /** The address itself when it is an identity, else its domain or the nearest domain above. */
  #identityOf(address: string): string {
    const labels = address.slice(address.lastIndexOf('@') + 1).split('.');
    const candidates = [address, ...labels.map((_, index) => labels.slice(index).join('.'))];
    const identity = candidates.find((candidate) => this.options.identities.includes(candidate));
    if (identity === undefined) throw new ServiceError('MessageRejected', 'Email address is not verified.');
    return identity;
  }
}

function parse(body: Buffer): z.output<typeof inputSchema> {
  let json: unknown;
  try {
    json = JSON.parse(body.toString('utf8'));
  } catch {
    throw new ServiceError('BadRequestException', 'the body is not JSON'); // the parser's own message quotes the body
  }
  const parsed = inputSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const names = issue?.code === 'unrecognized_keys' ? issue.keys : [String(issue?.path.join('.'))];
  throw new ServiceError('BadRequestException', `not valid, or not emulated: ${names.join(', ')}`);
}

/**
 * One address, bare or behind a display name. Anything that could hold a second address or a line break is refused, since
 * the policy sees one address only.
 */
function parseAddress(text: string): { readonly address: string; readonly displayName?: string } {
  const [, displayName, bracketed, bare] =
    /^(?:"?([^"<>@,;\r\n]*?)"?\s*<([^\s"<>@,;]+@[A-Za-z0-9.-]+)>|([^\s"<>@,;]+@[A-Za-z0-9.-]+))$/.exec(text) ?? [];
  const address = (bracketed ?? bare)?.toLowerCase();
  if (address === undefined) throw new ServiceError('BadRequestException', 'an address is not valid');
  return displayName ? { address, displayName } : { address };
}
