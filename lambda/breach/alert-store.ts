import { type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { governanceKeys } from '../access/governance';
import { consistentQuery } from '../records/consistent-queries';
import { ConsistentReads } from '../records/consistent-reads';
import { putVersion, type TransactItem } from '../records/transaction';
import { type Alert, type AlertState, alertItem } from './alert';
import { newDeliveries } from './alert-delivery';

/** 45 CFR 164.316(b)(2)(i): reviews of activity are kept for six years, leap days among them. */
const keptDays = 2192;
const listed = z.object({ SK: z.string(), id: z.uuid(), rule: z.string() });

export interface AlertPage {
  readonly alerts: readonly Alert[];
  /** absent: nothing is after it */
  readonly next?: string;
}

/** Alerts in the governance table; all reads are consistent. */
export class AlertStore {
  constructor(
    private readonly documents: DynamoDBDocumentClient,
    private readonly table: string,
  ) {}

  async read(id: string): Promise<Alert | undefined> {
    const item = await ConsistentReads.of(this.documents).get(this.table, governanceKeys.raisedAlert(id));
    return item && alertItem.parse(item);
  }

  /** @param after as a page before gave it. @returns alerts, newest first */
  async page(state: AlertState | 'all', limit: number, after?: string): Promise<AlertPage> {
    const { PK } = governanceKeys.listedAlert(state, '');
    const { Items = [], LastEvaluatedKey } = await this.documents.send(
      new QueryCommand({
        TableName: this.table,
        KeyConditionExpression: 'PK = :pk',
        ExpressionAttributeValues: { ':pk': PK },
        ConsistentRead: true,
        ScanIndexForward: false,
        Limit: limit,
        ...(after && { ExclusiveStartKey: { PK, SK: after } }),
      }),
    );
    const found = await Promise.all(Items.map((item) => this.read(listed.parse(item).id)));
    const alerts = found.filter((alert) => alert !== undefined);
    const next: unknown = LastEvaluatedKey?.['SK'];
    return { alerts, ...(typeof next === 'string' ? { next } : {}) };
  }

  /** @returns rule of every alert in a state; the list has it, so that no alert is read for a count */
  async rulesIn(state: AlertState): Promise<string[]> {
    return (await this.#listed(state)).map(({ rule }) => rule);
  }

  /** @returns alerts that nobody has reviewed, oldest first */
  async open(): Promise<Alert[]> {
    const entries = await this.#listed('open');
    const found = await Promise.all(entries.map(({ id }) => this.read(id)));
    return found.filter((alert) => alert !== undefined);
  }

  /** @returns the writes of a new alert, of its place in the lists, and of what has to be sent about it */
  create(alert: Alert): TransactItem[] {
    return [
      this.#put(governanceKeys.raisedAlert(alert.id), alert, alert, 'attribute_not_exists(PK)'),
      this.#list(alert, 'all'),
      this.#list(alert, alert.state),
      ...newDeliveries(this.table, alert),
    ];
  }

  /** @returns the writes of an alert's next version, sent again when it opens again; they fail when it changed since it was read */
  replace(before: Alert, after: Alert): TransactItem[] {
    const next = { ...governanceKeys.raisedAlert(after.id), ...after, ttl: this.#expiry(after) };
    const write = putVersion(this.table, next, before.version);
    if (before.state === after.state) return [write];
    const Key = governanceKeys.listedAlert(before.state, `${before.openedAt}#${before.id}`);
    const deliveries = after.state === 'open' ? newDeliveries(this.table, after) : [];
    return [write, { Delete: { TableName: this.table, Key } }, this.#list(after, after.state), ...deliveries];
  }

  #list(alert: Alert, state: AlertState | 'all'): TransactItem {
    const key = governanceKeys.listedAlert(state, `${alert.openedAt}#${alert.id}`);
    return this.#put(key, { id: alert.id, rule: alert.rule }, alert);
  }

  #put(key: object, item: object, alert: Alert, ConditionExpression?: string): TransactItem {
    const Item = { ...key, ...item, ttl: this.#expiry(alert) };
    return { Put: { TableName: this.table, Item, ...(ConditionExpression && { ConditionExpression }) } };
  }

  #expiry({ openedAt }: Alert): number {
    return Math.floor(Date.parse(openedAt) / 1000) + keptDays * 24 * 60 * 60;
  }

  async #listed(state: AlertState): Promise<z.infer<typeof listed>[]> {
    const { PK } = governanceKeys.listedAlert(state, '');
    return (await consistentQuery(this.documents, { table: this.table, PK })).map((item) => listed.parse(item));
  }
}
