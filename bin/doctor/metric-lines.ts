import {
  type CloudWatchLogsClient,
  FilterLogEventsCommand,
  paginateDescribeLogGroups,
} from '@aws-sdk/client-cloudwatch-logs';
import type { AuditMetric } from '../../lambda/audit/metrics';

/** What a function said of itself, as a metric line in its log. */
export interface MetricLine {
  readonly at: Date;
  readonly value: number;
}

/** @returns the names of the log groups that begin so */
export async function logGroupsOf(client: CloudWatchLogsClient, prefix: string): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const page of paginateDescribeLogGroups({ client }, { logGroupNamePrefix: prefix }))
    names.push(...(page.logGroups ?? []).flatMap(({ logGroupName }) => logGroupName ?? []));
  return names;
}

/** @returns the newest value of a metric that a log group has since then; undefined when it has none */
export async function newestMetric(
  client: CloudWatchLogsClient,
  logGroupName: string,
  metric: AuditMetric,
  since: Date,
): Promise<MetricLine | undefined> {
  let newest: MetricLine | undefined;
  let nextToken: string | undefined;
  do {
    const page = await client.send(
      new FilterLogEventsCommand({ logGroupName, filterPattern: `"${metric}"`, startTime: since.getTime(), nextToken }),
    );
    for (const { message = '', timestamp = 0 } of page.events ?? []) {
      const value = valueIn(message, metric);
      if (value !== undefined && (newest === undefined || timestamp >= newest.at.getTime()))
        newest = { at: new Date(timestamp), value };
    }
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return newest;
}

function valueIn(message: string, metric: AuditMetric): number | undefined {
  try {
    const line: unknown = JSON.parse(message);
    const value =
      typeof line === 'object' && line !== null
        ? Object.entries(line).find(([name]) => name === metric)?.[1]
        : undefined;
    return typeof value === 'number' ? value : undefined;
  } catch {
    return undefined;
  }
}
