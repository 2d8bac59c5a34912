import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { standingNames, standingOf } from '../../../bench/standing';
import type { Stages } from '../assembly';

export function describeCost({ production }: Pick<Stages, 'production'>): void {
  test('docs/cost.md has the counts of the production template: npm run bench -- infra writes them', () => {
    const page = readFileSync(join(__dirname, '../../../docs/cost.md'), 'utf8');
    const rows = page.split('\n').map((line) => line.split('|')[1]?.trim());
    const counted = standingNames(standingOf(production.all.map(({ json }) => json.Resources)));
    expect(counted.filter((name) => !rows.includes(name))).toEqual([]);
  });
}
