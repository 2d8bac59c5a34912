import type { RuleEvidence } from './evidence';
import type { ResourceProof } from './resources';
import type { TestProof } from './tests';

export interface Cover {
  readonly madeAt: Date;
  /** of the run whose results are shown */
  readonly testedAt: Date;
  readonly stage: string;
  /** of the repository: its commit, or what stands in for it */
  readonly revision: string;
}

const kinds = { R: 'required', A: 'addressable', S: 'standard', '': '' } as const;
/** more than these of one test file are counted, those that name the section first */
const mostTitles = 12;

const plain = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
const code = (text: string): string => `<code>${plain(text)}</code>`;
const items = (lines: readonly string[]): string => `<ul>${lines.map((line) => `<li>${line}</li>`).join('')}</ul>`;
/** of a text that marks code with backticks */
const prose = (text: string): string => plain(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>');
const anchor = (section: string): string => section.replaceAll(/[^\w]+/g, '-').replaceAll(/^-|-$/g, '');

/** One page that reads well on paper, without scripts and without anything from elsewhere. */
export function evidencePage(evidence: readonly RuleEvidence[], cover: Cover): string {
  const open = evidence.filter(({ problems }) => problems.length > 0);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Ward: evidence for 45 CFR part 164</title>
<style>${style}</style>
<header>
<h1>Evidence for 45 CFR part 164</h1>
<p>Ward, stage <b>${plain(cover.stage)}</b>, revision ${code(cover.revision)}. Made ${cover.madeAt.toISOString()}, with the results of the tests
that began ${cover.testedAt.toISOString()}.</p>
<p>For each rule: what the software does, the resources of the templates with the properties that matter, the code, the tests that show it
and how they ended, and what stays with the organization. This folder does not make anybody compliant by itself: what stays is as much
a part of the rule as what is shown.</p>
<p class="${open.length > 0 ? 'open' : 'shown'}">${evidence.length - open.length} of ${evidence.length} rules are shown${
    open.length > 0 ? `; not shown: ${open.map(({ rule }) => plain(rule.section)).join('; ')}` : ''
  }.</p>
</header>
<nav><table><thead><tr><th>45 CFR<th>rule<th>kind<th>tests<th>shown</thead><tbody>
${evidence.map(contentsRow).join('\n')}
</tbody></table></nav>
${evidence.map(section).join('\n')}
</html>
`;
}

const counts = (tests: readonly TestProof[]): { readonly passed: number; readonly all: number } => {
  const titles = tests.flatMap((test) => test.titles);
  return { passed: titles.filter(({ passed }) => passed).length, all: titles.length };
};

function contentsRow({ rule, tests, problems }: RuleEvidence): string {
  const { passed, all } = counts(tests);
  const kept = problems.length === 0;
  return `<tr><td><a href="#${anchor(rule.section)}">${plain(rule.section)}</a><td>${plain(rule.title)}<td>${kinds[rule.kind]}<td>${passed} of ${all} passed<td class="${kept ? 'shown' : 'open'}">${kept ? 'yes' : 'no'}`;
}

function section({ rule, resources, code: files, tests, problems }: RuleEvidence): string {
  return `<section id="${anchor(rule.section)}">
<h2>${plain(rule.section)} <small>${plain(rule.title)}${rule.kind ? `, ${kinds[rule.kind]}` : ''}</small></h2>
<p>${prose(rule.does[0]?.toUpperCase() + rule.does.slice(1))}.</p>
${problems.length > 0 ? `<div class="open"><b>Not shown:</b>${items(problems.map(plain))}</div>` : ''}
${resources.length > 0 ? `<h3>In the templates</h3>${resources.map(resourceTable).join('')}` : ''}
<h3>Code</h3>${items([...(rule.pages ?? []), ...(files.length > mostTitles ? rule.code : files)].map(code))}
<h3>Tests</h3>${tests.map((test) => testList(test, rule.section)).join('')}
<h3>What stays with the organization</h3><p>${prose(rule.stays)}</p>
</section>`;
}

function resourceTable({ type, where, properties }: ResourceProof): string {
  const rows = Object.entries(properties).map(
    ([name, value]) => `<tr><th>${plain(name)}<td>${value === null ? 'not set' : code(JSON.stringify(value))}`,
  );
  const named = where.length > 3 ? `${where.slice(0, 2).join(', ')} and ${where.length - 2} more` : where.join(', ');
  return `<table class="resource"><caption>${plain(type)}: ${plain(named)}</caption><tbody>${rows.join('')}</tbody></table>`;
}

function testList({ file, titles }: TestProof, section: string): string {
  const { passed, all } = counts([{ file, titles }]);
  const names = section.split(/, ?/).map((part) => part.trim());
  const rank = ({ title, passed: good }: TestProof['titles'][number]): number =>
    good ? (names.some((name) => title.includes(name)) ? 1 : 2) : 0;
  const shown = [...titles].sort((a, b) => rank(a) - rank(b)).slice(0, mostTitles);
  const more = titles.length - shown.length;
  return `<p>${code(file)}: ${passed} of ${all} passed</p>${items([
    ...shown.map(
      ({ title, passed: good }) =>
        `<span class="${good ? 'shown' : 'open'}">${good ? 'passed' : 'FAILED'}</span> ${plain(title)}`,
    ),
    ...(more > 0 ? [`and ${more} more`] : []),
  ])}`;
}

const style = `
body{font:15px/1.5 Georgia,serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}
h1,h2,h3,table,small{font-family:system-ui,sans-serif}h1{font-size:1.6rem}h2{font-size:1.15rem;border-top:2px solid #1a1a1a;padding-top:.6rem;margin-top:2.2rem}
h2 small{font-weight:400;color:#555}h3{font-size:.95rem;margin:1.1rem 0 .3rem}table{border-collapse:collapse;width:100%;font-size:.85rem;margin:.4rem 0}
th,td{border:1px solid #bbb;padding:.25rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}.resource th{width:40%;font-weight:500}
caption{text-align:left;font-weight:600;padding:.2rem 0;overflow-wrap:anywhere}code{font:.88em/1.4 ui-monospace,monospace;overflow-wrap:anywhere}ul{margin:.2rem 0 .6rem;padding-left:1.2rem}
.shown{color:#0b5d2a}.open{color:#9b1c1c;font-weight:600}@media print{body{margin:0;max-width:none;font-size:10.5pt}a{color:inherit;text-decoration:none}section{break-before:page}}`;
