import { S3Client } from '@aws-sdk/client-s3';
import type { DocumentsEnvironment } from '../environment';
import { DocumentsStore } from './documents-store';

/** @returns the store of documents that this function's environment names */
export function documentsStore(environment: DocumentsEnvironment): DocumentsStore {
  return new DocumentsStore({
    s3: new S3Client({
      maxAttempts: 4,
      forcePathStyle: true,
      requestHandler: { connectionTimeout: 1000, requestTimeout: 10_000, throwOnRequestTimeout: true },
    }),
    bucket: environment.DOCUMENTS_BUCKET,
    mode: environment.DOCUMENTS_LOCK === 'COMPLIANCE' ? 'COMPLIANCE' : 'GOVERNANCE',
    retentionDays: Number(environment.DOCUMENTS_RETENTION_DAYS),
  });
}
