import { Stack } from 'aws-cdk-lib';
import { CfnEventBusPolicy, CfnRule } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { Config } from './config';
import { OwnRole } from './own-role';
import { defaultBus } from './trail';
import { type Watch, watches } from './trail-rules';

/** IAM is one service for all Regions, and what is done in it is told in this one alone. */
export const globalRegion = 'us-east-1';

/** Who changed what, and where to look it up: no request parameters, because those may hold names. */
const told = {
  inputPathsMap: {
    call: '$.detail.eventName',
    error: '$.detail.errorCode',
    event: '$.detail.eventID',
    region: '$.detail.awsRegion',
    time: '$.detail.eventTime',
    who: '$.detail.userIdentity.arn',
  },
};

/** Tells whoever is on call of what takes safeguards off, within a minute of the call. */
export class TrailAlarms extends Construct {
  constructor(scope: Construct, id: string, { config, topic }: { readonly config: Config; readonly topic: ITopic }) {
    super(scope, id);
    const { account, archiveAccount = account } = config;
    if (archiveAccount !== account)
      new CfnEventBusPolicy(this, 'FromArchiveAccount', {
        statementId: `ward-${config.stage}-archive-account`,
        statement: {
          Effect: 'Allow',
          Principal: { AWS: `arn:aws:iam::${archiveAccount}:root` },
          Action: 'events:PutEvents',
          Resource: defaultBus(this, config),
        },
      });
    for (const watch of watches(config.stage))
      alarm(this, watch.id, config.stage, topic, {
        heading: watch.heading,
        eventPattern: patternOf(watch),
        lines: ['<call> (<error>) by <who>', 'in <region> at <time>, CloudTrail event <event>'],
      });
    if (config.guardDuty)
      finding(this, 'GuardDuty', config.stage, topic, {
        heading: 'GuardDuty finding',
        eventPattern: {
          source: ['aws.guardduty'],
          'detail-type': ['GuardDuty Finding'],
          detail: { severity: [{ numeric: ['>=', 4] }] },
        },
        type: '$.detail.type',
      });
    if (config.securityHub)
      finding(this, 'SecurityHub', config.stage, topic, {
        heading: 'Security Hub finding',
        eventPattern: {
          source: ['aws.securityhub'],
          'detail-type': ['Security Hub Findings - Imported'],
          detail: {
            findings: {
              Severity: { Label: ['HIGH', 'CRITICAL'] },
              Workflow: { Status: ['NEW'] },
              RecordState: ['ACTIVE'],
            },
          },
        },
        type: '$.detail.findings[0].GeneratorId',
      });
  }
}

/** What is changed of keys, buckets, vaults and of the rules that tell it, where the archive or a copy of it or of backups is. */
export const sourcesOfCopies: readonly string[] = ['aws.backup', 'aws.events', 'aws.kms', 'aws.s3'];

export interface EventsHomeProps {
  readonly config: Config;
  /** of EventBridge, such as `aws.iam`: which of the watches */
  readonly sources: readonly string[];
}

/** Brings what is told in another Region or account to the stage's own, where the alarms are. */
export class EventsHome extends Construct {
  constructor(scope: Construct, id: string, { config, sources }: EventsHomeProps) {
    super(scope, id);
    const bus = defaultBus(this, config);
    const role = new OwnRole(this, 'Role', {
      description: `Ward ${config.stage}: brings events to ${config.region}`,
      assumedBy: new ServicePrincipal('events.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    });
    role.addToPolicy(new PolicyStatement({ actions: ['events:PutEvents'], resources: [bus] }));
    for (const watch of watches(config.stage).filter(({ source }) => sources.includes(source))) {
      const rule = new CfnRule(this, watch.id, {
        name: `ward-${config.stage}-${watch.id.toLowerCase()}-to-${config.region}`,
        description: `docs/runbook.md, "${watch.heading}"`,
        eventPattern: patternOf(watch),
        targets: [{ id: 'Home', arn: bus, roleArn: role.roleArn }],
      });
      rule.node.addDependency(role);
    }
  }
}

function patternOf({ source, calls, of }: Watch): object {
  return {
    source: [source],
    'detail-type': ['AWS API Call via CloudTrail'],
    detail: { eventName: calls, ...(of && { requestParameters: of }) },
  };
}

function alarm(
  scope: Construct,
  id: string,
  stage: string,
  topic: ITopic,
  props: { readonly heading: string; readonly eventPattern: object; readonly lines: readonly string[] },
): void {
  const { heading, eventPattern, lines } = props;
  rule(scope, id, stage, topic, { heading, eventPattern, paths: told.inputPathsMap, lines });
}

function finding(
  scope: Construct,
  id: string,
  stage: string,
  topic: ITopic,
  props: { readonly heading: string; readonly eventPattern: object; readonly type: string },
): void {
  const { heading, eventPattern, type } = props;
  const paths = { type, region: '$.region', time: '$.time', event: '$.id' };
  rule(scope, id, stage, topic, {
    heading,
    eventPattern,
    paths,
    lines: ['<type>', 'in <region> at <time>, event <event>'],
  });
}

function rule(
  scope: Construct,
  id: string,
  stage: string,
  topic: ITopic,
  props: {
    readonly heading: string;
    readonly eventPattern: object;
    readonly paths: Readonly<Record<string, string>>;
    readonly lines: readonly string[];
  },
): void {
  const { heading, eventPattern, paths, lines } = props;
  const text = [`${heading} (ward-${stage})`, ...lines, `docs/runbook.md, ${heading}`];
  new CfnRule(scope, id, {
    name: `ward-${stage}-${heading.toLowerCase().replaceAll(/[^a-z]+/g, '-')}`,
    description: `docs/runbook.md, "${heading}"`,
    eventPattern,
    targets: [
      {
        id: 'Alarms',
        arn: topic.topicArn,
        inputTransformer: {
          inputPathsMap: { ...paths },
          inputTemplate: text.map((line) => JSON.stringify(line)).join('\n'),
        },
      },
    ],
  });
}
