import { S3Client } from '@aws-sdk/client-s3';

/** Segments are read and written whole, so a request may take longer than one to a table. */
export const s3 = new S3Client({
  maxAttempts: 4,
  forcePathStyle: true,
  requestHandler: { connectionTimeout: 1000, requestTimeout: 20_000, throwOnRequestTimeout: true },
});
