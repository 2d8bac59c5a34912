import { type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { ConsistentReads, consistentItem } from '../records/consistent-reads';
import { type EmergencyItem, emergencyItem, type Quota, quotaItem } from './emergency-access';
import { governanceKeys } from './governance';

/** how many the list shows of the newest, and of those whose review is due first */
const listed = 100;

/** Emergency accesses in the governance table. All reads are consistent. */
export class EmergencyStore {
  constructor(
    private readonly documents: DynamoDBDocumentClient,
    private readonly table: string,
  ) {}

  quota(sub: string): Promise<Quota | undefined> {
    return consistentItem(this.documents, this.table, governanceKeys.emergencyQuota(sub), quotaItem);
  }

  /** @returns the access, if it is to this patient */
  async read(patient: string, id: string): Promise<EmergencyItem | undefined> {
    const item = await consistentItem(this.documents, this.table, governanceKeys.emergency(id), emergencyItem);
    return item?.patient === patient ? item : undefined;
  }

  /** @returns the newest, and of the others those whose review is due first; newest first */
  async newest(): Promise<EmergencyItem[]> {
    const [newest, due] = await Promise.all([
      this.#query(governanceKeys.emergency('').PK, { ScanIndexForward: false }),
      this.dueReviews(),
    ]);
    const items = [...newest.map((item) => emergencyItem.parse(item)), ...due];
    return [...new Map(items.map((item) => [item.id, item])).values()].sort((a, b) => (a.id < b.id ? 1 : -1));
  }

  /** @param until an instant; absent: whenever they are due. @returns accesses without a review, the earliest due first */
  async dueReviews(until?: string): Promise<EmergencyItem[]> {
    const { PK } = governanceKeys.emergencyReview('', '');
    const tasks = await this.#query(PK, until === undefined ? {} : { until });
    const keys = tasks.map((task) => governanceKeys.emergency(String(task['id'])));
    const items = await ConsistentReads.of(this.documents).all(this.table, keys);
    return items.map((item) => emergencyItem.parse(item)).sort((a, b) => (a.reviewDueAt < b.reviewDueAt ? -1 : 1));
  }

  async #query(
    PK: string,
    options: { readonly ScanIndexForward?: boolean; readonly until?: string },
  ): Promise<Record<string, unknown>[]> {
    const { until, ...more } = options;
    const { Items } = await this.documents.send(
      new QueryCommand({
        TableName: this.table,
        KeyConditionExpression: until === undefined ? 'PK = :pk' : 'PK = :pk AND SK < :until',
        ExpressionAttributeValues: { ':pk': PK, ...(until === undefined ? {} : { ':until': until }) },
        ConsistentRead: true,
        Limit: listed,
        ...more,
      }),
    );
    return Items ?? [];
  }
}
