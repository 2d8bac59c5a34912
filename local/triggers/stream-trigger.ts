/** A stream record, as far as its delivery goes: everything else is the function's business. */
export interface SequencedRecord {
  readonly dynamodb: { readonly SequenceNumber: string };
}

export interface StreamTriggerSettings {
  readonly batchSize: number;
  /** how long a batch that is not full waits for more records; 0: not at all */
  readonly batchingWindowMilliseconds: number;
  /** -1: for ever */
  readonly maximumRetryAttempts: number;
  readonly bisectBatchOnFunctionError: boolean;
  /** `FunctionResponseTypes` has `ReportBatchItemFailures` */
  readonly reportsItemFailures: boolean;
  /** takes a record when any of them does; none: every record is taken */
  readonly filters: readonly ((record: unknown) => boolean)[];
}

export interface StreamTriggerEdge {
  /** the next records after a sequence number, oldest first */
  readonly read: (after: string | undefined, limit: number) => Promise<readonly SequencedRecord[]>;
  /** JSON in, JSON out. @throws when the function failed */
  readonly invoke: (event: string) => Promise<string>;
  /** remembers durably that every record up to this one is done with */
  readonly save: (after: string) => void;
  /** whether a failed invocation was refused for the size of its event */
  readonly tooLarge: (error: unknown) => boolean;
  /** pauses before a retry; resolves at once when the signal is given */
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** hears of records that are given up */
  readonly onDropped: (first: string, last: string, attempts: number) => void;
  /** hears that the stream or the position could not be read or written; the next record tries again */
  readonly onFailed: (error: unknown) => void;
}

/**
 * Delivers one table's stream to one function, in order and at least once: the position moves only past records that the
 * function has taken, that a filter leaves out, or that are given up after their last attempt.
 */
export class StreamTrigger {
  private running: Promise<void> | undefined;
  private woken = false;
  private behind = false;
  private gathering: AbortController | undefined;
  private hurried = false;
  private readonly ending = new AbortController();

  /** @param after the position of the last process; undefined: the oldest record */
  constructor(
    private readonly settings: StreamTriggerSettings,
    private readonly edge: StreamTriggerEdge,
    private after: string | undefined,
  ) {}

  /** Looks for records now, or once more after the present look. */
  wake(): void {
    if (this.stopped) return;
    this.woken = true;
    this.running ??= this.run()
      .catch((error: unknown) => {
        this.behind = true;
        this.edge.onFailed(error);
      })
      .finally(() => {
        this.running = undefined;
      });
  }

  /** whether records may be waiting */
  get busy(): boolean {
    return this.behind || this.running !== undefined;
  }

  /** Resolves when the stream has been read to its end. */
  async settled(): Promise<void> {
    while (this.running) {
      this.hurried = true; // whoever waits for the end waits for no window
      this.gathering?.abort();
      await this.running;
    }
    this.hurried = false;
  }

  /** Ends after the present invocation; what it has not finished comes again at the next start. */
  async stop(): Promise<void> {
    this.ending.abort();
    await this.running;
  }

  private get stopped(): boolean {
    return this.ending.signal.aborted;
  }

  private async run(): Promise<void> {
    while (this.woken && !this.stopped) {
      this.woken = false;
      this.behind = false;
      for (;;) {
        const records = await this.gather();
        const last = records.at(-1);
        if (this.stopped || !last) break;
        await this.deliver(records.filter((record) => this.takes(record)));
        if (this.stopped) break;
        this.moveTo(last);
      }
    }
  }

  /** @returns the next batch: a full one at once, any other when its window has passed */
  private async gather(): Promise<readonly SequencedRecord[]> {
    const { batchSize, batchingWindowMilliseconds } = this.settings;
    const records = await this.edge.read(this.after, batchSize);
    const waits = batchingWindowMilliseconds > 0 && records.length > 0 && records.length < batchSize;
    if (!waits || this.hurried || this.stopped) return records;
    this.gathering = new AbortController();
    await this.edge.wait(batchingWindowMilliseconds, AbortSignal.any([this.ending.signal, this.gathering.signal]));
    this.gathering = undefined;
    return this.stopped ? [] : this.edge.read(this.after, batchSize);
  }

  private takes(record: SequencedRecord): boolean {
    return this.settings.filters.length === 0 || this.settings.filters.some((filter) => filter(record));
  }

  private async deliver(records: readonly SequencedRecord[]): Promise<void> {
    const batches = records.length > 0 ? [records] : [];
    let attempts = 0;
    for (let batch = batches.shift(); batch !== undefined && !this.stopped; batch = batches.shift()) {
      const { taken, splits } = await this.attempt(batch);
      const lastTaken = batch[taken - 1];
      if (lastTaken) {
        this.moveTo(lastTaken);
        attempts = 0;
      }
      if (this.stopped) return; // a call that was cut off is no failed attempt
      const rest = batch.slice(taken);
      if (rest.length === 0) continue;
      if (splits && taken === 0 && rest.length > 1) {
        const middle = Math.ceil(rest.length / 2);
        batches.unshift(rest.slice(0, middle), rest.slice(middle));
        continue;
      }
      attempts += 1;
      if (this.settings.maximumRetryAttempts >= 0 && attempts > this.settings.maximumRetryAttempts) {
        this.drop(rest, attempts);
        attempts = 0;
        continue;
      }
      batches.unshift(rest);
      await this.edge.wait(Math.min(100 * 2 ** (attempts - 1), 60_000), this.ending.signal);
    }
  }

  /** @returns how many records from the first on the function took, and whether the rest is halved before the next attempt */
  private async attempt(batch: readonly SequencedRecord[]): Promise<{ taken: number; splits: boolean }> {
    try {
      const answer = await this.edge.invoke(JSON.stringify({ Records: batch }));
      const taken = this.settings.reportsItemFailures ? firstFailure(answer, batch) : batch.length;
      return { taken, splits: this.settings.bisectBatchOnFunctionError };
    } catch (error) {
      return { taken: 0, splits: this.settings.bisectBatchOnFunctionError || this.edge.tooLarge(error) };
    }
  }

  private drop(records: readonly SequencedRecord[], attempts: number): void {
    const [first] = records;
    const last = records.at(-1);
    if (!first || !last) return;
    this.edge.onDropped(first.dynamodb.SequenceNumber, last.dynamodb.SequenceNumber, attempts);
    this.moveTo(last);
  }

  private moveTo(record: SequencedRecord): void {
    const { SequenceNumber } = record.dynamodb;
    if (SequenceNumber === this.after) return;
    this.edge.save(SequenceNumber);
    this.after = SequenceNumber;
  }
}

/**
 * Where a partial batch response says that the function stopped (AWS Lambda, "Reporting batch item failures"): nothing or
 * an empty list is success, an item that is not in the batch or a malformed answer fails the whole batch.
 */
function firstFailure(answer: string, batch: readonly SequencedRecord[]): number {
  const value: unknown = JSON.parse(answer);
  if (value === null) return batch.length;
  if (typeof value !== 'object') return 0;
  if (!('batchItemFailures' in value) || value.batchItemFailures === null) return batch.length;
  const failures: unknown = value.batchItemFailures;
  if (!Array.isArray(failures)) return 0;
  const positions = failures.map((failure: unknown) => {
    const id =
      typeof failure === 'object' && failure !== null && 'itemIdentifier' in failure ? failure.itemIdentifier : '';
    return batch.findIndex(({ dynamodb }) => dynamodb.SequenceNumber === id);
  });
  return positions.length === 0 ? batch.length : Math.max(0, Math.min(...positions));
}
