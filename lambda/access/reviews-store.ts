import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { consistentQuery } from '../records/consistent-queries';
import { ConsistentReads } from '../records/consistent-reads';
import { governanceKeys, type MemberItem, memberItem } from './governance';
import { type ReviewItem, reviewItem } from './reviews';

const signIn = z.object({ sub: z.uuid(), at: z.string() });
const membership = z.object({ SK: z.uuid() });

/** What a review of access is made from, in the governance table. */
export class ReviewStore {
  constructor(
    private readonly documents: DynamoDBDocumentClient,
    private readonly table: string,
  ) {}

  reviews(period: string): Promise<ReviewItem[]> {
    return this.#all(governanceKeys.review(period, '').PK, reviewItem);
  }

  /** @returns when each person signed in last, by `sub`; UTC, ISO 8601 */
  async lastSignIns(): Promise<ReadonlyMap<string, string>> {
    const found = await this.#all(governanceKeys.lastSignIn('').PK, signIn);
    return new Map(found.map(({ sub, at }) => [sub, at]));
  }

  /** @returns every place on a care team that a person has or had */
  async memberships(sub: string): Promise<MemberItem[]> {
    const patients = await this.#all(governanceKeys.memberOf(sub, '').PK, membership);
    const keys = patients.map(({ SK }) => governanceKeys.member(SK, sub));
    const items = await ConsistentReads.of(this.documents).all(this.table, keys);
    return items.map((item) => memberItem.parse(item));
  }

  async #all<Item>(PK: string, schema: z.ZodType<Item>): Promise<Item[]> {
    return (await consistentQuery(this.documents, { table: this.table, PK })).map((item) => schema.parse(item));
  }
}
