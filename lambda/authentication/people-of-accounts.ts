import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { readActor } from '../access/actors-store';
import { governanceKeys, signsInWith } from '../access/governance';
import { consistentItem } from '../records/consistent-reads';
import type { Role } from './actor';

const accountItem = z.object({ person: z.uuid() });

/** @returns the person whose account it is, also where a recovery made it anew; undefined when Ward knows nobody of it */
export async function personOfAccount(
  documents: DynamoDBDocumentClient,
  table: string,
  account: string,
): Promise<{ readonly sub: string; readonly role: Role } | undefined> {
  const [own, renewed] = await Promise.all([
    readActor(documents, table, account),
    consistentItem(documents, table, governanceKeys.account(account), accountItem),
  ]);
  const person = own ?? (renewed && (await readActor(documents, table, renewed.person)));
  return person && signsInWith(person, account) ? { sub: person.sub, role: person.role } : undefined;
}
