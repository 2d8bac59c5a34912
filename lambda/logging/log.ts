import { causesOf } from './causes';
import { type Json, redact } from './redact';

/** Every line that Ward's functions log, with all the fields that it may have. */
export type LogLine =
  /** a request that was answered with a fault */
  | { readonly message: 'request failed'; readonly request: string; readonly route: string; readonly error: unknown }
  /** an invocation that its caller is told of as failed */
  | { readonly message: 'invocation failed'; readonly request: string; readonly error: unknown }
  /** a mail to one of the officers was refused */
  | { readonly message: 'mail refused'; readonly error: unknown }
  /** the function ends here, and is started anew */
  | {
      readonly message: 'function ended';
      readonly why: 'uncaught-exception' | 'unhandled-rejection';
      readonly error: unknown;
    }
  /** what a dependency, or Node itself, wanted to print */
  | { readonly message: 'printed'; readonly by: 'console' | 'warning'; readonly text: unknown };

/**
 * The one way into a function's log: a JSON object a line. Takes declared fields in their declared form and nothing else, and
 * no variable of the environment makes it say more. 45 CFR 164.514(b)(2).
 */
export function log(line: LogLine): void {
  const { message } = line;
  const common = { level: 'ERROR', message, timestamp: new Date().toISOString(), service: functionName() };
  process.stderr.write(`${JSON.stringify({ ...common, ...declared(line) })}\n`);
}

const functionName = (): string => process.env['AWS_LAMBDA_FUNCTION_NAME'] ?? 'ward';

/** @returns the fields of a line, each in its form; what has another one is not said */
export function declared(line: LogLine): Readonly<Record<string, Json>> {
  switch (line.message) {
    case 'request failed':
      return {
        request: inForm(id, line.request),
        route: inForm(template, line.route),
        causes: causesOf(line.error),
      };
    case 'invocation failed':
      return { request: inForm(id, line.request), causes: causesOf(line.error) };
    case 'mail refused':
      return { causes: causesOf(line.error) };
    case 'function ended':
      return { why: line.why, causes: causesOf(line.error) };
    case 'printed':
      return { by: line.by, text: redact(line.text) };
  }
}

/** a request's id as API Gateway and Lambda make them */
const id = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** a route of the table, its parameters unfilled */
const template = /^(?:alert|(?:\/(?:v1|[a-z][a-z-]{0,40}|\{[A-Za-z]{1,20}\}))+)$/;
const inForm = (form: RegExp, text: string): string => (form.test(text) ? text : 'unknown');
