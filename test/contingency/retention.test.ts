import fc from 'fast-check';
import { keptBy, retentionRules } from '../../lambda/contingency/retention';
import { type Category, categories } from '../../lambda/records/model';

const settings = { years: 10, ageOfMajority: 18 };
const last = (entries: Partial<Record<Category, string>>) =>
  new Map(Object.entries(entries).map(([name, day]) => [name as Category, `${day}T12:00:00.000Z`]));
const on = (day: string) => new Date(`${day}T00:00:00.000Z`);

describe('retention rules. 45 CFR 164.310(d)(2)(i)', () => {
  it('speak of every category, once beside the rule for minors', () => {
    const named = (['clinical', 'financial', 'identity'] as const).flatMap((name) => retentionRules[name].categories);
    expect([...named].sort()).toEqual([...categories].sort());
    for (const { source } of Object.values(retentionRules)) expect(source.length).toBeGreaterThan(10);
  });

  it.each([
    ['an adult, by the last clinical entry', { notes: '2020-06-15', diagnoses: '2012-01-01' }, 1990, 'clinical', 2031],
    ['an adult, by the last bill', { notes: '2012-01-01', payment_history: '2021-02-02' }, 1990, 'financial', 2032],
    ['a minor, from majority on', { notes: '2020-06-15' }, 2030, 'minor', 2041],
    ['a minor who came of age that very year', { notes: '2020-06-15' }, 2020, 'clinical', 2031],
    ['an unknown age, as a newborn', { notes: '2020-06-15' }, undefined, 'minor', 2049],
    ['nothing but a name', { demographics: '2020-06-15' }, 1990, 'identity', 2031],
  ] as const)('keep %s', (_, entries, majorityYear, rule, year) => {
    const facts = { lastEntries: last(entries), ...(majorityYear === undefined ? {} : { majorityYear }) };
    expect(keptBy(facts, settings, 'retention-ended', on(`${year - 1}-12-31`))).toEqual({
      rule,
      notBefore: `${year}-01-01`,
    });
    expect(keptBy(facts, settings, 'retention-ended', on(`${year}-01-01`))).toBeUndefined();
  });

  it('let a registration in error go as long as it is nothing but a name, and what a court orders at once', () => {
    const bare = { lastEntries: last({ demographics: '2026-01-01', ssn: '2026-01-01' }) };
    const treated = { lastEntries: last({ demographics: '2026-01-01', notes: '2026-01-01' }) };
    const now = on('2026-01-02');
    for (const reason of ['registered-in-error', 'duplicate-record'] as const) {
      expect(keptBy(bare, settings, reason, now)).toBeUndefined();
      expect(keptBy(treated, settings, reason, now)).toMatchObject({ rule: 'minor' });
    }
    expect(keptBy(treated, settings, 'court-order', now)).toBeUndefined();
    expect(keptBy(bare, settings, 'retention-ended', now)).toMatchObject({ rule: 'identity' });
  });

  it('tell no date of birth: whoever is born in the same year has the same first day', () => {
    const property = fc.property(
      fc.integer({ min: 2000, max: 2060 }),
      fc.date({ min: on('2000-01-01'), max: on('2060-01-01'), noInvalidDate: true }),
      (majorityYear, at) => {
        const entries = last({ notes: at.toISOString().slice(0, 10) });
        const kept = keptBy({ lastEntries: entries, majorityYear }, settings, 'retention-ended', at);
        expect(kept?.notBefore).toMatch(/^\d{4}-01-01$/);
        // Never earlier than the years that it promises.
        expect(Number(kept?.notBefore.slice(0, 4))).toBeGreaterThan(at.getUTCFullYear() + settings.years);
      },
    );
    fc.assert(property);
  });
});
