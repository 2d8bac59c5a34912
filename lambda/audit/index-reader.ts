import { type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { AuditError } from './audit-error';
import { type IndexEntry, indexEntry, indexedArchive, indexedKey } from './index-entry';

export interface IndexQuestion {
  /** of indexKeys */
  readonly partition: string;
  /** instants as events carry them; `from` inclusive, `to` exclusive */
  readonly from: string;
  readonly to: string;
  readonly action?: string;
  readonly actor?: string;
  /** a page begins after this sort key */
  readonly after?: string;
}
export interface IndexPage {
  /** newest first */
  readonly entries: readonly IndexEntry[];
  /** `after` of the next page; absent: there is none */
  readonly next?: string;
}

const itemsPerQuery = 200;
/** a page is cut short rather than that one request reads on through years of what it does not want */
const queriesPerPage = 10;

/** Reads the index of the audit log. What it gives is held against the evidence before it is shown. */
export class IndexReader {
  /** @param before archive of the stage that this one succeeds: without it the index is half of one, and answers nothing */
  constructor(
    private readonly documents: DynamoDBDocumentClient,
    private readonly table: string,
    private readonly before?: string,
  ) {}

  /**
   * @param limit of entries; a page may have fewer and still have a next one
   * @throws AuditError `predecessor-not-indexed`
   */
  async page(question: IndexQuestion, limit: number): Promise<IndexPage> {
    await this.#demandBefore();
    const entries: IndexEntry[] = [];
    let after = question.after;
    for (let query = 0; query < queriesPerPage; query++) {
      const { Items = [], LastEvaluatedKey } = await this.#query(question, after);
      entries.push(...Items.map((item) => indexEntry.parse(item)));
      const last = entries[limit - 1];
      if (last && (entries.length > limit || LastEvaluatedKey))
        return { entries: entries.slice(0, limit), next: last.SK };
      if (!LastEvaluatedKey) return { entries };
      after = String(LastEvaluatedKey['SK']);
    }
    return { entries, ...(after === undefined ? {} : { next: after }) };
  }

  async #demandBefore(): Promise<void> {
    if (this.before === undefined) return;
    const { PK, SK } = indexedKey(this.before);
    const { Items = [] } = await this.documents.send(
      new QueryCommand({
        TableName: this.table,
        KeyConditionExpression: 'PK = :pk AND SK = :sk',
        ExpressionAttributeValues: { ':pk': PK, ':sk': SK },
        ConsistentRead: true,
      }),
    );
    if (indexedArchive.safeParse(Items[0]).data?.at === undefined) throw new AuditError('predecessor-not-indexed');
  }

  #query({ partition, from, to, action, actor }: IndexQuestion, after: string | undefined) {
    const filters = [...(action ? ['#action = :action'] : []), ...(actor ? ['#actor = :actor'] : [])];
    return this.documents.send(
      new QueryCommand({
        TableName: this.table,
        // A sort key is an instant and more, so one of the instant `to` itself comes after it.
        KeyConditionExpression: 'PK = :pk AND SK BETWEEN :from AND :to',
        ExpressionAttributeValues: {
          ':pk': partition,
          ':from': from,
          ':to': to,
          ...(action && { ':action': action }),
          ...(actor && { ':actor': actor }),
        },
        ...(filters.length > 0 && {
          FilterExpression: filters.join(' AND '),
          ExpressionAttributeNames: { ...(action && { '#action': 'action' }), ...(actor && { '#actor': 'actor' }) },
        }),
        ScanIndexForward: false,
        ConsistentRead: true,
        Limit: itemsPerQuery,
        ...(after && { ExclusiveStartKey: { PK: partition, SK: after } }),
      }),
    );
  }
}

/**
 * A cursor is a place in the partition that the question names, and the question is asked anew with each page: one that was
 * made up leads nowhere that its holder could not go without it.
 */
export const encodeCursor = (sortKey: string): string => Buffer.from(sortKey).toString('base64url');

/** @returns undefined unless it is a cursor */
export function decodeCursor(cursor: string): string | undefined {
  const sortKey = Buffer.from(cursor, 'base64url').toString('utf8');
  return indexEntry.shape.SK.safeParse(sortKey).success && encodeCursor(sortKey) === cursor ? sortKey : undefined;
}
