import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import * as z from 'zod';

/** What SQS does with letters, by its JSON protocol, and Lambda with starts that are waited for: what no laptop has. */

interface Kept {
  readonly id: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly sentAt: number;
  readonly senderId: string;
  hidden: boolean;
}
const call = z.object({
  ReceiptHandle: z.string().default(''),
  MaxNumberOfMessages: z.number().default(1),
  VisibilityTimeout: z.number().default(30),
});

export class RedriveAws {
  /** what is in the queue, by its id */
  readonly kept = new Map<string, Kept>();
  /** how often each function was started */
  readonly starts: string[] = [];

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  /** @param start of a function, by its name; what it throws is the function's error */
  static async open(start: (name: string, event: unknown) => Promise<unknown>): Promise<RedriveAws> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const aws = new RedriveAws(server, `http://127.0.0.1:${port}`);
    server.on('request', async (request, response) => {
      const body: unknown = JSON.parse((await text(request)) || '{}');
      const target = /^AmazonSQS\.(\w+)$/.exec(String(request.headers['x-amz-target']))?.[1];
      const named = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(request.url ?? '')?.[1];
      if (target !== undefined) return response.end(JSON.stringify(aws.queue(target, call.parse(body))));
      aws.starts.push(String(named));
      const answer = await start(String(named), body).catch((error: unknown) => {
        response.setHeader('x-amz-function-error', 'Unhandled');
        return { errorType: 'TypeError', errorMessage: String(error) };
      });
      return response.end(JSON.stringify(answer ?? null));
    });
    return aws;
  }

  /** @param senderId as SQS tells it: `<id of the role>:<session>` */
  put({ body, attributes }: Pick<Kept, 'body' | 'attributes'>, senderId: string): string {
    const id = randomUUID();
    this.kept.set(id, { id, body, attributes, sentAt: Date.now(), senderId, hidden: false });
    return id;
  }

  get visible(): string[] {
    return [...this.kept.values()].filter(({ hidden }) => !hidden).map(({ id }) => id);
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private queue(target: string, { ReceiptHandle, MaxNumberOfMessages, VisibilityTimeout }: z.infer<typeof call>) {
    const held = this.kept.get(ReceiptHandle);
    switch (target) {
      case 'ReceiveMessage':
        return {
          Messages: [...this.kept.values()]
            .filter(({ hidden }) => !hidden)
            .slice(0, MaxNumberOfMessages)
            .map((each) => {
              each.hidden = VisibilityTimeout > 0;
              return {
                MessageId: each.id,
                ReceiptHandle: each.id,
                Body: each.body,
                MD5OfBody: createHash('md5').update(each.body).digest('hex'),
                Attributes: { SenderId: each.senderId, SentTimestamp: String(each.sentAt) },
                MessageAttributes: Object.fromEntries(
                  Object.entries(each.attributes).map(([name, StringValue]) => [
                    name,
                    { DataType: 'String', StringValue },
                  ]),
                ),
              };
            }),
        };
      case 'DeleteMessage':
        this.kept.delete(ReceiptHandle);
        return {};
      case 'ChangeMessageVisibility':
        if (held) held.hidden = VisibilityTimeout > 0;
        return {};
      default:
        throw new Error(`${target} is not expected`);
    }
  }
}
