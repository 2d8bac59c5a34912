import { RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { CfnLoggingConfiguration, CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';
import { gatewayHeaders } from '../lambda/http/security-headers';
import type { Config } from './config';
import { webAclLogs } from './encryption';
import { deliverLogs } from './log-delivery';
import { above, bodyClasses, pathPatterns, smallBody } from './request-limits';

type Statement = CfnWebACL.StatementProperty;
type Rule = Omit<CfnWebACL.RuleProperty, 'priority' | 'visibilityConfig'>;

const fiveMinutesInSeconds = 300;
const asItIs = [{ priority: 0, type: 'NONE' }];
const authorization = { singleHeader: { Name: 'authorization' } };

/**
 * In front of the API. It turns away what no user of Ward sends: sources of ill repute, known attacks, floods and bodies that no
 * route takes. What it sees it keeps without path, query, token and body, because those name patients and people.
 */
export class WebAcl extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { config, stageArn, logsKey }: { readonly config: Config; readonly stageArn: string; readonly logsKey: IKey },
  ) {
    super(scope, id);
    const acl = new CfnWebACL(this, 'Acl', {
      name: `ward-${config.stage}`,
      scope: 'REGIONAL',
      defaultAction: { allow: {} },
      // Samples are kept where no redaction reaches them.
      visibilityConfig: { sampledRequestsEnabled: false, cloudWatchMetricsEnabled: true, metricName: 'All' },
      customResponseBodies: {
        TooLarge: refusal('body-too-large', 'The body is larger than this route takes', 413),
        Throttled: refusal('throttled', 'Too many requests; try again later', 429),
      },
      // Redaction of the log leaves what a rule matched in it, a piece of a body or a token: this covers those as well.
      dataProtectionConfig: {
        dataProtections: [
          { field: { fieldType: 'BODY' }, action: 'SUBSTITUTION' },
          { field: { fieldType: 'QUERY_STRING' }, action: 'SUBSTITUTION' },
          { field: { fieldType: 'SINGLE_HEADER', fieldKeys: ['authorization'] }, action: 'SUBSTITUTION' },
        ],
      },
      rules: rules(config).map((rule, priority) => ({
        ...rule,
        priority,
        visibilityConfig: { sampledRequestsEnabled: false, cloudWatchMetricsEnabled: true, metricName: rule.name },
      })),
    });
    new CfnWebACLAssociation(this, 'Association', { webAclArn: acl.attrArn, resourceArn: stageArn });
    this.#log(acl, config, logsKey);
  }

  #log(acl: CfnWebACL, { stage }: Config, encryptionKey: IKey): void {
    const group = new LogGroup(this, 'Logs', {
      logGroupName: webAclLogs(stage),
      encryptionKey,
      retention: RetentionDays.SIX_YEARS,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    const { logGroupArn, policy } = deliverLogs(this, {
      logGroupName: webAclLogs(stage),
      policyName: `ward-${stage}-web-acl`,
      sid: 'WebAcl',
    });
    const logging = new CfnLoggingConfiguration(this, 'Logging', {
      resourceArn: acl.attrArn,
      logDestinationConfigs: [logGroupArn],
      redactedFields: [{ uriPath: {} }, { queryString: {} }, authorization],
    });
    logging.node.addDependency(group, policy);
  }
}

/** In the order in which they are asked; the first that blocks ends it. */
function rules({ stage, waf }: Config): readonly Rule[] {
  return [
    ...(waf.countries
      ? [
          block('Countries', {
            notStatement: { statement: { geoMatchStatement: { countryCodes: [...waf.countries] } } },
          }),
        ]
      : []),
    managed('AWSManagedRulesAmazonIpReputationList'),
    block('RequestsPerAddress', rate(waf.requestsPerAddress, { aggregateKeyType: 'IP' }), throttled),
    // Behind one address there may be a hospital: a token is one person.
    block(
      'RequestsPerToken',
      rate(waf.requestsPerToken, {
        aggregateKeyType: 'CUSTOM_KEYS',
        customKeys: [{ header: { name: 'authorization', textTransformations: asItIs } }],
      }),
      throttled,
    ),
    ...bodySizes(stage),
    // Narratives look like scripts to it, and it would refuse every body above 8 KB: sizes have rules of their own.
    managed('AWSManagedRulesCommonRuleSet', ['SizeRestrictions_BODY', 'CrossSiteScripting_BODY']),
    managed('AWSManagedRulesKnownBadInputsRuleSet'),
  ];
}

function bodySizes(stage: string): readonly Rule[] {
  const classes = bodyClasses();
  const inClass = (paths: readonly string[]): Statement =>
    or(
      pathPatterns(paths, stage).map((regexString) => ({
        regexMatchStatement: { regexString, fieldToMatch: { uriPath: {} }, textTransformations: asItIs },
      })),
    );
  const larger = classes.flatMap(({ paths }) => paths);
  return [
    block(
      'BodySize',
      and([
        { notStatement: { statement: inClass(larger) } },
        {
          sizeConstraintStatement: {
            comparisonOperator: 'GT',
            size: smallBody,
            // What goes beyond what the WAF reads is larger than this as well.
            fieldToMatch: { body: { oversizeHandling: 'MATCH' } },
            textTransformations: asItIs,
          },
        },
      ]),
      tooLarge,
    ),
    // The WAF reads 64 KB at most, so larger bodies go by what they announce; code counts what came.
    ...classes.map(({ limit, paths }) =>
      block(
        `BodySize${limit / 1024}KiB`,
        and([
          inClass(paths),
          {
            regexMatchStatement: {
              regexString: above(limit),
              fieldToMatch: { singleHeader: { Name: 'content-length' } },
              textTransformations: asItIs,
            },
          },
        ]),
        tooLarge,
      ),
    ),
  ];
}

const managed = (name: string, counted: readonly string[] = []): Rule => ({
  name,
  overrideAction: { none: {} },
  statement: {
    managedRuleGroupStatement: {
      vendorName: 'AWS',
      name,
      ...(counted.length > 0 && {
        ruleActionOverrides: counted.map((rule) => ({ name: rule, actionToUse: { count: {} } })),
      }),
    },
  },
});

const block = (name: string, statement: Statement, customResponse?: CfnWebACL.CustomResponseProperty): Rule => ({
  name,
  action: { block: customResponse ? { customResponse } : {} },
  statement,
});

const rate = (
  limit: number,
  key: Pick<CfnWebACL.RateBasedStatementProperty, 'aggregateKeyType' | 'customKeys'>,
): Statement => ({ rateBasedStatement: { limit, evaluationWindowSec: fiveMinutesInSeconds, ...key } });

const and = (statements: Statement[]): Statement => ({ andStatement: { statements } });
function or(statements: readonly Statement[]): Statement {
  const [only, ...others] = statements;
  return only && others.length === 0 ? only : { orStatement: { statements: [...statements] } };
}

const headers = Object.entries(gatewayHeaders).map(([name, value]) => ({ name, value }));
const tooLarge: CfnWebACL.CustomResponseProperty = {
  responseCode: 413,
  customResponseBodyKey: 'TooLarge',
  responseHeaders: headers,
};
const throttled: CfnWebACL.CustomResponseProperty = {
  responseCode: 429,
  customResponseBodyKey: 'Throttled',
  responseHeaders: [...headers, { name: 'retry-after', value: '60' }],
};
const refusal = (code: string, title: string, status: number): CfnWebACL.CustomResponseBodyProperty => ({
  contentType: 'APPLICATION_JSON',
  content: JSON.stringify({ type: `urn:ward:problem:${code}`, title, status }),
});
