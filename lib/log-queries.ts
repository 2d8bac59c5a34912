import { ArnFormat, Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { acknowledge } from './acknowledgements';
import { declarations } from './functions';
import type { WardFunctions } from './ward-functions';

/** Lets the functions that are declared to do so ask what failed around an event. Logs hold codes and request ids: no PHI. */
export function mayQueryLogs(askers: WardFunctions, all: readonly WardFunctions[]): void {
  const groups = all.flatMap((functions) => functions.all().map(({ logGroup }) => logGroup));
  for (const [name, { queriesLogs }] of declarations) {
    if (!queriesLogs) continue;
    const handler = askers.named(name);
    handler.addEnvironment('LOG_GROUPS', groups.map(({ logGroupName }) => logGroupName).join(' '));
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
