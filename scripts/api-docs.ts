// Writes the generated parts of docs/api.md from the route table and the problem types: npx tsx scripts/api-docs.ts
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ActionPolicy, actions } from '../lambda/access/policy';
import { problems } from '../lambda/http/problem';
import { routes } from '../lambda/http/routes';

const page = join(__dirname, '../docs/api.md');

/** @returns the page with its generated parts as the code has them now */
export function apiPage(text: string = readFileSync(page, 'utf8')): string {
  const rows = routes.map(({ method, path, action, summary }) => {
    const { roles }: ActionPolicy = actions[action];
    return `| \`${method} ${path}\` | ${summary} | ${roles.length === 7 ? 'everyone' : roles.join(', ')} |`;
  });
  const errors = Object.entries(problems).map(([type, [status, title]]) => `| \`${type}\` | ${status} | ${title} |`);
  return fill(fill(text, 'routes', rows), 'problems', errors);
}

function fill(text: string, part: string, rows: readonly string[]): string {
  const pattern = new RegExp(`(<!-- ${part} -->\\n\\|[^\\n]*\\n\\|[^\\n]*\\n)(?:\\|[^\\n]*\\n)*`);
  if (!pattern.test(text)) throw new Error(`docs/api.md has no part ${part}`);
  return text.replace(pattern, (_, head: string) => `${head}${rows.join('\n')}\n`);
}

if (require.main === module) writeFileSync(page, apiPage());
