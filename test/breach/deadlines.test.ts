import * as fc from 'fast-check';
import { BreachError } from '../../lambda/breach/breach-error';
import { addBusinessDays, addDays, daysBetween, demandDay, longDay } from '../../lambda/breach/calendar';
import { demandDiscovery, demandHold } from '../../lambda/breach/days';
import { annualDue, type BreachFacts, duties, remindersOn } from '../../lambda/breach/deadlines';
import { coveredJurisdictions, stateLaws, uncoveredJurisdictions } from '../../lambda/breach/state-law';
import { jurisdictionCodes, jurisdictionOf } from '../../lambda/breach/states';

const facts = (more: Partial<BreachFacts> = {}): BreachFacts => ({
  discovered: '2026-01-15',
  residents: { OH: 3 },
  holds: [],
  associate: false,
  ...more,
});
const dueOf = (given: BreachFacts) => Object.fromEntries(duties(given).map(({ id, due }) => [id, due]));

describe('federal deadlines', () => {
  test('individuals are told within 60 calendar days of discovery, which is day 0 - 45 CFR 164.404(b)', () => {
    expect(dueOf(facts())['individual']).toBe('2026-03-16');
  });

  test('fewer than 500 individuals: HHS 60 days after the year of discovery, leap years included - 45 CFR 164.408(c)', () => {
    expect(dueOf(facts())['hhs']).toBe('2027-03-01');
    expect(annualDue('2027-06-30')).toBe('2028-02-29');
    expect(dueOf(facts({ residents: { OH: 499 } }))['hhs']).toBe('2027-03-01');
  });

  test('at 500 individuals HHS is told with them - 45 CFR 164.408(b)', () => {
    expect(dueOf(facts({ residents: { OH: 250, TX: 250 } }))['hhs']).toBe('2026-03-16');
  });

  test('media are told for MORE than 500 residents of one State, not for 500 and not for 501 of two - 45 CFR 164.406', () => {
    expect(dueOf(facts({ residents: { OH: 500 } }))).not.toHaveProperty('media-OH');
    expect(dueOf(facts({ residents: { OH: 251, TX: 250 } }))).not.toHaveProperty('media-OH');
    expect(dueOf(facts({ residents: { OH: 501 } }))['media-OH']).toBe('2026-03-16');
    expect(dueOf(facts({ residents: { PR: 501 } }))['media-PR']).toBe('2026-03-16');
  });

  test('an associate owes the report to its covered entities and nothing else - 45 CFR 164.410', () => {
    expect(dueOf(facts({ associate: true }))).toEqual({ 'covered-entity': '2026-03-16' });
  });

  test('no weekend and no holiday moves a federal day', () => {
    expect(dueOf(facts({ discovered: '2026-01-06' }))['individual']).toBe('2026-03-07'); // a Saturday
  });
});

describe('law-enforcement holds', () => {
  test('a hold over the due day moves it to the day after - 45 CFR 164.412(a)', () => {
    const hold = { kind: 'written', from: '2026-03-01', until: '2026-04-30' } as const;
    expect(duties(facts({ holds: [hold] }))[0]).toMatchObject({ due: '2026-05-01', held: true });
  });

  test('a hold that ends before the due day moves nothing', () => {
    const hold = { kind: 'oral', from: '2026-01-20', until: '2026-02-19' } as const;
    expect(duties(facts({ holds: [hold] }))[0]).toMatchObject({ due: '2026-03-16', held: false });
  });

  test('a written hold that follows an oral one counts on', () => {
    const oral = { kind: 'oral', from: '2026-03-01', until: '2026-03-31' } as const;
    const written = { kind: 'written', from: '2026-03-20', until: '2026-05-31' } as const;
    expect(duties(facts({ holds: [written, oral] }))[0]?.due).toBe('2026-06-01');
  });

  test('an oral statement delays 30 days and no longer - 45 CFR 164.412(b)', () => {
    expect(demandHold({ kind: 'oral', from: '2026-03-01', until: '2026-03-31' })).toBeDefined();
    expect(() => demandHold({ kind: 'oral', from: '2026-03-01', until: '2026-04-01' })).toThrow(BreachError);
    expect(() => demandHold({ kind: 'written', from: '2026-03-01', until: '2026-02-01' })).toThrow(BreachError);
  });
});

