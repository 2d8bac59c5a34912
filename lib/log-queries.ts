import { ArnFormat, Fn, Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { acknowledge } from './acknowledgements';
import { declarations } from './functions';
import type { WardFunctions } from './ward-functions';

/** Lets the functions that are declared to do so ask what failed around an event. Logs hold codes and request ids: no PHI. */
export function mayQueryLogs(askers: WardFunctions, all: readonly WardFunctions[]): void {
  const groups = all.flatMap((functions) => functions.all().map(({ logGroup }) => logGroup));
  for (const [name, { queriesLogs }] of declarations) {
    if (!queriesLogs) continue;
    const handler = askers.named(name);
    handler.addEnvironment('LOG_GROUPS', namesOf(groups));
    const folders = [...new Set(groups.map((group) => Stack.of(group)))].map((stack) =>
      stack.formatArn({
        service: 'logs',
        resource: 'log-group',
        resourceName: `${stack.stackName}-*`,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      }),
    );
    // By the name that CloudFormation begins a stack's groups with: fifty ARNs would not fit into a role's policy.
    handler.addToRolePolicy(new PolicyStatement({ actions: ['logs:StartQuery'], resources: folders }));
    for (const folder of folders)
      acknowledge(handler.role ?? handler, {
        [`AwsSolutions-IAM5[Resource::${folder}]`]:
          'Log groups of one stack, whose names begin with its name; what they hold is codes and request ids',
      });
    handler.addToRolePolicy(new PolicyStatement({ actions: ['logs:GetQueryResults'], resources: ['*'] }));
    acknowledge(handler.role ?? handler, {
      'AwsSolutions-IAM5[Resource::*]':
        'logs:GetQueryResults has no resource in IAM: it gives the results of a query whose id one has',
    });
  }
}

/**
 * Lambda gives a function four kilobytes of variables, and each name begins with its stack's: that is said once a stack, and
 * `~` in its place, as `logGroups` of lambda/environment.ts reads it.
 */
function namesOf(groups: readonly ILogGroup[]): string {
  const stacks = [...new Set(groups.map((group) => Stack.of(group)))];
  const ofStack = (stack: Stack) => {
    const prefix = `${stack.stackName}-`;
    const names = groups.filter((group) => Stack.of(group) === stack).map(({ logGroupName }) => logGroupName);
    return `${prefix} ${Fn.join('~', Fn.split(prefix, Fn.join(' ', names)))}`;
  };
  return stacks.map(ofStack).join(';');
}
