import { type Associate, standingOf } from '../../lambda/associates/associate';
import { allAssociates } from '../../lambda/associates/associate-store';
import { type Day, dayOf } from '../../lambda/breach/calendar';
import { allOf, type Check, type Finding, red, unseen } from './finding';
import { output, type Place } from './place';

const subject = 'agreements with business associates';

/** 45 CFR 164.308(b), 164.314(a): whether each business associate has an agreement in force, and for how long. */
export const agreements: Check<Place> = {
  name: 'Agreements',
  rule: '45 CFR 164.308(b), 164.314(a)',
  look: async (place) =>
    judgeAgreements(
      await allAssociates(place.documents, output(place, 'GovernanceTable')),
      place.kind,
      dayOf(place.now),
    ),
};

export function judgeAgreements(associates: readonly Associate[], kind: Place['kind'], today: Day): readonly Finding[] {
  const remedy = 'ward associates renew or end, docs/runbook.md, "Expiring agreements"';
  const current = associates.filter(({ endedAt }) => endedAt === undefined);
  if (current.length === 0)
    return [
      kind === 'production'
        ? red(subject, 'none is recorded, and AWS is one', 'record the addendum with AWS, docs/associates.md')
        : unseen(subject, 'none is recorded'),
    ];
  return allOf(current, {
    subject,
    nameOf: ({ name }) => name,
    well: 'in force for more than 60 days, or not begun',
    faultsOf: (associate) => {
      const { standing, until } = standingOf(associate, today);
      if (standing === 'lapsed') return [[`the agreement ended on ${until}`, remedy]];
      return standing === 'ends-soon' ? [[`the agreement ends on ${until}`, remedy]] : [];
    },
  });
}
