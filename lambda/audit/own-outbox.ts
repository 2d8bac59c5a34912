import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { EvidenceEnvironment } from '../environment';
import { Outbox } from './outbox';

/** @returns the lane of this instance of a function, registered under the name that lib/functions.ts declares it by */
export const ownOutbox = (
  documents: DynamoDBDocumentClient,
  { AUDIT_TABLE, AUDIT_ORIGIN }: Pick<EvidenceEnvironment, 'AUDIT_TABLE' | 'AUDIT_ORIGIN'>,
): Outbox =>
  new Outbox({
    documents,
    table: AUDIT_TABLE,
    origin: AUDIT_ORIGIN,
    functionName: process.env['FUNCTION'] ?? 'unnamed',
    clock: () => new Date(),
  });
