import type { NextTime } from './schedule-expression';

export interface Clock {
  /** milliseconds since 1970 */
  readonly now: () => number;
  /** Calls back at that time or later. @returns cancels it */
  readonly at: (time: number, callback: () => void) => () => void;
}

/** setTimeout counts milliseconds in 31 bits. */
const longestTimeout = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: Date.now,
  at: (time, callback) => {
    let timer: NodeJS.Timeout;
    const arm = () => {
      const left = time - Date.now();
      timer = left > longestTimeout ? setTimeout(arm, longestTimeout) : setTimeout(callback, Math.max(0, left));
      timer.unref();
    };
    arm();
    return () => clearTimeout(timer);
  },
};

export interface ScheduleTriggerEdge {
  readonly clock: Clock;
  /** @param time that it was due. @throws when the target failed */
  readonly run: (time: number) => Promise<void>;
  /** remembers durably when it ran last */
  readonly save: (ranAt: number) => void;
  /** pauses before a retry; resolves at once when the signal is given */
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly onFailed: (error: unknown) => void;
}

/** how often a failed run is tried again, as Lambda does with an asynchronous event */
const retries = 2;

/**
 * Runs a target at the times of a schedule. A time that passed while the laptop was off is made up for once at the start:
 * in AWS it would not have been missed.
 */
export class ScheduleTrigger {
  private cancel: () => void = () => undefined;
  private running: Promise<void> = Promise.resolve();
  private readonly ending = new AbortController();

  constructor(
    private readonly next: NextTime,
    private readonly edge: ScheduleTriggerEdge,
  ) {}

  /** @param ranAt what was saved last; undefined at the first start, which counts as the schedule's creation */
  start(ranAt: number | undefined): void {
    const since = ranAt ?? this.edge.clock.now();
    if (ranAt === undefined) this.edge.save(since);
    this.arm(this.next(since));
  }

  /** Resolves when a run that has begun is over. */
  async settled(): Promise<void> {
    await this.running;
  }

  async stop(): Promise<void> {
    this.ending.abort();
    this.cancel();
    await this.running;
  }

  private arm(due: number): void {
    if (this.ending.signal.aborted) return;
    this.cancel = this.edge.clock.at(due, () => {
      const now = this.edge.clock.now();
      this.running = this.run(due)
        .catch((error: unknown) => {
          this.edge.onFailed(error);
          return true;
        })
        .then((over) => {
          if (over) this.edge.save(now);
        })
        .then(() => this.arm(this.next(Math.max(now, due))));
    });
  }

  /** @returns false when it was cut off and is made up for at the next start */
  private async run(due: number): Promise<boolean> {
    for (let attempt = 0; ; attempt++) {
      try {
        await this.edge.run(due);
        return true;
      } catch (error) {
        if (this.ending.signal.aborted) return false;
        if (attempt === retries) throw error;
        await this.edge.wait(1000 * 2 ** attempt, this.ending.signal);
      }
    }
  }
}
