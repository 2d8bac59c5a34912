import { join } from 'node:path';
import { GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import * as z from 'zod';
import type { Archive } from '../../lambda/audit/archive';
import { BucketArchive } from '../../lambda/audit/bucket-archive';
import { type SigningKey, signingKey } from '../../lambda/audit/note';
import { readJson } from '../json-file';
import { FolderArchive } from './folder-archive';

export interface Where {
  /** of a downloaded archive */
  readonly folder?: string;
  /** of an archive whose stack's outputs are not at hand */
  readonly bucket?: string;
  /** of `cdk deploy --outputs-file` */
  readonly outputs?: string;
  /** the laptop cloud's folder */
  readonly data: string;
}

const stackOutputs = z.record(z.string(), z.record(z.string(), z.string()));
const cloudFile = z.object({
  outputs: stackOutputs,
  region: z.string(),
  urls: z.object({ s3: z.string(), kms: z.string() }),
  credentials: z.object({ accessKeyId: z.string(), secretAccessKey: z.string(), sessionToken: z.string() }),
});

/** @throws Error in one sentence when there is no archive at that place */
export function openArchive(where: Where): Archive {
  if (where.folder !== undefined) return new FolderArchive(where.folder);
  const { outputs, s3 } = connect(where);
  const bucket = where.bucket ?? outputs['ArchiveBucket'];
  if (!bucket) throw new Error('the outputs name no ArchiveBucket: name the bucket with --bucket');
  return new BucketArchive(new S3Client({ ...s3, forcePathStyle: true }), bucket);
}

/**
 * The keys that may sign checkpoints, from KMS and not from the archive that they are to vouch for.
 * @throws Error in one sentence when the outputs name none
 */
export async function kmsSigningKeys(where: Where): Promise<SigningKey[]> {
  const { outputs, kms } = connect(where);
  const ids = outputs['SigningKeys']?.split(' ').filter((id) => id !== '') ?? [];
  if (ids.length === 0) throw new Error('the outputs name no SigningKeys: pin the fingerprint with --fingerprint');
  const client = new KMSClient(kms);
  const keys = await Promise.all(ids.map((KeyId) => client.send(new GetPublicKeyCommand({ KeyId }))));
  return keys.map(({ PublicKey }) => signingKey(PublicKey ?? new Uint8Array()));
}

function connect(where: Where) {
  if (where.outputs === undefined && where.bucket !== undefined) return { outputs: {}, s3: {}, kms: {} };
  if (where.outputs !== undefined) {
    const outputs = merged(stackOutputs.parse(readJson(where.outputs, 'written by cdk deploy --outputs-file')));
    const region = outputs['Region'];
    const client = region === undefined ? {} : { region };
    return { outputs, s3: client, kms: client };
  }
  const file = join(where.data, 'cloud.json');
  const { outputs, region, urls, credentials } = cloudFile.parse(
    readJson(file, 'written by npm start: start Ward, or name a deployed stack with --outputs, or a --folder'),
  );
  const client = (endpoint: string) => ({ region, endpoint, credentials });
  return { outputs: merged(outputs), s3: client(urls.s3), kms: client(urls.kms) };
}

const merged = (stacks: z.infer<typeof stackOutputs>): Readonly<Record<string, string>> =>
  Object.assign({}, ...Object.values(stacks));
