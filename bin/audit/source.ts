import { GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import type { Archive } from '../../lambda/audit/archive';
import { BucketArchive } from '../../lambda/audit/bucket-archive';
import { type SigningKey, signingKey } from '../../lambda/audit/note';
import { readLaptopCloud, readStageOutputs, type StageOutputs } from '../stage-outputs';
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
  if (where.outputs === undefined && where.bucket !== undefined)
    return { outputs: {} as StageOutputs, s3: {}, kms: {} };
  if (where.outputs !== undefined) {
    const outputs = readStageOutputs(where.outputs);
    const region = outputs['Region'];
    const client = region === undefined ? {} : { region };
    return { outputs, s3: client, kms: client };
  }
  const { outputs, region, urls, credentials } = readLaptopCloud(where.data);
  const client = (endpoint: string) => ({ region, endpoint, credentials });
  return { outputs, s3: client(urls.s3), kms: client(urls.kms) };
}
