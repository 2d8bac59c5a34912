import { styleText } from 'node:util';
import { type Entry, isRed, type Verdict } from './finding';

const marks: Readonly<Record<Verdict, string>> = { green: 'green', red: 'RED', unseen: 'unseen' };
const colours = { green: 'green', red: 'red', unseen: 'dim' } as const satisfies Record<Verdict, string>;

/**
 * @param coloured for a terminal
 * @returns lines: a block a check with its rule, a line a finding, under each red one what to do; the count last
 */
export function table(entries: readonly Entry[], coloured: boolean): readonly string[] {
  const width = Math.max(0, ...entries.map(({ subject }) => subject.length));
  const lines: string[] = [];
  let check: string | undefined;
  for (const entry of entries) {
    if (entry.check !== check) {
      if (check !== undefined) lines.push('');
      lines.push(`${entry.check}  (${entry.rule})`);
      check = entry.check;
    }
    const mark = marks[entry.verdict].padEnd(6);
    const shown = coloured ? styleText(colours[entry.verdict], mark) : mark;
    lines.push(`  ${shown}  ${entry.subject.padEnd(width)}  ${entry.says}`);
    if (entry.remedy) lines.push(`          ${' '.repeat(width)}  -> ${entry.remedy}`);
  }
  const count = (verdict: Verdict) => entries.filter((entry) => entry.verdict === verdict).length;
  return [...lines, '', `${count('green')} green, ${count('red')} red, ${count('unseen')} unseen`];
}

/** @returns a document for machines; `ok` is false when anything is red */
export function document(entries: readonly Entry[]): string {
  return JSON.stringify({ ok: !entries.some(isRed), findings: entries }, null, 2);
}
