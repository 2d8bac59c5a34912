import { randomUUID } from 'node:crypto';
import type { Message } from '../../bin/redrive/letter';

/** Letters in the forms that AWS documents. What is called `secret` stands for what a letter must never tell. */

export const arnOf = (name: string): string => `arn:aws:lambda:us-east-1:123456789012:function:${name}`;
export const secret = 'somebody@example.org';

type Form = Pick<Message, 'body' | 'attributes'>;

/** EventBridge Scheduler, "Configuring a schedule's dead-letter queue". */
export const ofScheduler = (name: string, more: Readonly<Record<string, string>> = {}): Form => ({
  body: JSON.stringify({
    version: '0',
    id: randomUUID(),
    'detail-type': 'Scheduled Event',
    source: 'aws.scheduler',
    account: '123456789012',
    time: '2026-11-23T07:00:00Z',
    region: 'us-east-1',
    resources: ['arn:aws:scheduler:us-east-1:123456789012:schedule/default/checkpointer'],
    detail: '{}',
  }),
  attributes: {
    ERROR_CODE: 'AWS.Lambda.TooManyRequestsException',
    ERROR_MESSAGE: `Rate Exceeded ${secret}`,
    EXECUTION_ID: randomUUID(),
    EXHAUSTED_RETRY_CONDITION: 'MaximumRetryAttempts',
    IS_PAYLOAD_TRUNCATED: 'false',
    RETRY_ATTEMPTS: '2',
    SCHEDULED_TIME: '2026-11-23T07:00:00Z',
    SCHEDULE_ARN: 'arn:aws:scheduler:us-east-1:123456789012:schedule/default/checkpointer',
    TARGET_ARN: arnOf(name),
    ...more,
  },
});

/** Lambda, "Capturing records of Lambda asynchronous invocations". */
export const ofStart = (name: string, requestPayload: unknown): Form => ({
  body: JSON.stringify({
    version: '1.0',
    timestamp: '2026-11-23T07:16:05.568Z',
    requestContext: {
      requestId: randomUUID(),
      functionArn: `${arnOf(name)}:$LATEST`,
      condition: 'RetriesExhausted',
      approximateInvokeCount: 3,
    },
    requestPayload,
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    responsePayload: { errorType: 'Error', errorMessage: secret, trace: [secret] },
  }),
  attributes: {},
});
export const logLines = { awslogs: { data: Buffer.from(secret).toString('base64') } };

/** Lambda, "Retaining discarded batches for a DynamoDB event source". */
export const ofBatch = (name: string, first: string, last: string): Form => ({
  body: JSON.stringify({
    requestContext: {
      requestId: randomUUID(),
      functionArn: arnOf(name),
      condition: 'RetryAttemptsExhausted',
      approximateInvokeCount: 11,
    },
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    version: '1.0',
    timestamp: '2026-11-23T07:13:49.717Z',
    DDBStreamBatchInfo: {
      shardId: 'shardId-00000001573689847184-864758bb',
      startSequenceNumber: '800000000003126276362',
      endSequenceNumber: '800000000003126276399',
      approximateArrivalOfFirstRecord: first,
      approximateArrivalOfLastRecord: last,
      batchSize: 100,
      streamArn: 'arn:aws:dynamodb:us-east-1:123456789012:table/outbox/stream/2026-01-01T00:00:00.000',
    },
  }),
  attributes: {},
});

/** A dead-letter queue's own form: the event alone. */
export const ofDeadLetterQueue = (): Form => ({
  body: JSON.stringify(logLines),
  attributes: { RequestID: randomUUID(), ErrorCode: '200', ErrorMessage: secret },
});

/** the role that sends letters where a test says nothing else */
export const sender = 'AROAQ3EGRVZEXAMPLE001';
export const message = (
  form: Form,
  sentAt = new Date('2026-11-23T07:20:00Z'),
  senderRole: string | undefined = sender,
): Message => ({
  id: randomUUID(),
  receipt: randomUUID(),
  sentAt,
  senderRole,
  ...form,
});
