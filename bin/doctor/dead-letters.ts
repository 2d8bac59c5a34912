import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { type Finding, green, red } from './finding';
import { ofDeployed, output } from './place';

/** Numbers of letters, each as SQS approximates it. */
export interface QueueFacts {
  readonly waiting: number;
  /** taken by somebody who has not ended them yet */
  readonly taken: number;
}

/** 45 CFR 164.308(a)(1)(ii)(D), 164.312(b): no sign-in that was not recorded, no event that nobody looked at. */
export const deadLetters = ofDeployed(['queue of what was given up'], {
  name: 'Dead letters',
  rule: '45 CFR 164.308(a)(1)(ii)(D), 164.312(b)',
  look: async (place) => {
    const { Attributes } = await place.deployed.queues.send(
      new GetQueueAttributesCommand({
        QueueUrl: output(place, 'FailuresQueue'),
        AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
      }),
    );
    return [
      judgeDeadLetters({
        waiting: Number(Attributes?.ApproximateNumberOfMessages),
        taken: Number(Attributes?.ApproximateNumberOfMessagesNotVisible),
      }),
    ];
  },
});

export function judgeDeadLetters({ waiting, taken }: QueueFacts): Finding {
  const subject = 'queue of what was given up';
  const count = waiting + taken;
  return count === 0
    ? green(subject, 'empty')
    : red(
        subject,
        Number.isNaN(count) ? 'its letters are not told' : `${count} letters`,
        'docs/runbook.md, "Dead letters"',
      );
}
