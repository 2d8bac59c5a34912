import { run } from '../../../eval/detection/replay';
import { bulkAndProbing, recall, snooping } from '../../../eval/detection/report';
import { score } from '../../../eval/detection/score';
import { settings } from './observations';

// Small: one seed, five weeks. `npm run eval -- detection` measures more, and docs/detection.md has its numbers.
test('of labelled attacks in five synthetic weeks the engine finds bulk theft and probing, and most snooping, with few false alerts', () => {
  const measured = score([run(1, settings, 38)]);
  expect(recall(measured, bulkAndProbing)).toBeGreaterThanOrEqual(0.9);
  expect(recall(measured, snooping)).toBeGreaterThanOrEqual(0.65);
  expect(measured.falsePerThousand).toBeLessThanOrEqual(1.3);
  expect(measured.accesses).toBeGreaterThan(10_000);
}, 300_000);
