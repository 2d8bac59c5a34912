import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Iam } from '../../../local/iam';
import type { Stages } from '../assembly';
import { deployedAlias, deployedKey, deploymentActions } from '../deployment-actions';

const deployment = 'arn:aws:iam::123456789012:role/cdk-hnb659fds-cfn-exec-role-123456789012-us-east-1';

export function describeDeployment({ production, apart, cheap }: Pick<Stages, 'production' | 'apart' | 'cheap'>): void {
  test('the policy that docs/deploy.md bootstraps with lets CloudFormation make, change and take away all that the templates have', () => {
    const text = readFileSync(join(__dirname, '../../../docs/policies/deployment.json'), 'utf8');
    const theAccount = { AWS: 'arn:aws:iam::123456789012:root' };
    const iam = new Iam({
      account: '123456789012',
      region: 'us-east-1',
      roles: [{ arn: deployment, identity: [{ name: 'deployment', document: JSON.parse(text) }] }],
      // What a key's own policy leaves to IAM is not what is asked here.
      resourcePolicies: [deployedKey, deployedAlias].map((resource) => ({
        name: 'key',
        resource,
        document: {
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Action: 'kms:*', Resource: '*', Principal: theAccount }],
        },
      })),
    });
    const context = {
      'aws:ViaAWSService': 'true',
      'iam:PermissionsBoundary': 'arn:aws:iam::123456789012:policy/ward-prod-data-WardDataBoundaryEDD113BC-1A2B3C',
      'iam:PolicyARN': 'arn:aws:iam::123456789012:policy/ward-prod-network-NetworkConnectionE93EA02B-1A2B3C',
      'iam:PassedToService': 'lambda.amazonaws.com',
    };
    const refusal = (action: string, resource: string): string[] => {
      try {
        iam.authorize({ kind: 'role', arn: deployment }, { action, resource, context });
        return [];
      } catch {
        return [`${action} on ${resource}`];
      }
    };
    const types = new Set(
      [...production.all, ...apart.all, ...cheap.all].flatMap(({ json }) =>
        Object.values(json.Resources).map(({ Type }) => Type),
      ),
    );
    types.delete('AWS::CDK::Metadata');
    expect([...types].filter((type) => !Object.hasOwn(deploymentActions, type))).toEqual([]);
    const refused = [...types].flatMap((type) =>
      (deploymentActions[type] ?? []).flatMap(([resource, actions]) =>
        actions.flatMap((action) => refusal(action, resource).map((each) => `${type}: ${each}`)),
      ),
    );
    expect(refused).toEqual([]);
  });

  test('it has the services that roles are passed to, the policies that are attached, and the names of boundaries', () => {
    const text = readFileSync(join(__dirname, '../../../docs/policies/deployment.json'), 'utf8');
    for (const template of [...production.all, ...apart.all, ...cheap.all]) {
      for (const [, { Properties }] of template.resources('AWS::IAM::Role')) {
        const principals: readonly { readonly Service?: string }[] = Properties.AssumeRolePolicyDocument.Statement.map(
          ({ Principal }: { readonly Principal: object }) => Principal,
        );
        for (const { Service } of principals) if (Service) expect(text).toContain(`"${Service}"`);
        for (const attached of Properties.ManagedPolicyArns ?? [])
          expect(JSON.stringify(attached)).toMatch(/AmazonAPIGatewayPushToCloudWatchLogs|"ward-\w+-network:Exports/);
        expect(Properties.PermissionsBoundary.Ref).toMatch(/^Ward\w+Boundary[0-9A-F]{8}$/);
        expect(Properties.RoleName ?? 'ward-').toMatch(/^ward-/);
      }
      for (const [, { Properties }] of template.resources('AWS::IAM::ManagedPolicy'))
        expect(Properties.ManagedPolicyName).toBeUndefined(); // then it begins with the stack's
    }
  });
}
