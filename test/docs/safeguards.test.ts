import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gather } from '../../evidence/evidence';
import { filesOf } from '../../evidence/files';
import { evidencePage } from '../../evidence/page';
import { proofsOf } from '../../evidence/resources';
import { rules } from '../../evidence/rules';
import type { TestRun } from '../../evidence/tests';
import { page } from '../../scripts/safeguards';

const root = join(__dirname, '../..');

/** What the Security Rule asks of software, each once: 45 CFR 164.308 to 164.316. */
const securityRule = [
  '164.308(a)(1)(ii)(D)',
  '164.308(a)(3)(ii)(A)',
  '164.308(a)(3)(ii)(C)',
  '164.308(a)(4)',
  '164.308(a)(5)(ii)(C)',
  '164.308(a)(5)(ii)(D)',
  '164.308(a)(6)(ii)',
  '164.308(a)(7)(ii)(A)',
  '164.308(a)(7)(ii)(C)',
  '164.308(a)(7)(ii)(D)',
  '164.308(b)',
  '164.310(d)(2)(i)',
  '164.312(a)(1)',
  '164.312(a)(2)(i)',
  '164.312(a)(2)(ii)',
  '164.312(a)(2)(iii)',
  '164.312(a)(2)(iv)',
  '164.312(b)',
  '164.312(c)',
  '164.312(d)',
  '164.312(e)',
  '164.314(a)',
  '164.316(b)(2)(i)',
];

describe('docs/safeguards.md', () => {
  test('is written from evidence/: npx tsx scripts/safeguards.ts', () => {
    expect(readFileSync(join(root, 'docs/safeguards.md'), 'utf8')).toBe(page(rules));
  });

  test('has every rule that software can keep - 45 CFR 164.316(b)(1)', () => {
    const named = rules.map(({ section }) => section).join(', ');
    expect(securityRule.filter((section) => !named.includes(section))).toEqual([]);
  });

  test('names files that are there, and for each rule a test', () => {
    const noResources = rules.map((rule) => ({ ...rule, resources: [] }));
    const open = gather(noResources, { root, resources: [] }).filter(({ problems }) => problems.length > 0);
    expect(open.map(({ rule, problems }) => [rule.section, ...problems])).toEqual([]);
  });

  test('says of each rule what stays with the organization', () => {
    expect(rules.filter(({ stays }) => stays === '').map(({ section }) => section)).toEqual([]);
  });
});

describe('evidence', () => {
  const rule = {
    section: '164.312(z)',
    title: 'made <up>',
    kind: 'R',
    does: 'keeps `it`',
    code: ['evidence/{rule,rules}.ts'],
    tests: ['test/docs/safeguards.test.ts'],
    resources: [{ type: 'AWS::KMS::Key', ids: /^Mine/, properties: ['EnableKeyRotation', 'Tags.0.Key'] }],
    stays: 'Something.',
  } as const;
  const resources = ['Mine1', 'Mine2', 'Other'].map((id) => ({
    stack: 'S',
    id,
    type: 'AWS::KMS::Key',
    properties: { EnableKeyRotation: true },
    deletionPolicy: 'Retain',
  }));
  const run = (passed: boolean): TestRun => ({
    startedAt: new Date(0),
    files: new Map([[rule.tests[0], { file: rule.tests[0], titles: [{ title: 'a - 164.312(z)', passed }] }]]),
  });
  const problems = (change: Partial<typeof rule> | object, tests: TestRun = run(true)) =>
    gather([{ ...rule, ...change }], { root, resources, run: tests })[0]?.problems;

  test('resources with the same values are shown once, with their names', () => {
    expect(proofsOf(resources, rule.resources[0])).toEqual([
      {
        type: 'AWS::KMS::Key',
        where: ['S/Mine1', 'S/Mine2'],
        properties: { EnableKeyRotation: true, 'Tags.0.Key': null },
      },
    ]);
  });

  test('a rule is shown when its files, resources and tests are there and passed', () => {
    expect(problems({})).toEqual([]);
  });

  test.each<[what: string, change: object, tests: TestRun, problem: string]>([
    ['code that is gone', { code: ['lambda/no-such-file.ts'] }, run(true), 'no file is lambda/no-such-file.ts'],
    ['a page that is gone', { pages: ['docs/none.md'] }, run(true), 'no page is docs/none.md'],
    [
      'a resource that is gone',
      { resources: [{ type: 'AWS::S3::Bucket', properties: [] }] },
      run(true),
      'no template has an AWS::S3::Bucket',
    ],
    ['no test', { tests: [] }, run(true), 'no test shows it'],
    ['a test that was not run', {}, { startedAt: new Date(0), files: new Map() }, `${rule.tests[0]} was not run`],
    ['a test that failed', {}, run(false), `${rule.tests[0]} failed: a - 164.312(z)`],
  ])('%s leaves a rule without evidence', (_, change, tests, problem) => {
    expect(problems(change, tests)).toContain(problem);
  });

  test('the page says what is not shown, and takes nothing for markup', () => {
    const cover = { madeAt: new Date(0), testedAt: new Date(0), stage: 'prod', revision: 'abc' };
    const html = evidencePage(gather([rule], { root, resources, run: run(false) }), cover);
    expect(html).toContain('0 of 1 rules are shown; not shown: 164.312(z).');
    expect(html).toContain('made &lt;up&gt;');
    expect(html).toContain('FAILED');
    expect(html).not.toMatch(/<script|https?:\/\//);
  });

  test('a pattern names files as a shell would', () => {
    expect(filesOf(root, 'evidence/{rule,rules}.ts')).toEqual(['evidence/rule.ts', 'evidence/rules.ts']);
    expect(filesOf(root, 'evidence/rule*.ts')).toEqual(['evidence/rule.ts', 'evidence/rules.ts']);
    expect(filesOf(root, 'evidence/')).toContain('evidence/page.ts');
    expect(filesOf(root, 'evidence/none.ts')).toEqual([]);
  });
});
