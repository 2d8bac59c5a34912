import { type CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { ListSubscriptionsByTopicCommand, type SNSClient } from '@aws-sdk/client-sns';
import { allOf, type Finding, green, red } from './finding';
import { ofDeployed } from './place';
import { idsOf } from './stacks';

export interface AlarmFacts {
  readonly name: string;
  readonly state: string;
  /** whether it calls anybody */
  readonly acts: boolean;
}

/** 45 CFR 164.308(a)(6)(ii): what goes wrong is told to somebody. */
export const alarms = ofDeployed(['states of alarms', 'who is called'], {
  name: 'Alarms',
  rule: '45 CFR 164.308(a)(6)(ii)',
  look: async ({ deployed }) => {
    const topics = idsOf(deployed.stacks, 'AWS::SNS::Topic');
    return [
      ...judgeAlarms(await statesOf(deployed.alarms, idsOf(deployed.stacks, 'AWS::CloudWatch::Alarm'))),
      judgeSubscribers(await subscribersOf(deployed.topics, topics)),
    ];
  },
});

export function judgeAlarms(facts: readonly AlarmFacts[]): readonly Finding[] {
  return allOf(facts, {
    subject: 'alarms',
    nameOf: ({ name }) => name,
    well: 'armed, none of them going off',
    faultsOf: ({ name, state, acts }) => [
      ...(state === 'ALARM' ? [['goes off', `docs/runbook.md, "${name.replace(/ \(ward-.*\)$/, '')}"`] as const] : []),
      ...(state === 'OK' || state === 'ALARM'
        ? []
        : [[`is ${state}`, 'wait for its first period; if it stays so, see that what it measures runs'] as const]),
      ...(acts ? [] : [['calls nobody', 'deploy the stage again'] as const]),
    ],
  });
}

/** @param confirmed how many are subscribed and have said so */
export function judgeSubscribers(confirmed: number): Finding {
  const subject = 'who is called';
  return confirmed > 0
    ? green(subject, `${confirmed} confirmed subscriptions`)
    : red(subject, 'nobody', 'subscribe whoever is on call to the topic Alarms, and let them confirm it');
}

async function statesOf(client: CloudWatchClient, names: readonly string[]): Promise<readonly AlarmFacts[]> {
  const facts: AlarmFacts[] = [];
  for (let first = 0; first < names.length; first += 100) {
    const AlarmNames = names.slice(first, first + 100);
    const { MetricAlarms = [] } = await client.send(new DescribeAlarmsCommand({ AlarmNames, MaxRecords: 100 }));
    const found = new Map(MetricAlarms.map((alarm) => [alarm.AlarmName, alarm]));
    for (const name of AlarmNames) {
      const alarm = found.get(name);
      facts.push({
        name,
        state: alarm?.StateValue ?? 'gone',
        acts: alarm?.ActionsEnabled === true && (alarm.AlarmActions ?? []).length > 0,
      });
    }
  }
  return facts;
}

async function subscribersOf(client: SNSClient, topics: readonly string[]): Promise<number> {
  let confirmed = 0;
  for (const TopicArn of topics) {
    let NextToken: string | undefined;
    do {
      const page = await client.send(new ListSubscriptionsByTopicCommand({ TopicArn, NextToken }));
      confirmed += (page.Subscriptions ?? []).filter(({ SubscriptionArn }) =>
        SubscriptionArn?.startsWith('arn:'),
      ).length;
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
  }
  return confirmed;
}
