import { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import { ConditionalCheckFailedException, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { emit } from '../audit/metrics';
import { cancellations } from '../audit/outbox';
import { ownEvent } from '../audit/own-event';
import { ownOutbox } from '../audit/own-outbox';
import { readEnvironment, type SweepEnvironment, sweepVariables } from '../environment';
import { documents, patience } from '../http/clients';
import { Accounts } from './accounts';
import { changeActor, countHolders } from './actors';
import { allActors } from './actors-store';
import { type ActorItem, governanceKeys } from './governance';
import { reinstated } from './people';
import { codeOf, lastQuarter, unreviewed } from './reviews';
import { ReviewStore } from './reviews-store';

const environment = readEnvironment<SweepEnvironment>(...sweepVariables);
const table = environment.GOVERNANCE_TABLE;
const clock = (): Date => new Date();
const outbox = ownOutbox(documents, environment);
const store = new ReviewStore(documents, table);
const accounts = new Accounts(new CognitoIdentityProviderClient(patience), environment.USER_POOL_ID);

/**
 * What time does to people's access: suspensions that were given an end find it, and a quarter that ended without a review
 * of everybody's access is recorded once a day and alarms until it is made up for. 45 CFR 164.308(a)(4)(ii)(C).
 */
export async function handler(): Promise<void> {
  const now = clock();
  const actors = await allActors(documents, table);
  for (const actor of actors) if (isOver(actor, now)) await endSuspension(actor);
  const period = lastQuarter(now);
  const open = unreviewed(actors, await store.reviews(period), period);
  if (open.length > 0) await recordOverdue(period, open, now);
  emit(environment.STAGE, now, { OverdueAccessReviews: open.length });
}

const isOver = ({ status, suspensionExpiresAt }: ActorItem, now: Date): boolean =>
  status === 'suspended' && suspensionExpiresAt !== undefined && suspensionExpiresAt <= now.toISOString();

/** Cognito first: until the governance table says so too, the person may sign in and do nothing. */
async function endSuspension(actor: ActorItem): Promise<void> {
  await accounts.enable(actor.account ?? actor.sub);
  const after = reinstated(actor);
  try {
    await outbox.recordWith(
      [
        ownEvent('user.reinstate', {
          outcome: 'permit',
          reason: 'expired',
          resources: [{ id: after.sub, type: 'user', version: after.version }],
        }),
      ],
      [changeActor(table, actor, after), ...countHolders(table, actor, after)],
    );
  } catch (error) {
    // Somebody decided otherwise at this moment: theirs counts, and Cognito is asked again with it.
    if (!changed(error)) throw error;
  }
}

async function recordOverdue(period: string, open: readonly ActorItem[], now: Date): Promise<void> {
  const resources = open.slice(0, 100).map(({ sub, version }) => ({ id: sub, type: 'user', version }));
  const today = now.toISOString().slice(0, 10);
  try {
    await outbox.recordWith(
      [ownEvent('access-review.overdue', { outcome: 'error', reason: codeOf(period), resources })],
      [
        {
          Put: {
            TableName: table,
            Item: { ...governanceKeys.overdueReview(period, today), open: open.length },
            ConditionExpression: 'attribute_not_exists(PK)',
          },
        },
      ],
    );
  } catch (error) {
    if (!changed(error)) throw error; // told today already
  }
}

const changed = (error: unknown): boolean =>
  error instanceof ConditionalCheckFailedException ||
  (error instanceof TransactionCanceledException && cancellations(error).includes('ConditionalCheckFailed'));
