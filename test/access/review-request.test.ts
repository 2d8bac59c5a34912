import type { ActorItem } from '../../lambda/access/governance';
import { reviewFaults, reviewRequest, reviewsOf, toldReview } from '../../lambda/access/review-request';

const now = new Date('2026-04-10T08:00:00.000Z');
const [reviewer, one, two] = [
  '5b0c1c1e-6d5b-4f6e-8d53-0d9f2f1f7a11',
  '9f3d8a52-3c53-4f2b-9f0b-2a7e1f0c6d22',
  'c1d3a9de-0f8c-4a52-9a2e-5f7f2f6f3e33',
];
const person = (sub: string, version = 1): ActorItem => ({
  sub,
  role: 'clinician',
  status: 'active',
  createdBy: reviewer,
  createdAt: '2025-01-01T00:00:00.000Z',
  version,
});
const asked = (period: string, ...users: readonly string[]) =>
  reviewRequest.parse({ period, outcomes: users.map((user) => ({ user, role: 'kept' })) });
const messages = (request: ReturnType<typeof asked>, known: readonly ActorItem[]) =>
  reviewFaults(request, known, { by: reviewer, now }).map(({ message }) => message);

test('a review is of this quarter or the last one', () => {
  expect(messages(asked('2026-Q2', one), [person(one)])).toEqual([]);
  expect(messages(asked('2026-Q1', one), [person(one)])).toEqual([]);
  expect(messages(asked('2025-Q4', one), [person(one)])).toEqual(['must be this quarter or the last one']);
});

test('everybody in it is known, stands in it once, and is somebody else (164.308(a)(4)(ii)(C))', () => {
  expect(messages(asked('2026-Q2', one, two), [person(one)])).toEqual(['names somebody who is not there']);
  expect(messages(asked('2026-Q2', one, one), [person(one), person(one)])).toEqual(['names somebody twice']);
  expect(messages(asked('2026-Q2', reviewer), [person(reviewer)])).toEqual(['nobody reviews their own access']);
});

test('the log says of each person in which version they were looked at, and what became of each grant', () => {
  const { outcomes } = asked('2026-Q2', one);
  const [review] = reviewsOf(outcomes, [person(one, 7)], { by: reviewer, now });
  expect(review).toMatchObject({ sub: one, version: 7, reviewedBy: reviewer, careTeams: 'kept' });
  expect(review && toldReview(review)).toEqual([
    { id: one, type: 'role-kept', version: 7 },
    { id: one, type: 'care-teams-kept', version: null },
  ]);
});
