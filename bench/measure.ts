/** Microseconds of processor time for one run: the median of all batches, and where the middle half of them lies. */
export interface Measured {
  readonly median: number;
  readonly lower: number;
  readonly upper: number;
}

export interface Subject {
  readonly name: string;
  /** runs in one batch: enough for some milliseconds */
  readonly runs: number;
  readonly run: () => unknown;
}

/**
 * Measures all subjects in turn, batch by batch, so that whatever else the machine does falls on each of them alike: the
 * ratios hold where the absolute figures do not. Processor time, since by the clock a busy machine measures its queue.
 */
export async function measure(subjects: readonly Subject[], batches: number): Promise<Map<string, Measured>> {
  const times = new Map<string, number[]>(subjects.map(({ name }) => [name, []]));
  for (let batch = -5; batch < batches; batch++) {
    for (const { name, runs, run } of batch % 2 === 0 ? subjects : subjects.toReversed()) {
      globalThis.gc?.();
      const start = process.cpuUsage();
      for (let index = 0; index < runs; index++) {
        const result = run();
        if (result instanceof Promise) await result;
      }
      const { user, system } = process.cpuUsage(start);
      if (batch >= 0) times.get(name)?.push((user + system) / runs); // the first batches warm up
    }
  }
  return new Map([...times].map(([name, all]) => [name, quartiles(all)]));
}

function quartiles(all: readonly number[]): Measured {
  const sorted = [...all].sort((left, right) => left - right);
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
  return { median: at(0.5), lower: at(0.25), upper: at(0.75) };
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map((_, index) => (index === 0 ? '---' : '---:')), ...rows];
  return `${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
}
