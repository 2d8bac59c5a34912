import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Config } from './config';
import { replicaKeys } from './encryption';

/**
 * Replicas of the keys that open records and vouch for the log, in the recovery Region, under the policies of the originals.
 * Deployed once the originals are there: the setting `recovery.keys` names them. 45 CFR 164.308(a)(7)(ii)(B).
 */
export class RecoveryKeysStack extends Stack {
  constructor(scope: Construct, id: string, { config, ...props }: StackProps & { readonly config: Config }) {
    super(scope, id, { ...props, terminationProtection: config.kind === 'production' });
    replicaKeys(this, config);
  }
}
