import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { ConsistentReads } from '../records/consistent-reads';
import { isCurrent, isInForce } from './decide';
import { controlItem, governanceKeys, memberItem } from './governance';

/**
 * @returns those of the patients whose care team the person is on at this moment
 * @throws ReadIncomplete when the table does not answer for each of them
 */
export async function currentMemberships(
  documents: DynamoDBDocumentClient,
  table: string,
  sub: string,
  patients: readonly string[],
  now: Date,
): Promise<string[]> {
  const keys = patients.map((patient) => governanceKeys.member(patient, sub));
  const items = await ConsistentReads.of(documents).all(table, keys);
  const current = items.map((item) => memberItem.parse(item)).filter((item) => isCurrent(item, now));
  return patients.filter((patient) => current.some((item) => item.patient === patient));
}

/**
 * @returns those of the patients whose records are not frozen at this moment: the others are in no list, whoever asks
 * @throws ReadIncomplete when the table does not answer for each of them
 */
export async function withoutFrozen(
  documents: DynamoDBDocumentClient,
  table: string,
  patients: readonly string[],
  now: Date,
): Promise<string[]> {
  const keys = patients.map((patient) => governanceKeys.frozenPatient(patient));
  const items = await ConsistentReads.of(documents).all(table, keys);
  const frozen = items.map((item) => controlItem.parse(item)).filter((item) => isInForce(item, now));
  return patients.filter((patient) => !frozen.some(({ target }) => target === patient));
}
