import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import type { SESv2Client } from '@aws-sdk/client-sesv2';
import { PublishCommand, type SNSClient } from '@aws-sdk/client-sns';
import { DeleteCommand, type DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import type { Accounts } from '../access/accounts';
import { governanceKeys } from '../access/governance';
import { mailOfficers } from '../access/officer-mail';
import { consistentQuery } from '../records/consistent-queries';
import type { TransactItem } from '../records/transaction';
import type { Alert } from './alert';

/** how long a run may take to send what it has claimed, before another run may */
const leaseMilliseconds = 2 * 60 * 1000;
const channels = ['mail', 'topic', 'account'] as const;
type Channel = (typeof channels)[number];
/** What takes somebody's sign-in away comes before what tells of it. */
const order = ({ channel }: Delivery): number => -channels.indexOf(channel);

/** Something to be sent about an alert. `PK` `ALERT-DELIVERIES`; it goes when it was sent. */
const deliveryItem = z.object({
  SK: z.string(),
  alert: z.uuid(),
  channel: z.enum(channels),
  severity: z.string(),
  rule: z.string(),
  openedAt: z.string(),
  reviewDueAt: z.string(),
  /** of `account`: whose account the user pool disables */
  account: z.string().optional(),
});
export type Delivery = z.infer<typeof deliveryItem>;

const delivery = (table: string, alert: Alert, channel: Channel, more: object = {}): TransactItem => {
  const { id, severity, rule, openedAt, reviewDueAt } = alert;
  const key = governanceKeys.alertDelivery(`${id}#${channel}`);
  return {
    Put: { TableName: table, Item: { ...key, alert: id, channel, severity, rule, openedAt, reviewDueAt, ...more } },
  };
};

/** @returns the writes of what a new alert has sent: part of its transaction, so that it cannot be lost */
export const newDeliveries = (table: string, alert: Alert): TransactItem[] => [
  delivery(table, alert, 'mail'),
  delivery(table, alert, 'topic'),
];

/** @returns the write by which the user pool hears of a suspension, which the governance table has decided already */
export const accountDelivery = (table: string, alert: Alert, account: string): TransactItem =>
  delivery(table, alert, 'account', { account });

export interface AlertDeliveriesOptions {
  readonly documents: DynamoDBDocumentClient;
  readonly table: string;
  readonly mail: SESv2Client;
  readonly topic: SNSClient;
  readonly topicArn: string;
  readonly accounts: Accounts;
  /** verified sender; absent: this deployment can send no mail */
  readonly from: string | undefined;
  /** @returns addresses of the compliance officers */
  readonly officers: () => Promise<readonly string[]>;
}

/**
 * Sends what alerts have to tell, each once: whoever sends it claims it first, so that runs beside each other and retries send
 * nothing twice. What was claimed and not confirmed is sent again after the lease, because twice is better than not.
 */
export class AlertDeliveries {
  constructor(private readonly options: AlertDeliveriesOptions) {}

  /** Sends what waits. @returns how much of it could not be sent */
  async sendAll(now: Date): Promise<number> {
    let unsent = 0;
    for (const each of await this.#waiting())
      if (await this.#claim(each, now)) await this.#send(each).catch(() => unsent++);
    return unsent;
  }

  async #waiting(): Promise<Delivery[]> {
    const { documents, table } = this.options;
    // All of them: mails that nobody can send must not stand before the suspension that the user pool waits for.
    const items = await consistentQuery(documents, { table, PK: governanceKeys.alertDelivery('').PK });
    return items.map((item) => deliveryItem.parse(item)).sort((a, b) => order(a) - order(b));
  }

  async #claim({ SK }: Delivery, now: Date): Promise<boolean> {
    try {
      await this.#set(
        SK,
        'SET claimedAt = :now',
        'attribute_exists(PK) AND (attribute_not_exists(claimedAt) OR claimedAt < :stale)',
        {
          ':now': now.toISOString(),
          ':stale': new Date(now.getTime() - leaseMilliseconds).toISOString(),
        },
      );
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }

  /** @throws whatever kept it from being sent; it can be claimed again at once then */
  async #send(each: Delivery): Promise<void> {
    const { documents, table } = this.options;
    try {
      await this.#by[each.channel](each);
    } catch (error) {
      await this.#set(each.SK, 'REMOVE claimedAt', 'attribute_exists(PK)').catch(() => undefined);
      throw error;
    }
    await documents.send(new DeleteCommand({ TableName: table, Key: governanceKeys.alertDelivery(each.SK) }));
  }

  readonly #by: Readonly<Record<Channel, (each: Delivery) => Promise<unknown>>> = {
    mail: (each) => this.#mail(each),
    topic: (each) => this.#publish(each),
    account: ({ account }) => this.options.accounts.disable(account ?? ''),
  };

  /** A mail leaves Ward's protection: that an alert waits, and which, and nothing of what it is about. */
  async #mail({ alert, severity, reviewDueAt }: Delivery): Promise<void> {
    const { mail, from, officers } = this.options;
    await mailOfficers(mail, from, await officers(), {
      subject: `Ward: an alert is waiting (${severity})`,
      text:
        `Alert ${alert} is waiting for a review, by ${reviewDueAt} at the latest.\n\n` +
        `Sign in to Ward and open the alert, or use: npx ward alerts show ${alert}\n`,
    });
  }

  async #publish({ alert, severity, rule, openedAt, reviewDueAt }: Delivery): Promise<void> {
    const { topic, topicArn } = this.options;
    await topic.send(
      new PublishCommand({
        TopicArn: topicArn,
        Subject: 'Ward: an alert is waiting',
        Message: JSON.stringify({ alert, severity, rule, opened_at: openedAt, review_due_at: reviewDueAt }),
      }),
    );
  }

  #set(SK: string, UpdateExpression: string, ConditionExpression: string, values?: Record<string, string>) {
    return this.options.documents.send(
      new UpdateCommand({
        TableName: this.options.table,
        Key: governanceKeys.alertDelivery(SK),
        UpdateExpression,
        ConditionExpression,
        ...(values && { ExpressionAttributeValues: values }),
      }),
    );
  }
}
