import { duties } from '../../lambda/breach/deadlines';
import { coveredJurisdictions, notCovered, stateLaws, uncoveredJurisdictions } from '../../lambda/breach/state-law';
import { jurisdictionCodes, jurisdictions } from '../../lambda/breach/states';

test('fifty States, the District of Columbia and five territories are each covered or said not to be, never both', () => {
  expect(jurisdictionCodes).toHaveLength(56);
  expect([...coveredJurisdictions, ...uncoveredJurisdictions].sort()).toEqual([...jurisdictionCodes].sort());
  expect(Object.keys(stateLaws).sort()).toEqual([...coveredJurisdictions].sort());
});

test.each(coveredJurisdictions)('%s names its statute, its source and the day on which it was read', (code) => {
  const law = stateLaws[code];
  expect(law?.statute).toMatch(/\d/);
  expect(new URL(law?.source ?? '').hostname).toContain('.');
  expect(law?.readOn).toMatch(/^\d{4}-\d{2}-\d{2}$/);
  expect(Date.parse(law?.readOn ?? '')).toBeLessThanOrEqual(Date.now());
  for (const term of [law?.individuals, ...(law?.authorities.map((authority) => authority.term) ?? [])])
    if (term && term.kind !== 'delay') expect(term.days).toBeGreaterThan(0);
  // 45 CFR 160.203: a State may ask for more, and never allows more time than 164.404(b).
  if (law?.individuals.kind === 'days') expect(law.individuals.days).toBeLessThanOrEqual(60);
});

test.each(uncoveredJurisdictions)('%s has a duty without a day, to ask counsel', (state) => {
  const found = duties({ discovered: '2026-01-15', residents: { [state]: 1 }, holds: [], associate: false });
  expect(found.filter(({ id }) => id.startsWith('state-'))).toEqual([
    {
      id: `state-${state}`,
      duty: `Law of ${jurisdictions[state]}`,
      citation: 'State law',
      held: false,
      note: notCovered,
    },
  ]);
});
