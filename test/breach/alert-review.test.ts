import { raised } from '../../lambda/breach/alert';
import { dismissed, incidentFrom, madeIncident } from '../../lambda/breach/alert-review';
import { open } from '../../lambda/breach/incident';

const actor = '5b0c1c1e-6d5b-4f6e-8d53-0d9f2f1f7a11';
const incident = '0197f2c0-0000-7000-8000-000000000001';
const author = { by: '9f3d8a52-3c53-4f2b-9f0b-2a7e1f0c6d22', at: new Date('2026-03-20T09:00:00.000Z') };
const alert = raised(
  {
    rule: 'vip',
    severity: 'high',
    subject: actor,
    actor,
    patients: ['c1d3a9de-0f8c-4a52-9a2e-5f7f2f6f3e33'],
    at: '2026-03-08T23:30:00.000Z',
    window: '2026-03-08',
    evidence: ['0197f2c0-0000-7000-8000-000000000002'],
    signals: [],
    measure: 1,
    reason: 'a record that is watched',
    mayContain: false,
  },
  7,
  new Date('2026-03-10T08:00:00.000Z'),
);
const chosen = { type: 'unauthorized-access-disclosure', locations: ['electronic-medical-record'] } as const;

test('day 0 is the day on which the alert was raised, not the one on which it was read (164.404(a)(2))', () => {
  const opened = open(
    { id: incident, ...incidentFrom(alert, { ...chosen, locations: [...chosen.locations] }) },
    author,
  );
  expect(opened).toMatchObject({ discovered: '2026-03-10', discoveryBasis: 'alert', began: '2026-03-08' });
  expect(opened).toMatchObject({ openedAt: '2026-03-20T09:00:00.000Z', subjects: [actor], alert: alert.id });
});

test('an incident from an alert that names no account names nobody', () => {
  const { subjects } = incidentFrom({ ...alert, actor: null }, { ...chosen, locations: [...chosen.locations] });
  expect(subjects).toEqual([]);
});

test('a review says who looked and when, and what came of it, one version on', () => {
  const reviewed = { reviewedBy: author.by, reviewedAt: '2026-03-20T09:00:00.000Z', version: 2 };
  expect(dismissed(alert, 'work-related', author)).toMatchObject({
    ...reviewed,
    state: 'dismissed',
    dismissal: 'work-related',
  });
  expect(madeIncident(alert, incident, author)).toMatchObject({ ...reviewed, state: 'incident', incident });
});
