import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

/** A request to Ward has seconds; a part that does not answer is tried again soon and given up in time to say so. */
export const patience = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 1000, requestTimeout: 3000, throwOnRequestTimeout: true },
};

export const documents = DynamoDBDocumentClient.from(new DynamoDBClient(patience), {
  marshallOptions: { removeUndefinedValues: true },
});
/** A request may ask KMS after it has waited for a table: three times this still leaves time to say that it failed. */
export const kms = new KMSClient({
  ...patience,
  requestHandler: { ...patience.requestHandler, requestTimeout: 2000 },
});
