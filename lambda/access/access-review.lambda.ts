import * as z from 'zod';
import { Released } from '../audit/release';
import { type ApiEnvironment, apiVariables, readEnvironment } from '../environment';
import { type Answer, check, type Exchange } from '../http/chain';
import { documents } from '../http/clients';
import { Runtime } from '../http/runtime';
import { daysSince } from '../instant';
import { Writes } from '../records/transaction';
import { actorStands } from './actors';
import { allActors, readActor } from './actors-store';
import { shownPerson } from './people';
import { reviewFaults, reviewRequest, reviewsOf, shownMembership, shownReview, toldReview } from './review-request';
import { codeOf, quarterOf, recordReview, unreviewed } from './reviews';
import { ReviewStore } from './reviews-store';

const environment = readEnvironment<ApiEnvironment>(...apiVariables);
const runtime = new Runtime(environment);
const table = environment.GOVERNANCE_TABLE;
const store = new ReviewStore(documents, table);

/** Every role that is granted: how old, by whom, when it was used last, and whether this quarter's review has seen it. */
async function list(exchange: Exchange): Promise<Answer> {
  const permit = await runtime.guard.permit(exchange.access);
  const now = exchange.access.now;
  const period = quarterOf(now);
  const [actors, signIns, reviews] = await Promise.all([
    allActors(documents, table),
    store.lastSignIns(),
    store.reviews(period),
  ]);
  const open = new Set(unreviewed(actors, reviews, period).map(({ sub }) => sub));
  const bySub = new Map(reviews.map((each) => [each.sub, each]));
  const people = actors.map((actor) => ({
    ...shownPerson(actor),
    age_days: daysSince(actor.roleGrantedAt ?? actor.createdAt, now),
    last_sign_in_at: signIns.get(actor.sub),
    review: shownReview(bySub.get(actor.sub)),
    open: open.has(actor.sub),
  }));
  const resources = actors.map(({ sub, version }) => ({ id: sub, type: 'user', version }));
  const receipt = await runtime.outbox.record(...permit.events({ status: 200, resources }));
  return { status: 200, body: Released.facts({ period, open: open.size, people }, receipt) };
}

/** One person's grants: the role, and each place on a care team. */
async function read(exchange: Exchange): Promise<Answer> {
  const { userId } = check(z.object({ userId: z.uuid() }), exchange.parameters);
  const [permit, actor] = await Promise.all([
    runtime.guard.permit(exchange.access),
    readActor(documents, table, userId),
  ]);
  if (!actor) return runtime.refuse(permit, 'not-found');
  const now = exchange.access.now;
  const memberships = await store.memberships(userId);
  const resources = [
    { id: actor.sub, type: 'user', version: actor.version },
    ...memberships.map(({ patient, version }) => ({ id: patient, type: 'care-team-of-patient', version })),
  ];
  const receipt = await runtime.outbox.record(...permit.events({ status: 200, resources }));
  const careTeams = memberships.map((member) => shownMembership(member, now));
  return { status: 200, body: Released.facts({ ...shownPerson(actor), care_teams: careTeams }, receipt) };
}

/** 45 CFR 164.308(a)(4)(ii)(C): somebody else looks at each grant once a quarter, and says what becomes of it. */
async function record(exchange: Exchange): Promise<Answer> {
  const permit = await runtime.guard.permit(exchange.access);
  const { period, outcomes } = exchange.body(reviewRequest);
  const now = exchange.access.now;
  const found = await Promise.all(outcomes.map(({ user }) => readActor(documents, table, user)));
  const known = found.filter((actor) => actor !== undefined);
  const errors = reviewFaults({ period, outcomes }, known, { by: permit.actor.sub, now });
  if (errors.length > 0) return runtime.refuse(permit, 'not-allowed', { errors });
  const reviews = reviewsOf(outcomes, known, { by: permit.actor.sub, now });
  const writes = new Writes<'review' | 'reviewer'>()
    .add('review', ...reviews.map((each) => recordReview(table, period, each)))
    .add('reviewer', actorStands(table, permit.actor));
  const event = permit.event({ status: 201, reason: codeOf(period), resources: reviews.flatMap(toldReview) });
  const receipt = await runtime.store(permit, event, writes, () => 'conflict');
  const [actors, all] = await Promise.all([allActors(documents, table), store.reviews(period)]);
  const open = unreviewed(actors, all, period).length;
  return { status: 201, body: Released.facts({ period, recorded: reviews.length, open }, receipt) };
}

export const handler = runtime.serve({
  'access-review.list': list,
  'access-review.read': read,
  'access-review.record': record,
});
