import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { buildSync } from 'esbuild';
import type { SegmentJob, SegmentReport } from '../../lambda/audit/segment-scan';

interface Waiting {
  readonly resolve: (report: SegmentReport) => void;
  readonly reject: (error: unknown) => void;
}
interface Thread {
  readonly worker: Worker;
  readonly waiting: Map<number, Waiting>;
}

/** Checks segments on several cores. */
export class WorkerPool {
  readonly #threads: Thread[];
  #next = 0;

  /** @param threads how many, at least one */
  constructor(threads: number) {
    // A worker does not inherit the loader that reads TypeScript, so it gets one plain file (Node 20).
    const { outputFiles } = buildSync({
      entryPoints: [join(__dirname, 'segment-worker.ts')],
      bundle: true,
      write: false,
      platform: 'node',
      target: 'node20',
      format: 'cjs',
      logLevel: 'silent',
    });
    const code = outputFiles[0]?.text ?? '';
    this.#threads = Array.from({ length: threads }, () => start(code));
  }

  check = (bytes: Buffer, job: SegmentJob): Promise<SegmentReport> => {
    const thread = this.#threads.reduce((idle, other) => (other.waiting.size < idle.waiting.size ? other : idle));
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      thread.waiting.set(id, { resolve, reject });
      const own = new Uint8Array(bytes); // a copy can be handed over; the buffer may be part of a pool
      thread.worker.postMessage({ id, bytes: own, job }, [own.buffer]);
    });
  };

  async close(): Promise<void> {
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }
}

function start(code: string): Thread {
  const worker = new Worker(code, { eval: true, execArgv: [] });
  const waiting = new Map<number, Waiting>();
  worker.on('message', ({ id, report }: { id: number; report: SegmentReport }) => {
    waiting.get(id)?.resolve(report);
    waiting.delete(id);
  });
  worker.on('error', (error) => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  });
  return { worker, waiting };
}
