import { RemovalPolicy } from 'aws-cdk-lib';
import type { IVpc } from 'aws-cdk-lib/aws-ec2';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import {
  CfnFirewallConfig,
  CfnFirewallDomainList,
  CfnFirewallRuleGroup,
  CfnFirewallRuleGroupAssociation,
  CfnResolverQueryLoggingConfig,
  CfnResolverQueryLoggingConfigAssociation,
} from 'aws-cdk-lib/aws-route53resolver';
import { Construct } from 'constructs';
import type { Config } from './config';
import type { CalledService } from './endpoint-policies';
import { deliverLogs } from './log-delivery';

export interface NameFirewallProps {
  readonly config: Config;
  readonly vpc: IVpc;
  /** of the hosts that functions look up; `*.` stands for all under a name */
  readonly names: readonly string[];
  readonly logsKey: IKey;
}

/**
 * 45 CFR 164.312(e)(1): the resolver of a network answers for any name by asking whoever owns it, so that a name is a message
 * to its owner, out of a network that has no other way. It answers here for the names that functions need alone.
 */
export class NameFirewall extends Construct {
  constructor(scope: Construct, id: string, { config, vpc, names, logsKey }: NameFirewallProps) {
    super(scope, id);
    const prefix = `ward-${config.stage}`;
    const list = (listId: string, name: string, domains: string[]) =>
      new CfnFirewallDomainList(this, listId, { name: `${prefix}-${name}`, domains }).attrId;
    const rules = new CfnFirewallRuleGroup(this, 'Rules', {
      name: `${prefix}-names`,
      firewallRules: [
        {
          priority: 100,
          action: 'ALLOW',
          firewallDomainListId: list('Needed', 'needed-names', [...names]),
          // What a name of AWS stands for in turn is AWS's to say.
          firewallDomainRedirectionAction: 'TRUST_REDIRECTION_DOMAIN',
        },
        {
          priority: 200,
          action: 'BLOCK',
          blockResponse: 'NODATA',
          firewallDomainListId: list('Every', 'every-name', ['*']),
        },
      ],
    });
    new CfnFirewallRuleGroupAssociation(this, 'Association', {
      name: `${prefix}-names`,
      firewallRuleGroupId: rules.attrId,
      priority: 101,
      vpcId: vpc.vpcId,
    });
    // A name that cannot be looked at is refused.
    new CfnFirewallConfig(this, 'Failure', { resourceId: vpc.vpcId, firewallFailOpen: 'DISABLED' });
    this.#queryLogs(config, vpc, logsKey);
  }

  /** Each name that was asked for, and what the firewall did, kept as long as the flow logs. */
  #queryLogs({ stage }: Config, vpc: IVpc, logsKey: IKey): void {
    const group = new LogGroup(this, 'Queries', {
      encryptionKey: logsKey,
      retention: RetentionDays.SIX_YEARS,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    const { policy } = deliverLogs(this, {
      logGroupName: group.logGroupName,
      policyName: `ward-${stage}-names`,
      sid: 'NamesAskedFor',
    });
    const logging = new CfnResolverQueryLoggingConfig(this, 'Logging', {
      name: `ward-${stage}-names`,
      destinationArn: group.logGroupArn,
    });
    logging.addResourceDependency(policy);
    new CfnResolverQueryLoggingConfigAssociation(this, 'LoggingAssociation', {
      resolverQueryLogConfigId: logging.attrId,
      resourceId: vpc.vpcId,
    });
  }
}

/**
 * The hosts that the SDK calls, by service, before the Region's name; those of tokens' keys are Cognito's. Under `s3` are
 * buckets of whomever, but AWS alone answers for their names, and no owner of a bucket learns who asked.
 */
const hosts: Readonly<Record<CalledService, (account: string) => readonly string[]>> = {
  backup: () => ['backup'],
  'cognito-idp': () => ['cognito-idp'],
  dynamodb: (account) => ['dynamodb', `${account}.ddb`],
  kms: () => ['kms'],
  logs: () => ['logs'],
  s3: () => ['s3', '*.s3'],
  ses: () => ['email'],
  sns: () => ['sns'],
};

/** @returns the names that functions look up to call these services */
export function neededNames(services: readonly CalledService[], { account, region }: Config): readonly string[] {
  return services.flatMap((service) => hosts[service](account).map((host) => `${host}.${region}.amazonaws.com`)).sort();
}
