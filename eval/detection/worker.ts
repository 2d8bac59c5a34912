import { parseDetectionSettings } from '../../lambda/breach/detect/settings';
import { run } from './replay';

/* One seed in a process of its own, since seeds have nothing to do with each other. */
process.once('message', ([seed, days]: [seed: number, days: number]) => {
  const made = run(seed, parseDetectionSettings({ timeZone: 'UTC' }), days);
  process.send?.(made, () => process.disconnect());
});
