import type { ApiClient } from './api-client';
import type { Session } from './session';
import type { Target } from './target';

/** What the commands stand on: the API as whoever is signed in, and where Ward is. */
export interface Connection {
  readonly client: () => ApiClient;
  readonly where: () => { readonly outputs?: string; readonly data: string };
}

/** Where Ward is, and who of this machine calls it. */
export interface Connected {
  readonly target: Target;
  readonly session: Session;
  readonly client: ApiClient;
}