describe('State law', () => {
  test('every jurisdiction is either covered with source and date, or said to be for counsel', () => {
    expect([...coveredJurisdictions, ...uncoveredJurisdictions].sort()).toEqual([...jurisdictionCodes].sort());
    for (const code of coveredJurisdictions)
      expect(stateLaws[code]).toMatchObject({
        source: expect.stringMatching(/^https?:\/\//),
        readOn: expect.stringMatching(/^\d{4}-\d{2}-\d{2}$/),
        statute: expect.any(String),
      });
    for (const code of uncoveredJurisdictions)
      expect(duties(facts({ residents: { [code]: 1 } })).find(({ id }) => id === `state-${code}`)).toMatchObject({
        note: 'not covered, ask counsel',
      });
  });

  test('thresholds of authorities are met at their number and not one below', () => {
    expect(dueOf(facts({ residents: { TX: 249 } }))).not.toHaveProperty('authority-TX-1');
    expect(dueOf(facts({ residents: { TX: 250 } }))['authority-TX-1']).toBe('2026-02-14');
    expect(dueOf(facts({ residents: { WA: 500 } }))).not.toHaveProperty('authority-WA-1');
    expect(dueOf(facts({ residents: { FL: 1 } }))['state-FL']).toBe('2026-02-14');
  });

  test('a term that counts from the notice to individuals has no day before there was one', () => {
    const residents = { CA: 501 };
    expect(dueOf(facts({ residents }))['authority-CA-1']).toBeUndefined();
    expect(dueOf(facts({ residents, individualsNotified: '2026-02-01' }))['authority-CA-1']).toBe('2026-02-16');
    expect(dueOf(facts({ residents }))['authority-CA-2']).toBe(addBusinessDays('2026-01-15', 15));
  });

  test('a State is known by code and by name, whatever the case', () => {
    expect(jurisdictionOf(' massachusetts ')).toBe('MA');
    expect(jurisdictionOf('dc')).toBe('DC');
    expect(jurisdictionOf('Ontario')).toBeUndefined();
  });

  test('individuals whose State is not on file count for HHS and are asked about', () => {
    const found = duties(facts({ residents: { unknown: 500 } }));
    expect(found.map(({ id }) => id)).toEqual(['individual', 'hhs', 'state-unknown']);
    expect(found[1]?.due).toBe('2026-03-16');
  });
});

describe('input that cannot be', () => {
  test.each([
    ['a day that does not exist', () => demandDay('2026-02-30', 'x'), 'date-format'],
    ['a negative count', () => duties(facts({ residents: { OH: -1 } })), 'count'],
    ['half a person', () => duties(facts({ residents: { OH: 0.5 } })), 'count'],
    ['an unknown State', () => duties(facts({ residents: JSON.parse('{"ZZ":1}') })), 'state-unknown'],
    [
      'a discovery in the future',
      () => demandDiscovery({ discovered: '2026-01-16' }, new Date('2026-01-15T12:00:00Z')),
      'date-in-future',
    ],
    [
      'a discovery before the breach',
      () => demandDiscovery({ discovered: '2026-01-14', began: '2026-01-15' }, new Date('2026-01-20T12:00:00Z')),
      'date-before-breach',
    ],
  ])('%s is refused by name', (_, act, code) => {
    expect(act).toThrow(expect.objectContaining({ code }));
  });
});

describe('reminders', () => {
  const all = duties(facts({ residents: { AL: 1 } }));
  const on = (today: string, done: string[] = []) => remindersOn(today, all, new Set(done)).map(({ key }) => key);

  test('go out at 30, 14, 7, 3 and 1 days, and on every day after', () => {
    expect(on('2026-02-13')).toEqual([]);
    expect(on('2026-02-14')).toEqual(['individual@2026-03-16-30']);
    expect(on('2026-03-02')).toEqual(['individual@2026-03-16-14']);
    expect(on('2026-03-16')).toEqual(['individual@2026-03-16-1']);
    expect(on('2026-03-17')).toEqual(['individual@2026-03-16!2026-03-17']);
    expect(on('2026-03-18')).toEqual(['individual@2026-03-16!2026-03-18']);
  });

  test('stop when the duty is met', () => {
    expect(on('2026-03-18', ['individual'])).toEqual([]);
  });

  test('are one of a kind: whatever day a sweep runs, a key never comes back with another meaning', () => {
    fc.assert(
      fc.property(fc.integer({ min: -40, max: 400 }), fc.integer({ min: 0, max: 40 }), (start, length) => {
        const keys = new Map<string, number>();
        for (let day = start; day < start + length; day++)
          for (const { key, daysLeft } of remindersOn(addDays('2026-03-16', -day), all, new Set())) {
            const step = /-(\d+)$/.exec(key.replace(/@\d{4}-\d{2}-\d{2}/, ''))?.[1];
            if (step) expect(daysLeft).toBeLessThanOrEqual(Number(step));
            keys.set(key, daysLeft);
          }
      }),
    );
  });
});

test('adding days and counting them agree over leap years', () => {
  fc.assert(
    fc.property(fc.integer({ min: -2000, max: 2000 }), (days) => {
      expect(daysBetween('2027-12-31', addDays('2027-12-31', days))).toBe(days);
    }),
  );
});

test('a letter writes a day in words', () => expect(longDay('2026-01-05')).toBe('January 5, 2026'));
