/**
 * First-in, first-out locks by name. All names of a call are queued for in the same turn of the event loop, so that any
 * two calls meet in the same order on every name that they share: no deadlock.
 */
export class Locks {
  readonly #tails = new Map<string, Promise<void>>();

  /** Runs `work` while it alone holds every name; the locks are released whether it succeeds or throws. */
  async hold<T>(names: Iterable<string>, work: () => Promise<T>): Promise<T> {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const own = new Set(names);
    const before: Promise<void>[] = [];
    for (const name of own) {
      const tail = this.#tails.get(name);
      if (tail) before.push(tail);
      this.#tails.set(name, held);
    }
    try {
      await Promise.all(before);
      return await work();
    } finally {
      for (const name of own) if (this.#tails.get(name) === held) this.#tails.delete(name);
      release();
    }
  }
}
