import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rules } from '../../lambda/breach/detect/rules';
import { parseDetectionSettings } from '../../lambda/breach/detect/settings';

const page = readFileSync(join(__dirname, '../../docs/detection.md'), 'utf8');

test('docs/detection.md has a row for each rule, with its severity and whether it may contain', () => {
  const rows = page.split('\n').filter((line) => /^\| `[a-z-]+` \| (low|medium|high|critical) \|/.test(line));
  const listed = rows.map((row) =>
    row
      .split('|')
      .map((cell) => cell.trim().replaceAll('`', ''))
      .slice(1, 4),
  );
  expect(listed.sort()).toEqual(
    rules.map(({ id, severity, mayContain }) => [id, severity, mayContain ? 'may contain' : '']).sort(),
  );
});

test('docs/detection.md names each setting', () => {
  for (const name of Object.keys(parseDetectionSettings())) expect(page).toContain(`\`${name}`);
});
