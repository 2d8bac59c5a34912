import { gunzipSync } from 'node:zlib';
import type { CloudWatchLogsEvent } from 'aws-lambda';
import * as z from 'zod';
import type { EventDraft } from '../audit/event';
import { ownEvent } from '../audit/own-event';
import { ownOutbox } from '../audit/own-outbox';
import { type EvidenceEnvironment, evidenceVariables, readEnvironment } from '../environment';
import { documents } from '../http/clients';
import { personOfAccount } from './people-of-accounts';
import { accountIn, activityEvent, parseActivity } from './user-activity';

const environment = readEnvironment<EvidenceEnvironment>(...evidenceVariables);
const outbox = ownOutbox(documents, environment);

/** What CloudWatch Logs sends to a subscriber. */
const delivery = z.object({
  messageType: z.enum(['DATA_MESSAGE', 'CONTROL_MESSAGE']),
  logEvents: z.array(z.object({ message: z.string() })),
});
/** A delivery is a megabyte at most; nothing unzips to more than this. */
const mostBytes = 64 * 1024 * 1024;

/**
 * What Cognito knows of sign-ins and no trigger sees: failures, challenges, risk and where from. It comes minutes later and
 * at least once: an event's `request.id` is Cognito's own, so the same id twice is one thing told twice.
 * 45 CFR 164.308(a)(5)(ii)(C).
 * @throws when it cannot be recorded: Lambda tries again, and what is given up waits in the dead letters
 */
export async function handler(event: CloudWatchLogsEvent): Promise<void> {
  const unzipped = gunzipSync(Buffer.from(event.awslogs.data, 'base64'), { maxOutputLength: mostBytes });
  const { messageType, logEvents } = delivery.parse(JSON.parse(unzipped.toString('utf8')));
  if (messageType === 'CONTROL_MESSAGE') return;
  const drafts = await Promise.all(logEvents.map(({ message }) => draftOf(message)));
  if (drafts.length > 0) await outbox.record(...drafts);
}

async function draftOf(line: string): Promise<EventDraft> {
  const activity = parseActivity(line);
  if (!activity) return unreadable;
  const account = accountIn(activity);
  const person = account === undefined ? undefined : await knownPerson(account);
  return activityEvent(activity, person ?? null);
}

const knownPerson = (account: string) => personOfAccount(documents, environment.GOVERNANCE_TABLE, account);

/** A line of a form that is not known counts: a change of Cognito's must not silence the log. */
const unreadable = ownEvent('user-pool.other', { outcome: 'error', reason: 'unreadable-line' });
