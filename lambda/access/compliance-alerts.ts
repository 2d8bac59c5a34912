import type { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import type { SESv2Client } from '@aws-sdk/client-sesv2';
import { DeleteCommand, type DynamoDBDocumentClient, GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { Accounts } from './accounts';
import { readActor } from './actors-store';
import { governanceKeys } from './governance';
import { mailOfficers } from './officer-mail';

/** A mail that has to be sent. `PK` `ALERTS`; it goes when it was sent. */
const alertItem = z.object({ id: z.uuid(), kind: z.literal('emergency-access'), at: z.string() });
export type Alert = z.infer<typeof alertItem>;

export interface ComplianceAlertsOptions {
  readonly documents: DynamoDBDocumentClient;
  readonly cognito: CognitoIdentityProviderClient;
  readonly mail: SESv2Client;
  readonly table: string;
  readonly userPoolId: string;
  /** verified sender; absent: this deployment can send no mail */
  readonly from: string | undefined;
}

/**
 * Mails the compliance officers at once when somebody breaks the glass. 45 CFR 164.312(a)(2)(ii), 164.308(a)(1)(ii)(D). A
 * mail leaves Ward's protection, so it names the access alone: neither patient nor clinician nor reason.
 */
export class ComplianceAlerts {
  constructor(private readonly options: ComplianceAlertsOptions) {}

  /** @returns alerts that are not sent, oldest first */
  async waiting(): Promise<Alert[]> {
    const { Items } = await this.options.documents.send(
      new QueryCommand({
        TableName: this.options.table,
        KeyConditionExpression: 'PK = :pk',
        ExpressionAttributeValues: { ':pk': governanceKeys.alert('').PK },
        ConsistentRead: true,
        Limit: 100,
      }),
    );
    return (Items ?? []).map((item) => alertItem.parse(item));
  }

  /** Sends an alert and forgets it; cut off in between it is sent again. @throws whatever kept it from being sent */
  async send({ id, at }: Alert): Promise<void> {
    const { documents, mail, table, from } = this.options;
    await mailOfficers(mail, from, await this.officers(), {
      subject: 'Ward: emergency access to a record',
      text:
        `Emergency access ${id} was asked for at ${at}.\n\n` +
        'It has to be reviewed within 72 hours: sign in to Ward and open the list of emergency accesses.\n',
    });
    await documents.send(new DeleteCommand({ TableName: table, Key: governanceKeys.alert(id) }));
  }

  /** @returns addresses of the officers who can sign in; the user pool alone knows them */
  async officers(): Promise<string[]> {
    const { documents, cognito, table, userPoolId } = this.options;
    const { Item } = await documents.send(
      new GetCommand({ TableName: table, Key: governanceKeys.holders('compliance_officer'), ConsistentRead: true }),
    );
    const { subs } = z.object({ subs: z.set(z.uuid()).default(new Set()) }).parse(Item ?? {});
    const people = await Promise.all([...subs].map((sub) => readActor(documents, table, sub)));
    const officers = people
      .filter((person) => person !== undefined)
      .filter(({ role, status }) => role === 'compliance_officer' && status === 'active');
    const accounts = new Accounts(cognito, userPoolId);
    const found = await Promise.all(officers.map(({ sub, account }) => accounts.find(account ?? sub)));
    return found.flatMap((account) => account?.email ?? []);
  }
}
