import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { accessPage, openApi } from '../../scripts/access-docs';

const read = (name: string): string => readFileSync(join(__dirname, '../../docs', name), 'utf8');

// npx tsx scripts/access-docs.ts writes both
test('docs/access.md says of every role, route and condition what the policy says, 45 CFR 164.308(a)(4)', () => {
  expect(read('access.md')).toBe(accessPage());
});

test('docs/openapi.json has every route as the route table and the policy have it', () => {
  expect(read('openapi.json')).toBe(openApi());
});
