import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import { CfnDetector } from 'aws-cdk-lib/aws-guardduty';
import { CfnHub, CfnStandard } from 'aws-cdk-lib/aws-securityhub';
import type { Construct } from 'constructs';
import type { Config } from './config';
import type { Monitoring } from './monitoring';
import { recoveryNames } from './recovery-names';
import { alarmOnReplication } from './replication';
import { Trail } from './trail';
import { EventsHome, sourcesOfCopies, TrailAlarms } from './trail-alarms';

export interface TrailStackProps extends StackProps {
  readonly config: Config;
  /** how the ARNs of objects begin */
  readonly objects: readonly string[];
  /** ARNs */
  readonly tables: readonly string[];
  /** absent: in another account, from where the stage's own is told */
  readonly monitoring?: Monitoring;
}

/** What happens around Ward, past its own code: the trail, what is told of it at once, and AWS's own detection. */
export class TrailStack extends Stack {
  constructor(scope: Construct, id: string, { config, objects, tables, monitoring, ...props }: TrailStackProps) {
    super(scope, id, { ...props, terminationProtection: config.kind === 'production' });
    const trail = new Trail(this, 'Trail', { config, objects, tables });
    if (monitoring) new TrailAlarms(this, 'Alarms', { config, topic: monitoring.topic });
    else new EventsHome(this, 'Events', { config, sources: ['aws.cloudtrail', 'aws.iam', ...sourcesOfCopies] });
    const recovery = recoveryNames(config);
    if (monitoring && recovery)
      alarmOnReplication(this, monitoring, 'trail', {
        original: trail.bucket.bucketName,
        replica: recovery.trail.bucket,
      });
    if (config.guardDuty)
      new CfnDetector(this, 'Detector', {
        enable: true,
        findingPublishingFrequency: 'FIFTEEN_MINUTES',
        features: ['S3_DATA_EVENTS', 'LAMBDA_NETWORK_LOGS'].map((name) => ({ name, status: 'ENABLED' })),
      });
    if (config.securityHub) this.#securityHub();
    // Both stacks are in one file of outputs, by name.
    new CfnOutput(this, monitoring ? 'TrailBucket' : 'ArchiveTrailBucket', { value: trail.bucket.bucketName });
  }

  #securityHub(): void {
    const hub = new CfnHub(this, 'SecurityHub', {
      enableDefaultStandards: false,
      autoEnableControls: true,
      controlFindingGenerator: 'SECURITY_CONTROL',
    });
    for (const [id, standard] of [
      ['BestPractices', 'aws-foundational-security-best-practices/v/1.0.0'],
      ['Nist80053', 'nist-800-53/v/5.0.0'],
    ] as const) {
      const enabled = new CfnStandard(this, id, {
        standardsArn: `arn:aws:securityhub:${this.region}::standards/${standard}`,
      });
      enabled.addResourceDependency(hub);
    }
  }
}

/** In the Region of the global services, for a stage that is in another. */
export class GlobalEventsStack extends Stack {
  constructor(scope: Construct, id: string, { config, ...props }: StackProps & { readonly config: Config }) {
    super(scope, id, props);
    new EventsHome(this, 'GlobalEvents', { config, sources: ['aws.iam'] });
  }
}
