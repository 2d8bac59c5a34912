import {
  type Authorize,
  awsJson,
  type Call,
  type Operations,
  type Reply,
  type Service,
  ServiceError,
} from '../service';
import { encryptionOperations } from './encryption';
import { Keys } from './keys';
import { managementOperations } from './management';
import type { Operation } from './operation';
import { signingOperations } from './signing';

export interface KmsOptions {
  /** holds the key material: mode 0700 */
  readonly directory: string;
  readonly authorize: Authorize;
  /** epoch milliseconds */
  readonly clock?: () => number;
  readonly region: string;
  readonly account: string;
}

/** Failures that a test can have KMS answer with; as AWS names them. */
const FAULTS = {
  throttled: () => new ServiceError('ThrottlingException', 'rate exceeded'),
  timeout: () => new ServiceError('DependencyTimeoutException', 'the request timed out', 503),
  internal: () => new ServiceError('KMSInternalException', 'an internal error', 500),
  unavailable: () => new ServiceError('KeyUnavailableException', 'the key is not available', 500),
  denied: () => new ServiceError('AccessDeniedException', 'access denied'),
  disabled: () => new ServiceError('DisabledException', 'the key is disabled'),
} as const;

export type KmsFault = keyof typeof FAULTS;

/**
 * AWS KMS for the laptop: the calls that Ward makes, under keys whose material lies in files of mode 0600. There is no
 * hardware behind it, so whoever reads the folder has the keys: never for real PHI.
 */
export class Kms implements Service {
  readonly name = 'KMS';
  readonly #calls = new Map<string, number>();
  readonly #faults = new Map<string, { readonly fault: KmsFault; readonly times: number }>();
  readonly #keys: Keys;
  readonly #serve: (call: Call) => Promise<Reply>;

  constructor({ directory, authorize, clock = Date.now, region, account }: KmsOptions) {
    this.#keys = new Keys(directory, region, account, clock);
    const context = { keys: this.#keys, clock, account, region, authorize };
    const operations = {
      ...encryptionOperations(context),
      ...signingOperations(context),
      ...managementOperations(context),
    };
    this.#serve = awsJson('KMS', '1.1', this.#observed(operations));
  }

  handle(call: Call): Promise<Reply> {
    return this.#serve(call);
  }

  async close(): Promise<void> {}

  /**
   * @param properties a resolved `AWS::KMS::Key`
   * @throws Error when they name what is not emulated, or change what AWS does not let change
   */
  ensureKey(keyId: string, properties: unknown): void {
    this.#keys.ensure(keyId, properties);
  }

  /** @throws Error when the material of its primary is not here */
  ensureReplica(keyId: string): void {
    this.#keys.ensureReplica(keyId);
  }

  /** @param name with its prefix, such as `alias/ward-audit` */
  ensureAlias(name: string, targetKeyId: string): void {
    this.#keys.ensureAlias(name, targetKeyId);
  }

  /** Calls received, by operation, whatever became of them. */
  get calls(): ReadonlyMap<string, number> {
    return this.#calls;
  }

  /** The next calls of an operation fail so; the SDK retries some of these by itself. Nothing on the wire gets here. */
  fail(operation: string, fault: KmsFault, times = 1): void {
    this.#faults.set(operation, { fault, times });
  }

  #observed(operations: Readonly<Record<string, Operation>>): Operations {
    const observe = (name: string, run: Operation): Operations[string] => {
      return async (input, caller) => {
        this.#calls.set(name, (this.#calls.get(name) ?? 0) + 1);
        this.#injectFault(name);
        return run(input, caller);
      };
    };
    return Object.fromEntries(Object.entries(operations).map(([name, run]) => [name, observe(name, run)]));
  }

  #injectFault(operation: string): void {
    const planned = this.#faults.get(operation);
    if (!planned || planned.times <= 0) return;
    this.#faults.set(operation, { ...planned, times: planned.times - 1 });
    throw FAULTS[planned.fault]();
  }
}
