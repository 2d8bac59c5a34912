import { paginateDescribeLogGroups } from '@aws-sdk/client-cloudwatch-logs';
import { allOf, type Check, type Finding } from './finding';
import type { Place } from './place';
import { idsOf } from './stacks';

export interface LogGroupFacts {
  readonly name: string;
  /** absent: for ever */
  readonly retentionDays?: number;
  readonly key?: string;
}

/** six years, leap days included: 45 CFR 164.316(b)(2)(i) */
const sixYearsDays = 2192;

/** 45 CFR 164.316(b)(2)(i): access logs are evidence of what never reached code; all logs are kept as long, under our key. */
export const logGroups: Check<Place> = {
  name: 'Log groups',
  rule: '45 CFR 164.316(b)(2)(i), 164.312(a)(2)(iv)',
  look: async ({ logs, stage, deployed }) => {
    const own = deployed && new Set(idsOf(deployed.stacks, 'AWS::Logs::LogGroup'));
    const facts: LogGroupFacts[] = [];
    for await (const page of paginateDescribeLogGroups({ client: logs }, { logGroupNamePrefix: `ward-${stage}-` }))
      for (const { logGroupName: name, retentionInDays, kmsKeyId } of page.logGroups ?? [])
        if (name !== undefined && (own === undefined || own.has(name)))
          facts.push({
            name,
            ...(retentionInDays !== undefined && { retentionDays: retentionInDays }),
            ...(kmsKeyId !== undefined && { key: kmsKeyId }),
          });
    return judgeLogGroups(facts);
  },
};

export function judgeLogGroups(facts: readonly LogGroupFacts[]): readonly Finding[] {
  const again = 'deploy the stage again, and find in CloudTrail who changed it';
  return allOf(facts, {
    subject: 'log groups',
    nameOf: ({ name }) => name,
    well: 'kept six years, under a customer-managed key',
    faultsOf: ({ retentionDays, key }) => [
      ...(retentionDays !== undefined && retentionDays < sixYearsDays
        ? [[`is kept for ${retentionDays} days`, again] as const]
        : []),
      ...(key === undefined ? [['is under a key of AWS', again] as const] : []),
    ],
  });
}
