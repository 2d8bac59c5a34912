import { filesOf } from './files';
import { type Placed, proofsOf, type ResourceProof } from './resources';
import type { Rule } from './rule';
import type { TestProof, TestRun } from './tests';

/** One rule with what was found for it, and what is missing. */
export interface RuleEvidence {
  readonly rule: Rule;
  readonly resources: readonly ResourceProof[];
  /** the files of the code */
  readonly code: readonly string[];
  readonly tests: readonly TestProof[];
  /** why this rule is not shown; none: it is */
  readonly problems: readonly string[];
}

export interface Sources {
  readonly root: string;
  /** of the synthesized templates */
  readonly resources: readonly Placed[];
  /** absent: what tests showed is not asked for */
  readonly run?: TestRun;
}

/** @returns for each rule what shows that it is kept. 45 CFR 164.316(b)(1). */
export function gather(rules: readonly Rule[], { root, resources, run }: Sources): readonly RuleEvidence[] {
  return rules.map((rule) => {
    const problems: string[] = [];
    const code = rule.code.flatMap((pattern) => {
      const files = filesOf(root, pattern);
      if (files.length === 0) problems.push(`no file is ${pattern}`);
      return files;
    });
    for (const page of rule.pages ?? []) if (filesOf(root, page).length === 0) problems.push(`no page is ${page}`);
    const proofs = rule.resources.flatMap((evidence) => {
      const found = proofsOf(resources, evidence);
      if (found.length === 0)
        problems.push(`no template has an ${evidence.type}${evidence.ids ? ` ${evidence.ids.source}` : ''}`);
      return found;
    });
    const files = rule.tests.flatMap((pattern) => {
      const found = filesOf(root, pattern).filter((file) => file.endsWith('.test.ts'));
      if (found.length === 0) problems.push(`no test is ${pattern}`);
      return found;
    });
    if (files.length === 0) problems.push('no test shows it');
    const tests = run ? [...new Set(files)].map((file) => testsOf(file, run, problems)) : [];
    return { rule, resources: proofs, code: [...new Set(code)], tests, problems };
  });
}

function testsOf(file: string, run: TestRun, problems: string[]): TestProof {
  const found = run.files.get(file) ?? { file, titles: [] };
  if (found.titles.length === 0) problems.push(`${file} was not run`);
  for (const { title, passed } of found.titles) if (!passed) problems.push(`${file} failed: ${title}`);
  return found;
}
