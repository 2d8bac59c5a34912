import * as z from 'zod';
import type { Session } from './session';
import type { Target } from './target';

const problem = z.object({
  type: z.string(),
  title: z.string(),
  detail: z.string().optional(),
  errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
});

/** An answer that is not a success, with what Ward said of it. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly type: string,
    message: string,
    readonly errors: readonly { readonly field: string; readonly message: string }[] = [],
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** Calls the API as the person who is signed in. */
export class ApiClient {
  constructor(
    private readonly target: Target,
    private readonly session: Session,
  ) {}

  /** where the API is, without a path */
  get address(): string {
    return this.target.api;
  }

  /** @throws ApiError for any answer that is not 2xx */
  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<ApiAnswer> {
    const response = await fetch(`${this.target.api}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await this.session.accessToken()}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: 'error',
    }).catch((error: unknown) => {
      throw new Error(`Ward does not answer at ${this.target.api}`, { cause: error });
    });
    const text = await response.text();
    const parsed: unknown = text === '' ? undefined : JSON.parse(text);
    if (response.ok) return { status: response.status, headers: response.headers, body: parsed };
    const said = problem.safeParse(parsed);
    if (!said.success) throw new ApiError(response.status, 'unknown', `Ward answered ${response.status}`);
    const { type, title, detail, errors } = said.data;
    throw new ApiError(response.status, type, [title, detail].filter(Boolean).join(': '), errors);
  }
}
