import { about, at, list, names, type OwnRule, statementsOf } from './rule';
import type { TemplateResource } from './template';

/** Calls that IAM knows no resource for, or none that is there before the call. */
const withoutResource =
  /^(backup:(DescribeRestoreJob|ListRestoreJobs|PutRestoreValidationResult)|cloudwatch:DescribeAlarms|dynamodb:ListStreams|ec2:\w+|logs:GetQueryResults|xray:Put\w+)$/;

/** Policies that grant: inline, attached or managed. A permissions boundary only takes away. */
function granted({ id, type, properties }: TemplateResource, stack: readonly TemplateResource[]): readonly unknown[] {
  const isBoundary = () => stack.some((each) => names(each.properties['PermissionsBoundary'], id));
  const documents =
    type === 'AWS::IAM::Role'
      ? list(properties['Policies']).map((policy) => at(policy, 'PolicyDocument'))
      : type === 'AWS::IAM::Policy' || (type === 'AWS::IAM::ManagedPolicy' && !isBoundary())
        ? [properties['PolicyDocument']]
        : [];
  return documents.flatMap(statementsOf).filter((statement) => at(statement, 'Effect') === 'Allow');
}

export const roleRules: readonly OwnRule[] = [
  {
    id: 'role-names-actions',
    description: 'What a role may do is named action by action - 45 CFR 164.308(a)(4)(ii)(B)',
    fix: 'Declare what the function does in lib/functions',
    violates: (resource, { stack }) =>
      granted(resource, stack).some(
        (statement) =>
          at(statement, 'NotAction') !== undefined ||
          list(at(statement, 'Action')).some((action) => String(action).includes('*')),
      )
        ? 'Policies'
        : undefined,
  },
  {
    id: 'role-names-resources',
    description: 'No role may do it to whatever there is, where IAM knows a resource - 45 CFR 164.308(a)(4)(ii)(B)',
    fix: 'Name the resource, or add a call that IAM knows none for to lib/checks/role-rules.ts',
    violates: (resource, { stack }) =>
      granted(resource, stack).some(
        (statement) =>
          at(statement, 'NotResource') !== undefined ||
          (list(at(statement, 'Resource')).includes('*') &&
            !list(at(statement, 'Action')).every((action) => withoutResource.test(String(action)))),
      )
        ? 'Policies'
        : undefined,
  },
  {
    id: 'role-bounded',
    description: 'A role is under the permissions boundary, whatever its own policy says - 45 CFR 164.308(a)(4)(ii)(B)',
    fix: 'Keep bound() of lib/permissions-boundary.ts in bin/app.ts',
    violates: about('AWS::IAM::Role', ({ PermissionsBoundary }) =>
      PermissionsBoundary === undefined ? 'PermissionsBoundary' : undefined,
    ),
  },
];
