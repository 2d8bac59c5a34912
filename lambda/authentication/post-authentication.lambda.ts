import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { PostAuthenticationTriggerEvent } from 'aws-lambda';
import * as z from 'zod';
import { governanceKeys } from '../access/governance';
import type { EventDraft } from '../audit/event';
import { ownOutbox } from '../audit/own-outbox';
import { type EvidenceEnvironment, evidenceVariables, readEnvironment } from '../environment';
import { personOfAccount } from './people-of-accounts';

const environment = readEnvironment<EvidenceEnvironment>(...evidenceVariables);

// Cognito waits five seconds for a trigger and asks three times: a store that does not answer is given up sooner.
const documents = DynamoDBDocumentClient.from(
  new DynamoDBClient({
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 500, requestTimeout: 1200, throwOnRequestTimeout: true },
  }),
);
const outbox = ownOutbox(documents, environment);

/**
 * Every sign-in is on record before it yields a token: when the audit log cannot be written, this fails and Cognito refuses
 * the sign-in. Nothing else of it stands in the way: who cannot be read is recorded by their account, and the time of last
 * use is left out when it cannot be kept. 45 CFR 164.308(a)(5)(ii)(C).
 */
export async function handler(event: PostAuthenticationTriggerEvent): Promise<PostAuthenticationTriggerEvent> {
  const account = z.uuid().parse(event.request.userAttributes['sub']);
  const person = await personOfAccount(documents, environment.GOVERNANCE_TABLE, account).catch(() => undefined);
  const sub = person?.sub ?? account;
  const draft: EventDraft = {
    action: 'session.sign-in',
    // The pool asks everybody for a second factor, and this trigger runs after it.
    actor: { mfa: true, role: person?.role ?? null, session: null, sub },
    basis: null,
    categories: [],
    outcome: 'permit',
    patient: null,
    purpose: 'OPERATIONS',
    reason: null,
    request: null,
    resources: [],
  };
  const lastSignIn = { ...governanceKeys.lastSignIn(sub), sub, at: new Date().toISOString() };
  try {
    await outbox.recordWith([draft], [{ Put: { TableName: environment.GOVERNANCE_TABLE, Item: lastSignIn } }]);
  } catch {
    await outbox.record(draft);
  }
  return event;
}
