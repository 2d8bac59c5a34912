import { BatchGetCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { isCurrent } from './decide';
import { GovernanceError, governanceKeys, memberItem } from './governance';

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
  if (patients.length === 0) return [];
  const Keys = patients.map((patient) => governanceKeys.member(patient, sub));
  try {
    const answer = await documents.send(
      new BatchGetCommand({ RequestItems: { [table]: { Keys, ConsistentRead: true } } }),
    );
    if (Object.keys(answer.UnprocessedKeys ?? {}).length > 0 || !answer.Responses?.[table]) throw new GovernanceError();
    const current = answer.Responses[table]
      .map((item) => memberItem.parse(item))
      .filter((item) => isCurrent(item, now));
    return patients.filter((patient) => current.some((item) => item.patient === patient));
  } catch (cause) {
    throw cause instanceof GovernanceError ? cause : new GovernanceError({ cause });
  }
}
