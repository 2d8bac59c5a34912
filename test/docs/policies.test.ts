import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import cdk from '../../cdk.json';

const list = z.union([z.string(), z.array(z.string())]).transform((value) => [value].flat());
const policy = z.object({
  Statement: z.array(
    z.object({
      Sid: z.string(),
      Effect: z.enum(['Allow', 'Deny']),
      Action: list,
      Resource: list,
      Condition: z.record(z.string(), z.record(z.string(), z.union([z.string(), z.array(z.string())]))).optional(),
    }),
  ),
});
const text = (name: string): string => readFileSync(join(__dirname, '../../docs/policies', name), 'utf8');
const compact = (name: string): string => JSON.stringify(JSON.parse(text(name)));
const statements = (name: string) => policy.parse(JSON.parse(text(name))).Statement;
const matches = (pattern: string, action: string): boolean =>
  new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(action);

test('the policies fit into what AWS takes: 6,144 characters of a managed policy, 5,120 of a service control policy', () => {
  expect(compact('deployment.json').length).toBeLessThanOrEqual(6144);
  for (const name of ['guard-rails.json', 'item-guard-rails.json'])
    expect(compact(name).length).toBeLessThanOrEqual(5120);
});

test.each([
  'dynamodb:GetItem',
  'dynamodb:Query',
  'dynamodb:PutItem',
  'lambda:InvokeFunction',
  'cognito-idp:AdminSetUserPassword',
  'logs:GetLogEvents',
])('whoever deploys may not %s: a pipeline has no business with patients', (action) => {
  const denied = statements('deployment.json').filter(({ Effect }) => Effect === 'Deny');
  expect(denied.flatMap(({ Action }) => Action).some((pattern) => matches(pattern, action))).toBe(true);
});

test('whoever deploys changes roles of Ward alone, ends no key, and reads no object of Ward', () => {
  const allowed = statements('deployment.json').filter(({ Effect }) => Effect === 'Allow');
  for (const { Action, Resource } of allowed)
    if (Action.some((action) => action.startsWith('iam:'))) expect(Resource).not.toContain('*');
  for (const action of ['kms:ScheduleKeyDeletion', 'kms:DisableKey'])
    expect(allowed.flatMap(({ Action }) => Action).filter((pattern) => matches(pattern, action))).toEqual([]);
  expect(statements('deployment.json').find(({ Sid }) => Sid === 'NoObjectsOfWard')?.Resource).toEqual([
    'arn:aws:s3:::ward-*/*',
  ]);
});

const exempt = [
  'arn:aws:iam::*:role/cdk-hnb659fds-cfn-exec-role-<account>-*',
  'arn:aws:iam::*:role/cdk-hnb659fds-deploy-role-<account>-*',
  'arn:aws:iam::*:role/cdk-hnb659fds-file-publishing-role-<account>-*',
  'arn:aws:iam::*:role/OrganizationAccountAccessRole',
  'arn:aws:iam::*:role/WardOperator',
  'arn:aws:iam::*:role/WardPipeline',
  'arn:aws:iam::*:role/ward-*',
];

const toBackup = { 'iam:PassedToService': 'backup.amazonaws.com' };

test('guard rails only deny, and exempt nobody but the deployment, who deploys or bootstraps, and Ward’s own roles', () => {
  const all = ['guard-rails.json', 'item-guard-rails.json'].flatMap(statements);
  for (const { Sid, Effect, Condition } of all) {
    expect(Effect).toBe('Deny');
    const { StringNotEquals: passed, ...principals } = Condition ?? {};
    // AWS Backup works as the role that an operator hands it; the second policy says who hands it one.
    if (passed) expect([Sid, passed]).toEqual(['RolesOfWardByDeploymentOnly', toBackup]);
    for (const [operator, keys] of Object.entries(principals)) {
      expect(operator).toBe(Sid === 'NoRoleOfWardGetsMore' ? 'ArnLike' : 'ArnNotLike');
      expect(Object.keys(keys)).toEqual(['aws:PrincipalArn']);
      for (const role of Object.values(keys).flat())
        expect(exempt).toContain(role.replace(/\$\{aws:PrincipalAccount\}/, '<account>'));
    }
  }
});

test('docs/deploy.md names every setting that a stage can have', async () => {
  const { parseConfig } = await import('../../lib/config');
  const page = readFileSync(join(__dirname, '../../docs/deploy.md'), 'utf8');
  let complaint = '';
  try {
    parseConfig({ stages: { local: { ...cdk.context.ward.stages.local, unknown: 1 } } });
  } catch (error) {
    complaint = error instanceof Error ? error.message : '';
  }
  const settings = complaint.split('it has ')[1]?.split(', ') ?? [];
  expect(settings.length).toBeGreaterThan(10);
  for (const setting of settings) expect(page).toContain(`\`${setting}\``);
});
