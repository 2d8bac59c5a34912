import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import type { SESv2Client } from '@aws-sdk/client-sesv2';
import { type DynamoDBDocumentClient, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { governanceKeys } from '../access/governance';
import { mailOfficers, type OfficerMail } from '../access/officer-mail';
import type { Duty, Reminder } from './deadlines';

/** how long a run may take to send what it has claimed, before another run may */
const leaseMilliseconds = 10 * 60 * 1000;

/**
 * Sends each reminder once. A run claims it first, so that runs beside each other and retries send nothing twice; what was
 * claimed and not confirmed is tried again after the lease, because a reminder twice is better than none.
 */
export class Reminders {
  constructor(
    private readonly options: {
      readonly documents: DynamoDBDocumentClient;
      readonly table: string;
      readonly mail: SESv2Client;
      readonly from: string | undefined;
    },
  ) {}

  /**
   * @param recipients addresses of the compliance officers
   * @returns whether it is sent, by this run or by one before
   */
  async send(
    incident: string,
    reminder: Reminder,
    duty: Duty,
    recipients: readonly string[],
    now: Date,
  ): Promise<'sent' | 'sent-before' | 'unsent'> {
    const Key = governanceKeys.reminder(incident, reminder.key);
    const claim = await this.#claim(Key, now);
    if (claim !== 'claimed') return claim;
    try {
      await mailOfficers(this.options.mail, this.options.from, recipients, mailOf(incident, reminder, duty));
    } catch {
      await this.#set(Key, 'failed');
      return 'unsent';
    }
    await this.#set(Key, 'sent');
    return 'sent';
  }

  async #claim(Key: { PK: string; SK: string }, now: Date): Promise<'claimed' | 'sent-before' | 'unsent'> {
    try {
      await this.options.documents.send(
        new PutCommand({
          TableName: this.options.table,
          Item: { ...Key, state: 'sending', claimedAt: now.toISOString() },
          ConditionExpression:
            'attribute_not_exists(PK) OR #state = :failed OR (#state = :sending AND claimedAt < :stale)',
          ExpressionAttributeNames: { '#state': 'state' },
          ExpressionAttributeValues: {
            ':failed': 'failed',
            ':sending': 'sending',
            ':stale': new Date(now.getTime() - leaseMilliseconds).toISOString(),
          },
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      return 'claimed';
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      return error.Item?.['state']?.S === 'sent' ? 'sent-before' : 'unsent';
    }
  }

  async #set(Key: { PK: string; SK: string }, state: 'sent' | 'failed'): Promise<void> {
    await this.options.documents.send(
      new UpdateCommand({
        TableName: this.options.table,
        Key,
        UpdateExpression: 'SET #state = :state',
        ExpressionAttributeNames: { '#state': 'state' },
        ExpressionAttributeValues: { ':state': state },
      }),
    );
  }
}

/** A mail leaves Ward's protection: it names the incident and the duty, nobody and nothing of what happened. */
function mailOf(incident: string, { daysLeft }: Reminder, { duty, citation, due }: Duty): OfficerMail {
  const when =
    daysLeft < 0 ? `was due on ${due} and is ${-daysLeft} day(s) overdue` : `is due on ${due}, in ${daysLeft} day(s)`;
  return {
    subject: daysLeft < 0 ? 'Ward: a breach deadline is overdue' : 'Ward: a breach deadline is near',
    text: `${duty} (${citation}) ${when}.\n\nIncident ${incident}. Sign in to Ward to see what is open.\n`,
  };
}
