import type { Assembly } from '../template';
import type { Topic } from './sns';

/** @returns the topics that the templates make. @throws Error for one whose key is named in another way than by its ARN */
export function topicsOf(assembly: Assembly): Topic[] {
  return assembly.resources('AWS::SNS::Topic').map(({ ref, properties }) => {
    const keyArn = properties['KmsMasterKeyId'];
    if (keyArn !== undefined && !(typeof keyArn === 'string' && keyArn.startsWith('arn:')))
      throw new Error(`${ref}: the key of a topic is emulated by its ARN alone`);
    return { arn: ref, keyArn };
  });
}
