import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Config } from './config';
import type { DataStack } from './data-stack';
import { Network } from './network';
import { predecessorNames } from './succession';

export interface NetworkStackProps extends StackProps {
  readonly config: Config;
  /** ARN of the archive bucket */
  readonly archiveArn: string;
  readonly data: DataStack;
}

/** The network that functions run in, made after what its endpoints lead to and before what runs in it. */
export class NetworkStack extends Stack {
  readonly network: Network;
  readonly #zones: string[];

  constructor(scope: Construct, id: string, { config, archiveArn, data, ...props }: NetworkStackProps) {
    super(scope, id, { ...props, terminationProtection: config.kind === 'production' });
    this.#zones = config.availabilityZones.map((letter) => `${config.region}${letter}`);
    const predecessor = predecessorNames(config);
    this.network = new Network(this, 'Network', {
      config,
      logsKey: data.logsKey,
      tables: Object.values(data.tables).map(({ tableArn }) => tableArn),
      buckets: [archiveArn, data.documents.bucketArn],
      read: predecessor ? [`arn:aws:s3:::${predecessor.archive.bucket}`] : [],
      keys: [data.patientKey, ...data.signingKeys].map(({ keyArn }) => keyArn),
    });
  }

  /** The CDK would ask the account; a synthesis needs none. */
  override get availabilityZones(): string[] {
    return this.#zones;
  }
}
