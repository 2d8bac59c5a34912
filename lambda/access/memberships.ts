import { BatchGetCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { isCurrent, isInForce } from './decide';
import { controlItem, GovernanceError, governanceKeys, memberItem } from './governance';

/**
 * @param patients at most 100
 * @returns those of the patients whose care team the person is on at this moment
 * @throws GovernanceError when the table does not answer for each of them
 */
export async function currentMemberships(
  documents: DynamoDBDocumentClient,
  table: string,
  sub: string,
  patients: readonly string[],
  now: Date,
): Promise<string[]> {
  const items = await readAll(
    documents,
    table,
    patients.map((patient) => governanceKeys.member(patient, sub)),
  );
  const current = items.map((item) => memberItem.parse(item)).filter((item) => isCurrent(item, now));
  return patients.filter((patient) => current.some((item) => item.patient === patient));
}

/**
 * @param patients at most 100
 * @returns those of the patients whose records are not frozen at this moment: the others are in no list, whoever asks
 * @throws GovernanceError when the table does not answer for each of them
 */
export async function withoutFrozen(
  documents: DynamoDBDocumentClient,
  table: string,
  patients: readonly string[],
  now: Date,
): Promise<string[]> {
  const items = await readAll(
    documents,
    table,
    patients.map((patient) => governanceKeys.frozenPatient(patient)),
  );
  const frozen = items.map((item) => controlItem.parse(item)).filter((item) => isInForce(item, now));
  return patients.filter((patient) => !frozen.some(({ target }) => target === patient));
}

async function readAll(
  documents: DynamoDBDocumentClient,
  table: string,
  Keys: { PK: string; SK: string }[],
): Promise<Record<string, unknown>[]> {
  if (Keys.length === 0) return [];
  try {
    const answer = await documents.send(
      new BatchGetCommand({ RequestItems: { [table]: { Keys, ConsistentRead: true } } }),
    );
    if (Object.keys(answer.UnprocessedKeys ?? {}).length > 0 || !answer.Responses?.[table]) throw new GovernanceError();
    return answer.Responses[table];
  } catch (cause) {
    throw cause instanceof GovernanceError ? cause : new GovernanceError({ cause });
  }
}
