import { randomBytes } from 'node:crypto';

/** milliseconds since 1970 */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** What was thrown, as the function's runtime tells Lambda. */
export interface Thrown {
  readonly errorType: string;
  readonly errorMessage: string;
  /** of Node; may be empty */
  readonly stack: string;
}

/** What Lambda knows of one invocation. */
export interface Invoked {
  readonly requestId: string;
  readonly whole: Span;
  /** of the bundle, where the invocation waited for it */
  readonly loading?: Span | undefined;
  /** of the handler; absent when the bundle could not be loaded */
  readonly handling?: Span | undefined;
  readonly thrown?: Thrown | undefined;
}

/** The identifiers that the parts of one trace share. */
export interface TraceIds {
  /** `1-<seconds>-<96 random bits>`, hexadecimal */
  readonly trace: string;
  readonly service: string;
  readonly function: string;
}

interface Subsegment {
  readonly id: string;
  readonly name: 'Initialization' | 'Invocation';
  readonly start_time: number;
  readonly end_time: number;
  readonly aws: { readonly function_arn: string };
  readonly fault?: true;
  readonly cause?: Cause;
}
interface Cause {
  readonly working_directory: string;
  readonly paths: readonly string[];
  readonly exceptions: readonly {
    readonly id: string;
    readonly message: string;
    readonly type: string;
    readonly stack: readonly { readonly path: string; readonly line: number; readonly label: string }[];
  }[];
}
/** A document as X-Ray takes it: AWS X-Ray Developer Guide, "segment documents". Times are seconds since 1970. */
export interface SegmentDocument {
  readonly name: string;
  readonly id: string;
  readonly trace_id: string;
  readonly parent_id?: string;
  readonly start_time: number;
  readonly end_time: number;
  readonly origin: 'AWS::Lambda' | 'AWS::Lambda::Function';
  readonly resource_arn: string;
  readonly aws: Readonly<Record<string, unknown>>;
  readonly fault?: true;
  readonly subsegments?: readonly Subsegment[];
}

const identifier = (): string => randomBytes(8).toString('hex');

/** @param now milliseconds since 1970 */
export function newTrace(now: number): TraceIds {
  const seconds = Math.floor(now / 1000)
    .toString(16)
    .padStart(8, '0');
  return { trace: `1-${seconds}-${randomBytes(12).toString('hex')}`, service: identifier(), function: identifier() };
}

/** `_X_AMZN_TRACE_ID`: by it the function's own code would hang what it does into the trace. */
export const traceHeader = (ids: TraceIds): string => `Root=${ids.trace};Parent=${ids.function};Sampled=1`;

/**
 * @returns the two documents that the Lambda service itself makes of an invocation ("Visualize Lambda function invocations using
 * AWS X-Ray"): its own, and the function's with a subsegment for loading and handling. What was thrown is quoted.
 */
export function segmentsOf(
  { id: name, arn, directory }: { readonly id: string; readonly arn: string; readonly directory: string },
  { requestId, whole, loading, handling, thrown }: Invoked,
  ids: TraceIds,
): readonly [service: SegmentDocument, own: SegmentDocument] {
  const failed = thrown && ({ fault: true, cause: causeOf(thrown, directory) } as const);
  const part = (title: Subsegment['name'], span: Span | undefined, last: boolean): Subsegment[] =>
    span ? [{ id: identifier(), name: title, ...times(span), aws: { function_arn: arn }, ...(last && failed) }] : [];
  const common = { name, trace_id: ids.trace, ...(thrown && { fault: true as const }) };
  return [
    {
      ...common,
      id: ids.service,
      ...times(whole),
      origin: 'AWS::Lambda',
      resource_arn: arn,
      aws: { request_id: requestId },
    },
    {
      ...common,
      id: ids.function,
      parent_id: ids.service,
      ...times({ from: (loading ?? handling ?? whole).from, to: whole.to }),
      origin: 'AWS::Lambda::Function',
      resource_arn: arn,
      aws: { account_id: arn.split(':')[4] ?? '', function_arn: arn, resource_names: [name] },
      subsegments: [...part('Initialization', loading, handling === undefined), ...part('Invocation', handling, true)],
    },
  ];
}

const times = ({ from, to }: Span) => ({ start_time: from / 1000, end_time: to / 1000 });

const frame = /^\s*at (?:(?<label>.+) \()?(?<path>[^()]+?):(?<line>\d+)(?::\d+)?\)?$/;

function causeOf({ errorType, errorMessage, stack }: Thrown, directory: string): Cause {
  const frames = stack.split('\n').flatMap((line) => {
    const { path, line: number, label } = frame.exec(line)?.groups ?? {};
    return path ? [{ path, line: Number(number), label: label ?? 'anonymous' }] : [];
  });
  return {
    working_directory: directory,
    paths: [...new Set(frames.map(({ path }) => path))],
    exceptions: [{ id: identifier(), message: errorMessage, type: errorType, stack: frames }],
  };
}
