import { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import { SESv2Client } from '@aws-sdk/client-sesv2';
import { SNSClient } from '@aws-sdk/client-sns';
import { Accounts } from '../access/accounts';
import { ComplianceAlerts } from '../access/compliance-alerts';
import { ownOutbox } from '../audit/own-outbox';
import { type DetectionEnvironment, mailFrom } from '../environment';
import { documents, patience } from '../http/clients';
import { AlertDeliveries } from './alert-delivery';
import { AlertStore } from './alert-store';
import { readDetectionSettings } from './detect/settings';
import { DetectionDesk } from './detection-desk';
import { DetectionFacts } from './detection-facts';
import { DetectionStates } from './detection-states';

/** What the detector and its sweep are made of, once an instance. @throws when a setting is wrong */
export function detectionParts(environment: DetectionEnvironment) {
  const table = environment.GOVERNANCE_TABLE;
  const clock = (): Date => new Date();
  const outbox = ownOutbox(documents, environment);
  const cognito = new CognitoIdentityProviderClient(patience);
  const mail = new SESv2Client(patience);
  const userPoolId = environment.USER_POOL_ID;
  const officers = new ComplianceAlerts({ documents, cognito, mail, table, userPoolId, from: mailFrom() });
  const alerts = new AlertStore(documents, table);
  const settings = readDetectionSettings(environment.DETECTION_SETTINGS);
  return {
    settings,
    clock,
    outbox,
    alerts,
    facts: new DetectionFacts(documents, table, environment.RECORDS_TABLE),
    states: new DetectionStates(documents, table),
    desk: new DetectionDesk({ documents, table, outbox, alerts, settings, clock }),
    deliveries: new AlertDeliveries({
      documents,
      table,
      mail,
      topic: new SNSClient(patience),
      topicArn: environment.ALERT_TOPIC,
      accounts: new Accounts(cognito, userPoolId),
      from: mailFrom(),
      officers: () => officers.officers(),
    }),
  };
}
