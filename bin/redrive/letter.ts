import * as z from 'zod';

/** A message of the queue, as SQS gives it. Its body may be PHI, log lines of sign-ins: nothing of it may be shown. */
export interface Message {
  readonly id: string;
  readonly receipt: string;
  readonly sentAt: Date;
  /** id of the role that sent it, which SQS tells and no sender chooses; undefined of whoever is no role */
  readonly senderRole: string | undefined;
  readonly body: string;
  /** message attributes that are strings */
  readonly attributes: Readonly<Record<string, string>>;
}

/** What a letter asks for. Of all this, names of functions, codes, counts and times alone may be shown. */
export type Letter =
  | {
      readonly kind: 'start';
      /** the function's name in its ARN */
      readonly function: string;
      /** why it was given up, a code of AWS */
      readonly why: string;
      /** JSON: the event that the function was, or should have been, started with */
      readonly payload: string;
    }
  | {
      readonly kind: 'batch';
      readonly function: string;
      readonly why: string;
      /** when the stream got the first and the last of them, cut to the second */
      readonly from: Date;
      readonly to: Date;
    }
  | { readonly kind: 'unknown'; readonly why: 'not-json' | 'names-no-function' | 'cut-off' | 'too-long' };

/** A stream keeps a record for a day, so that no batch of one tells of more. */
const longestBatchMilliseconds = 24 * 60 * 60 * 1000;

const functionName = z
  .string()
  .regex(/^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[\w-]+(:[\w$-]+)?$/)
  .transform((arn) => arn.split(':')[6] ?? '');
/** A code and no sentence: what is no code is not shown. */
const code = z
  .string()
  .regex(/^[A-Za-z][\w.:-]{0,80}$/)
  .catch('unknown');
const time = z.iso.datetime({ offset: true }).transform((at) => new Date(at));

/** EventBridge Scheduler, "Configuring a schedule's dead-letter queue": the body is the event, attributes tell of it. */
const scheduler = z.object({
  TARGET_ARN: functionName,
  ERROR_CODE: code,
  IS_PAYLOAD_TRUNCATED: z.enum(['true', 'false']).default('false'),
});
/** Lambda, "Capturing records of asynchronous invocations": the record of a failure destination. */
const asynchronous = z.object({
  requestContext: z.object({ functionArn: functionName, condition: code }),
  requestPayload: z.unknown().refine((payload) => payload !== undefined),
});
/** Lambda, "Using AWS Lambda with Amazon DynamoDB", discarded batches: what tells of records, and no record. */
const discarded = z.object({
  requestContext: z.object({ functionArn: functionName, condition: code }),
  DDBStreamBatchInfo: z.object({
    approximateArrivalOfFirstRecord: time,
    approximateArrivalOfLastRecord: time,
  }),
});

/** @returns what a message asks for, by the documented form of whoever sent it */
export function readLetter({ body, attributes }: Pick<Message, 'body' | 'attributes'>): Letter {
  const json = parse(body);
  if (json === undefined) return { kind: 'unknown', why: 'not-json' };
  const scheduled = scheduler.safeParse(attributes);
  if (scheduled.success) {
    const { TARGET_ARN, ERROR_CODE, IS_PAYLOAD_TRUNCATED } = scheduled.data;
    if (IS_PAYLOAD_TRUNCATED === 'true') return { kind: 'unknown', why: 'cut-off' };
    return { kind: 'start', function: TARGET_ARN, why: ERROR_CODE, payload: body };
  }
  const batch = discarded.safeParse(json);
  if (batch.success) {
    const { requestContext, DDBStreamBatchInfo: info } = batch.data;
    const times = [info.approximateArrivalOfFirstRecord, info.approximateArrivalOfLastRecord].map((at) => at.getTime());
    if (Math.max(...times) - Math.min(...times) > longestBatchMilliseconds) return { kind: 'unknown', why: 'too-long' };
    return {
      kind: 'batch',
      function: requestContext.functionArn,
      why: requestContext.condition,
      from: new Date(Math.min(...times)),
      to: new Date(Math.max(...times)),
    };
  }
  const record = asynchronous.safeParse(json);
  if (!record.success) return { kind: 'unknown', why: 'names-no-function' };
  const { requestContext, requestPayload } = record.data;
  return {
    kind: 'start',
    function: requestContext.functionArn,
    why: requestContext.condition,
    payload: JSON.stringify(requestPayload),
  };
}

/** @returns undefined for what is no JSON */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
