// Writes docs/safeguards.md from the rules of evidence/: npx tsx scripts/safeguards.ts
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Rule } from '../evidence/rule';
import { rules } from '../evidence/rules';

const codes = (paths: readonly string[]): string => paths.map((path) => `\`${path}\``).join(', ');
const pages = (paths: readonly string[] = []): string =>
  paths.map((path) => `, [${path.replace(/^docs\/(.*)\.md$/, '$1')}](${path.replace(/^docs\//, '')})`).join('');
const cell = (text: string): string => text.replaceAll('|', '\\|');

const row = ({ section, title, kind, does, code, pages: described, tests, stays }: Rule): string =>
  `| ${section} ${title} | ${kind} | ${cell(does)} | ${codes(code)}${pages(described)} | ${codes(tests)} | ${cell(stays)} |`;

/** @returns the page, from each rule to the code that keeps it and the tests that show it */
export function page(list: readonly Rule[]): string {
  return `# Safeguards

From each rule to the code that keeps it, the test that shows it and what stays with the organization. "R" required, "A" addressable: Ward
builds both the same; "S" a standard. Nothing here makes anybody compliant by itself.

This page is written from \`evidence/\` (\`npx tsx scripts/safeguards.ts\`), and a test holds it to that. \`npm run evidence\` makes a folder of
the same rules for an auditor, with the resources of the templates, the results of the tests and a bill of materials.

| rule | | what Ward does | code | shown by | stays with the organization |
|---|---|---|---|---|---|
${list.map(row).join('\n')}
`;
}

if (require.main === module) writeFileSync(join(__dirname, '../docs/safeguards.md'), page(rules));
