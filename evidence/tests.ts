import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import * as z from 'zod';

export interface TestProof {
  readonly file: string;
  readonly titles: readonly { readonly title: string; readonly passed: boolean }[];
}

const report = z.object({
  startTime: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      assertionResults: z.array(z.object({ fullName: z.string(), title: z.string(), status: z.string() })),
    }),
  ),
});

/** What `jest --json` wrote: by file, relative to the root, and when the run began. */
export interface TestRun {
  readonly startedAt: Date;
  readonly files: ReadonlyMap<string, TestProof>;
}

/** @throws Error when the file is no report of Jest */
export function readTestRun(file: string, root: string): TestRun {
  const parsed = report.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (!parsed.success) throw new Error(`${file} is not what jest --json writes`);
  return {
    startedAt: new Date(parsed.data.startTime),
    files: new Map(
      parsed.data.testResults.map(({ name, assertionResults }) => {
        const path = relative(root, name);
        const titles = assertionResults
          .filter(({ status }) => status !== 'pending')
          .map(({ fullName, status }) => ({ title: fullName, passed: status === 'passed' }));
        return [path, { file: path, titles }] as const;
      }),
    ),
  };
}
