import fc from 'fast-check';
import { judgeAgreements } from '../../bin/doctor/agreements';
import { type Associate, coveredUntil, ended, needsRenewal, standingOf } from '../../lambda/associates/associate';
import { addDays } from '../../lambda/breach/calendar';

const today = '2026-11-23';
const term = (from: number, until: number | null) => ({
  from: addDays(today, from),
  until: until === null ? null : addDays(today, until),
});
const associate = (...agreements: ReturnType<typeof term>[]): Associate => ({
  id: '01900000-0000-7000-8000-000000000001',
  name: 'Mailing house',
  service: 'mailing',
  agreements: agreements.map((each) => ({
    ...each,
    reference: 'M-1',
    signed: each.from,
    categories: ['demographics'],
    reportWithinDays: 10,
    recordedBy: '01900000-0000-7000-8000-000000000002',
    recordedAt: `${each.from}T00:00:00.000Z`,
  })),
  version: 1,
});

describe('how an associate stands, 45 CFR 164.308(b)', () => {
  test.each([
    ['one without an end', [term(-400, null)], 'in-force', null],
    ['one with 61 days left', [term(-10, 61)], 'in-force', addDays(today, 61)],
    ['one with 60 days left', [term(-10, 60)], 'ends-soon', addDays(today, 60)],
    ['its last day', [term(-10, 0)], 'ends-soon', today],
    ['the day after its last', [term(-10, -1)], 'lapsed', addDays(today, -1)],
    ['one that is followed the next day', [term(-10, 5), term(6, 400)], 'in-force', addDays(today, 400)],
    ['one that is followed a day late', [term(-10, 5), term(7, 400)], 'ends-soon', addDays(today, 5)],
    ['a gap today', [term(-10, -1), term(1, 400)], 'lapsed', addDays(today, -1)],
    ['one that has not begun', [term(1, 400)], 'not-yet', null],
    ['its first day', [term(0, 400)], 'in-force', addDays(today, 400)],
    ['a longer one that another cut into', [term(-10, 100), term(-5, 5)], 'in-force', addDays(today, 100)],
  ])('%s', (_, agreements, standing, until) => {
    expect(standingOf({ agreements }, today)).toEqual({ standing, until });
  });

  test('an end is an end, whatever the agreement says', () => {
    const end = { by: 'x', at: `${today}T10:00:00.000Z`, reason: 'violation', disposition: 'destroyed' } as const;
    const after = ended(associate(term(-10, null)), end);
    expect(standingOf(after, today)).toEqual({ standing: 'ended', until: today });
    expect(needsRenewal(ended(associate(term(-10, -5)), end), today)).toBe(false);
    expect(after.version).toBe(2);
  });

  const terms = fc.array(
    fc
      .tuple(fc.integer({ min: -50, max: 50 }), fc.option(fc.integer({ min: 0, max: 40 })))
      .map(([from, days]) => term(from, days === null ? null : from + days)),
    { minLength: 1, maxLength: 6 },
  );
  const inForce = (agreements: ReturnType<typeof term>[], day: string) =>
    agreements.some(({ from, until }) => from <= day && (until === null || until >= day));

  test('cover is exact: an agreement is in force on each of its days, and on none after it', () => {
    fc.assert(
      fc.property(terms, (agreements) => {
        const until = coveredUntil(agreements, today);
        expect(until !== undefined).toBe(inForce(agreements, today));
        if (until === undefined) return;
        for (let days = 0; days <= 120; days += 1) {
          const day = addDays(today, days);
          if (until === null || day <= until) expect(inForce(agreements, day)).toBe(true);
        }
        if (until !== null) expect(inForce(agreements, addDays(until, 1))).toBe(false);
      }),
    );
  });

  test('the order in which agreements were recorded changes nothing', () => {
    fc.assert(
      fc.property(terms, (agreements) => {
        expect(standingOf({ agreements: [...agreements].reverse() }, today)).toEqual(standingOf({ agreements }, today));
      }),
    );
  });
});

describe('what the doctor says of it', () => {
  const verdicts = (associates: Associate[], kind: 'development' | 'production' = 'production') =>
    judgeAgreements(associates, kind, today).map(({ verdict, says }) => [verdict, says]);

  test('no agreement at all is red in production, where AWS is an associate', () => {
    expect(verdicts([])).toEqual([['red', 'none is recorded, and AWS is one']]);
    expect(verdicts([], 'development')).toEqual([['unseen', 'none is recorded']]);
  });

  test('an agreement that ended or ends soon is red, and its associate is named', () => {
    expect(verdicts([associate(term(-10, null)), associate(term(-10, 30)), associate(term(-10, -3))])).toEqual([
      ['green', '1 of 3: in force for more than 60 days, or not begun'],
      ['red', `the agreement ends on ${addDays(today, 30)}`],
      ['red', `the agreement ended on ${addDays(today, -3)}`],
    ]);
    expect(judgeAgreements([associate(term(-10, 1))], 'production', today)[0]).toMatchObject({
      subject: 'Mailing house',
      remedy: expect.stringContaining('Expiring agreements'),
    });
  });

  test('one that ended needs no agreement', () => {
    const end = { by: 'x', at: `${today}T10:00:00.000Z`, reason: 'completed', disposition: 'returned' } as const;
    const gone = ended(associate(term(-10, -3)), end);
    expect(verdicts([gone, associate(term(-10, null))])).toEqual([
      ['green', '1 of 1: in force for more than 60 days, or not begun'],
    ]);
  });
});
