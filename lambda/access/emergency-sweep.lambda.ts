import { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import { SESv2Client } from '@aws-sdk/client-sesv2';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { emit } from '../audit/metrics';
import { ownEvent } from '../audit/own-event';
import { ownOutbox } from '../audit/own-outbox';
import { mailFrom, readEnvironment, type SweepEnvironment, sweepVariables } from '../environment';
import { documents, patience } from '../http/clients';
import { ComplianceAlerts } from './compliance-alerts';
import { EmergencyStore } from './emergency-store';
import { governanceKeys } from './governance';

const environment = readEnvironment<SweepEnvironment>(...sweepVariables);
const table = environment.GOVERNANCE_TABLE;
const clock = (): Date => new Date();
const outbox = ownOutbox(documents, environment);
const store = new EmergencyStore(documents, table);
const alerts = new ComplianceAlerts({
  documents,
  cognito: new CognitoIdentityProviderClient(patience),
  mail: new SESv2Client(patience),
  table,
  userPoolId: environment.USER_POOL_ID,
  from: mailFrom(),
});

/** Sends the alerts that could not be sent at once, and says which reviews nobody did in time. 45 CFR 164.308(a)(1)(ii)(D). */
export async function handler(): Promise<void> {
  const now = clock();
  const overdue = await store.dueReviews(now.toISOString());
  for (const item of overdue.filter(({ overdueRecordedAt }) => overdueRecordedAt === undefined)) {
    await outbox.record(
      ownEvent('emergency.review-overdue', {
        outcome: 'error',
        reason: 'review-overdue',
        patient: item.patient,
        resources: [{ id: item.id, type: 'emergency-access', version: 1 }],
      }),
    );
    // Cut off before this, the next run says it again: twice in the evidence is better than never.
    await documents.send(
      new UpdateCommand({
        TableName: table,
        Key: governanceKeys.emergency(item.id),
        UpdateExpression: 'SET overdueRecordedAt = :at',
        ConditionExpression: 'attribute_exists(PK)',
        ExpressionAttributeValues: { ':at': now.toISOString() },
      }),
    );
  }
  let unsent = 0;
  for (const alert of await alerts.waiting()) await alerts.send(alert).catch(() => unsent++);
  emit(environment.STAGE, now, { OverdueEmergencyReviews: overdue.length, UnsentAlerts: unsent });
}
