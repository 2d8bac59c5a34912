/**
 * Every way a request can fail, as RFC 9457 problem details. `type` is stable: an app may act on it.
 * Titles are fixed sentences; nothing of the request is ever repeated in them.
 */
export const problems = {
  'malformed-body': [400, 'The body is not well-formed JSON'],
  'invalid-input': [400, 'A part of the request is not what it must be'],
  unauthorized: [401, 'A valid access token is needed'],
  'session-idle': [401, 'The session ended because nobody used it; sign in again'],
  'session-ended': [401, 'The session has ended; sign in again'],
  'reauthentication-required': [401, 'This takes a sign-in of the last five minutes'],
  forbidden: [403, 'This is not permitted'],
  'not-found': [404, 'There is no such resource'],
  'not-allowed': [403, 'A rule of this operation does not allow it'],
  'approval-required': [403, 'This takes a second person'],
  'approval-refused': [409, 'The approval is expired, used, decided, or for something else'],
  'second-person': [403, 'Only somebody independent of the requester may decide this'],
  'last-of-role': [409, 'The last active person of this role stays in it'],
  'sign-in-service': [502, 'The change stands, but the sign-in service did not take its part: send it again'],
  'account-exists': [409, 'There is an account with this e-mail address'],
  'emergency-limit': [403, 'Too many emergency accesses are open or were opened today'],
  conflict: [409, 'The resource changed or exists already'],
  'mrn-in-use': [409, 'Another patient has this medical record number'],
  'import-refused': [422, 'The bundle was refused; nothing of it is stored'],
  'import-state': [409, 'The import is not in a state that allows this'],
  'legal-hold': [409, 'A legal hold preserves this record'],
  retention: [409, 'A retention rule still keeps this record'],
  'incident-state': [409, 'The incident is not where this can be done'],
  gone: [410, 'The record has been disposed of'],
  'stale-version': [412, 'The resource has another version than If-Match says'],
  'body-too-large': [413, 'The body is larger than this route takes'],
  'unsupported-media-type': [415, 'The body must be application/json'],
  'version-required': [428, 'A change must name the version it changes in If-Match'],
  'code-refused': [422, 'The code is unknown, used or expired'],
  integrity: [500, 'The record failed its integrity check; nothing of it was shown'],
  internal: [500, 'Ward failed to answer'],
  unavailable: [503, 'A part that Ward needs did not answer; nothing was shown or stored'],
  'organization-mismatch': [503, 'This deployment is configured for another organization than its data'],
} as const satisfies Readonly<Record<string, readonly [status: number, title: string]>>;

export type ProblemType = keyof typeof problems;

/** One thing that is wrong with the input. Names the field and what it must be, never its value. */
export interface InputError {
  readonly field: string;
  readonly message: string;
}

export class Problem extends Error {
  readonly status: number;

  constructor(
    readonly type: ProblemType,
    /** what the caller can do about it; `errors` for input, other members as docs/api.md lists them */
    readonly members: { readonly detail?: string; readonly errors?: readonly InputError[] } = {},
    options?: { readonly cause?: unknown },
  ) {
    super(type, options);
    this.name = 'Problem';
    this.status = problems[type][0];
  }

  /** @returns the body of the answer, media type application/problem+json */
  body(requestId: string): string {
    return JSON.stringify({
      type: `urn:ward:problem:${this.type}`,
      title: problems[this.type][1],
      status: this.status,
      instance: `urn:uuid:${requestId}`,
      ...this.members,
    });
  }
}
