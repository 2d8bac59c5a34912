import { readControl } from '../../lambda/access/controls-store';
import { isInForce } from '../../lambda/access/decide';
import type { ControlItem } from '../../lambda/access/governance';
import { type Check, type Finding, green, red } from './finding';
import { output, type Place } from './place';

/** 45 CFR 164.308(a)(7)(ii)(C): whether Ward lets people in at all, which nothing else here tells. */
export const lockdown: Check<Place> = {
  name: 'Lockdown',
  rule: '45 CFR 164.308(a)(7)(ii)(C)',
  look: async ({ documents, now, ...place }) => {
    const table = output({ ...place, documents, now }, 'GovernanceTable');
    return [judgeLockdown(await readControl(documents, table, { kind: 'lockdown' }), now)];
  },
};

export function judgeLockdown(item: ControlItem | undefined, now: Date): Finding {
  if (!item || !isInForce(item, now)) return green('lockdown', 'none');
  return item.restore
    ? red(
        'lockdown',
        `since a restore, ${item.at}: ${item.reason === 'restored' ? 'replayed, waits for its release by two people' : 'the replay is not done'}`,
        'docs/contingency.md, the restore',
      )
    : red(
        'lockdown',
        `since ${item.at}, until ${item.expiresAt}`,
        'ward contain lockdown --release, with an approval of two people',
      );
}
