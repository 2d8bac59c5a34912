import { randomUUID } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Authorize, Call, Caller, Reply, Service } from '../service';
import { ServiceError } from '../service';

const publishInput = z.strictObject({
  Action: z.literal('Publish'),
  Version: z.string(),
  TopicArn: z.string(),
  Subject: z
    .string()
    .min(1)
    .max(100)
    .regex(/^[\x20-\x7e]+$/)
    .optional(),
  Message: z.string().min(1).max(262_144),
});

const message = z.object({
  messageId: z.string(),
  topic: z.string(),
  subject: z.string().optional(),
  message: z.string(),
  at: z.string(),
});
export type SnsMessage = Readonly<z.infer<typeof message>>;

/** An `AWS::SNS::Topic` of the templates. */
export interface Topic {
  readonly arn: string;
  /** ARN of the customer-managed key that the topic encrypts with */
  readonly keyArn: string | undefined;
}

export interface SnsOptions {
  readonly directory: string;
  readonly authorize: Authorize;
  readonly region: string;
  readonly topics: readonly Topic[];
}

/**
 * Amazon SNS for the laptop: Publish to a topic of the templates. Nobody is subscribed: every message is a line of
 * `messages.jsonl` in the state folder, written before it is acknowledged.
 */
export class Sns implements Service {
  readonly name = 'SNS';
  readonly #file: string;

  constructor(private readonly options: SnsOptions) {
    mkdirSync(options.directory, { recursive: true, mode: 0o700 });
    this.#file = join(options.directory, 'messages.jsonl');
  }

  /** oldest first */
  messages(): readonly SnsMessage[] {
    if (!existsSync(this.#file)) return [];
    const lines = readFileSync(this.#file, 'utf8').split('\n');
    // The last one is empty, or was cut off by a crash and never acknowledged.
    return lines.slice(0, -1).map((line) => message.parse(JSON.parse(line)));
  }

  async handle(call: Call): Promise<Reply> {
    const requestId = randomUUID();
    try {
      const messageId = this.#publish(call.caller, Object.fromEntries(new URLSearchParams(call.body.toString('utf8'))));
      return xml(
        200,
        requestId,
        `<PublishResponse xmlns="${namespace}"><PublishResult><MessageId>${messageId}</MessageId></PublishResult>${metadata(requestId)}</PublishResponse>`,
      );
    } catch (error) {
      const known = error instanceof ServiceError;
      if (!known) process.stderr.write(`SNS failed: ${error instanceof Error ? error.stack : 'not an error'}\n`);
      const denied = known && error.code === 'AccessDeniedException';
      const code = denied ? 'AuthorizationError' : known ? error.code : 'InternalError';
      const text = known ? error.message.replace(/[<>&'"]/g, (sign) => `&#${sign.charCodeAt(0)};`) : 'internal error';
      const status = denied ? 403 : known ? error.status : 500;
      return xml(
        status,
        requestId,
        `<ErrorResponse xmlns="${namespace}"><Error><Type>${status < 500 ? 'Sender' : 'Receiver'}</Type><Code>${code}</Code><Message>${text}</Message></Error><RequestId>${requestId}</RequestId></ErrorResponse>`,
      );
    }
  }

  async close(): Promise<void> {}

  #publish(caller: Caller, input: Record<string, string>): string {
    if (input['Action'] !== 'Publish')
      throw new ServiceError('InvalidAction', 'SNS is emulated with Publish only', 400);
    const parsed = publishInput.safeParse(input);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      const names = issue?.code === 'unrecognized_keys' ? issue.keys : [String(issue?.path.join('.'))];
      throw new ServiceError('InvalidParameter', `not valid, or not emulated: ${names.join(', ')}`, 400);
    }
    const { TopicArn, Subject, Message } = parsed.data;
    const { authorize, region, topics } = this.options;
    authorize(caller, { action: 'sns:Publish', resource: TopicArn });
    const topic = topics.find(({ arn }) => arn === TopicArn);
    if (!topic) throw new ServiceError('NotFound', 'Topic does not exist', 404);
    // SNS uses the topic's key in the name of whoever publishes.
    const context = {
      'kms:ViaService': `sns.${region}.amazonaws.com`,
      'kms:EncryptionContextKeys': ['aws:sns:topicArn'],
      'kms:EncryptionContext:aws:sns:topicArn': TopicArn,
    };
    if (topic.keyArn !== undefined)
      for (const action of ['kms:GenerateDataKey', 'kms:Decrypt'])
        authorize(caller, { action, resource: topic.keyArn, context });
    const messageId = randomUUID();
    const at = new Date().toISOString();
    const line = JSON.stringify({ messageId, topic: TopicArn, subject: Subject, message: Message, at });
    appendFileSync(this.#file, `${line}\n`, { mode: 0o600, flush: true });
    return messageId;
  }
}

const namespace = 'http://sns.amazonaws.com/doc/2010-03-31/';
const metadata = (requestId: string): string =>
  `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>`;
const xml = (status: number, requestId: string, body: string): Reply => ({
  status,
  headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
  body,
});
