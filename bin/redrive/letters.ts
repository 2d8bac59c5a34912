import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message as Received,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { Message } from './letter';

/** As long as nobody else sees the letters: longer than any function runs, so that one run is over before the next. */
const hiddenSeconds = 60 * 60;
/** The queue is asked in all its parts, so that the first empty answer is the end. */
const waitSeconds = 2;

/** The dead letters of a stage. */
export class Letters {
  constructor(
    private readonly client: SQSClient,
    private readonly queue: string,
  ) {}

  /** Takes every letter; each is hidden until it is ended or put back. */
  async take(): Promise<readonly Message[]> {
    const taken = new Map<string, Message>();
    for (;;) {
      const { Messages = [] } = await this.client.send(
        new ReceiveMessageCommand({
          QueueUrl: this.queue,
          MaxNumberOfMessages: 10,
          VisibilityTimeout: hiddenSeconds,
          WaitTimeSeconds: waitSeconds,
          MessageAttributeNames: ['All'],
          MessageSystemAttributeNames: ['SenderId', 'SentTimestamp'],
        }),
      );
      if (Messages.length === 0) return [...taken.values()];
      for (const message of Messages.map(messageOf)) taken.set(message.id, message);
    }
  }

  async end({ receipt }: Message): Promise<void> {
    await this.client.send(new DeleteMessageCommand({ QueueUrl: this.queue, ReceiptHandle: receipt }));
  }

  /** Lets others see it again, now. */
  async putBack({ receipt }: Message): Promise<void> {
    const at = { QueueUrl: this.queue, ReceiptHandle: receipt };
    await this.client.send(new ChangeMessageVisibilityCommand({ ...at, VisibilityTimeout: 0 }));
  }
}

function messageOf({ MessageId, ReceiptHandle, Body, Attributes, MessageAttributes }: Received): Message {
  const attributes = Object.entries(MessageAttributes ?? {}).flatMap(([name, { StringValue }]) =>
    StringValue === undefined ? [] : [[name, StringValue] as const],
  );
  return {
    id: MessageId ?? '',
    receipt: ReceiptHandle ?? '',
    sentAt: new Date(Number(Attributes?.SentTimestamp ?? 0)),
    senderRole: /^(AROA[A-Z0-9]+):/.exec(Attributes?.SenderId ?? '')?.[1],
    body: Body ?? '',
    attributes: Object.fromEntries(attributes),
  };
}
