import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { apiPage } from '../../scripts/api-docs';

test('docs/api.md lists every route, who may call it and every problem type as the code has them', () => {
  const page = readFileSync(join(__dirname, '../../docs/api.md'), 'utf8');
  expect(apiPage(page)).toBe(page); // npx tsx scripts/api-docs.ts writes it
});
