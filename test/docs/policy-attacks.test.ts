import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Iam, type Policies } from '../../local/iam';
import type { Access } from '../../local/service';
import type { Json } from '../../local/template';

// The policies of docs/policies against what somebody with stolen credentials would try, decided as IAM decides.

const account = '123456789012';
const role = (name: string) => `arn:aws:iam::${account}:role/${name}`;
const policy = (name: string) => `arn:aws:iam::${account}:policy/${name}`;
const execution = role(`cdk-hnb659fds-cfn-exec-role-${account}-us-east-1`);
const deploy = role(`cdk-hnb659fds-deploy-role-${account}-us-east-1`);
const boundary = policy('ward-prod-handlers-WardHandlersBoundaryEDD113BC-1A2B3C');
const publisher = role(`cdk-hnb659fds-file-publishing-role-${account}-us-east-1`);
const withinTheBoundary = { 'iam:PermissionsBoundary': boundary };

type Document = { readonly Version: string; readonly Statement: Json[] };
/** A policy variable is filled in as IAM would fill it in for a principal of this account. */
const documentOf = (name: string): Document =>
  JSON.parse(
    readFileSync(join(__dirname, '../../docs/policies', name), 'utf8').replaceAll(
      /\$\{aws:PrincipalAccount\}/g,
      account,
    ),
  );
const policyOf = (...Statement: Json[]): Document => ({ Version: '2012-10-17', Statement });
const everything: Json = { Effect: 'Allow', Action: '*', Resource: '*' };

const key = `arn:aws:kms:us-east-1:${account}:key/1`;
const keyPolicy = policyOf({
  Effect: 'Allow',
  Action: 'kms:*',
  Resource: '*',
  Principal: { AWS: `arn:aws:iam::${account}:root` },
});
const accountWith = (roles: Policies['roles']): Iam =>
  new Iam({
    account,
    region: 'us-east-1',
    roles,
    resourcePolicies: [{ name: 'key', resource: key, document: keyPolicy }],
  });

/** A service control policy bounds a principal as a permissions boundary does, beside the full access that AWS attaches. */
const guardRails = {
  name: 'guard rails',
  document: policyOf(
    everything,
    ...['guard-rails.json', 'item-guard-rails.json'].flatMap((name) => documentOf(name).Statement),
  ),
};
const iam = accountWith(
  [
    execution,
    deploy,
    publisher,
    ...[
      'admin',
      'WardPipeline',
      'WARDPIPELINE',
      'OrganizationAccountAccessRole',
      'WardOperator',
      'ward-prod-patients',
      'cdk-hnb659fds-cfn-exec-role-999999999999-us-east-1',
    ].map(role),
  ].map((arn) => ({ arn, identity: [{ name: 'all', document: policyOf(everything) }], boundary: guardRails })),
);
const deployment = accountWith([
  { arn: execution, identity: [{ name: 'deployment', document: documentOf('deployment.json') }] },
]);

const may = (who: Iam, arn: string, action: string, resource: string, context: Access['context'] = {}): boolean => {
  try {
    who.authorize({ kind: 'role', arn }, { action, resource, context });
    return true;
  } catch {
    return false;
  }
};

describe('the guard rails of items', () => {
  const table = `arn:aws:dynamodb:us-east-1:${account}:table/ward-prod-data-Governance1A2B3C`;
  const items = ['GetItem', 'BatchGetItem', 'Query', 'Scan', 'PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem'];
  test.each([...items, 'PartiQLUpdate', 'PartiQLSelect'])(
    '%s past Ward: an administrator makes no compliance officer and reads no item',
    (action) => {
      for (const who of ['admin', 'OrganizationAccountAccessRole', 'WardPipeline'])
        expect([who, may(iam, role(who), `dynamodb:${action}`, table)]).toEqual([who, false]);
      for (const who of ['ward-prod-patients', 'WardOperator'])
        expect([who, may(iam, role(who), `dynamodb:${action}`, table)]).toEqual([who, true]);
    },
  );

  test('streams are read by Ward alone, and no table is carried to a bucket or a stream of somebody’s', () => {
    expect(may(iam, role('admin'), 'dynamodb:GetRecords', `${table}/stream/2026-11-23T00:00:00.000`)).toBe(false);
    for (const action of ['ExportTableToPointInTime', 'EnableKinesisStreamingDestination'])
      for (const who of ['admin', 'WardOperator', 'WardPipeline'])
        expect([who, may(iam, role(who), `dynamodb:${action}`, table)]).toEqual([who, false]);
  });

  test('who the operator is, is the organization’s to say', () => {
    for (const action of ['CreateRole', 'UpdateAssumeRolePolicy', 'AttachRolePolicy'])
      for (const who of ['admin', 'WardOperator', 'WardPipeline'])
        expect([who, may(iam, role(who), `iam:${action}`, role('WardOperator'))]).toEqual([who, false]);
    expect(may(iam, role('OrganizationAccountAccessRole'), 'iam:CreateRole', role('WardOperator'))).toBe(true);
  });
});

describe('the guard rails', () => {
  const ofTheDeployment = [
    execution,
    deploy,
    role('cdk-hnb659fds-cfn-exec-role-123456789012-eu-west-9'),
    role('OrganizationAccountAccessRole'),
    role('WardPipeline'),
  ];
  test.each([
    'CreateRole',
    'UpdateAssumeRolePolicy',
    'AttachRolePolicy',
    'PutRolePolicy',
    'DetachRolePolicy',
    'DeleteRolePolicy',
    'DeleteRole',
    'PutRolePermissionsBoundary',
    'DeleteRolePermissionsBoundary',
  ])('%s on a role that deploys is the organization’s alone: no administrator makes or takes one', (action) => {
    for (const target of ofTheDeployment)
      for (const who of [role('admin'), role('WardPipeline'), role('ward-prod-patients'), deploy, execution])
        expect([who, target, may(iam, who, `iam:${action}`, target)]).toEqual([who, target, false]);
    expect(may(iam, role('OrganizationAccountAccessRole'), `iam:${action}`, execution)).toBe(true);
  });

  test.each(['CreatePolicyVersion', 'SetDefaultPolicyVersion', 'CreatePolicy', 'DeletePolicy'])(
    '%s: what a deployment may is the organization’s, the boundaries are the deployment’s',
    (action) => {
      const own = policy('cdk-hnb659fds-ward-deployment');
      for (const who of [role('admin'), role('WardPipeline'), execution])
        expect(may(iam, who, `iam:${action}`, own)).toBe(false);
      expect(may(iam, role('OrganizationAccountAccessRole'), `iam:${action}`, own)).toBe(true);
      expect(may(iam, role('admin'), `iam:${action}`, boundary)).toBe(false);
      expect(may(iam, execution, `iam:${action}`, boundary)).toBe(true);
    },
  );

  test('nobody but the pipeline gets to CloudFormation’s role, by a role, a stack or a pass', () => {
    const stack = `arn:aws:cloudformation:us-east-1:${account}:stack/ward-prod-data/1`;
    const ways = [
      ['sts:AssumeRole', deploy],
      ['sts:AssumeRole', execution],
      ['iam:PassRole', execution],
      ['cloudformation:UpdateStack', stack],
      ['cloudformation:CreateChangeSet', stack],
      ['cloudformation:ExecuteChangeSet', stack],
      ['cloudformation:DeleteStack', stack],
    ] as const;
    for (const [action, resource] of ways)
      for (const who of ['admin', 'ward-prod-patients', 'WARDPIPELINE'])
        expect([who, action, may(iam, role(who), action, resource)]).toEqual([who, action, false]);
    expect(may(iam, role('WardPipeline'), 'sts:AssumeRole', deploy)).toBe(true);
    expect(may(iam, deploy, 'iam:PassRole', execution)).toBe(true);
    expect(may(iam, deploy, 'cloudformation:ExecuteChangeSet', stack)).toBe(true);
  });

  test('an operator hands AWS Backup a role of Ward, for a restore, and nobody else gets one, for anything', () => {
    const to = (service: string) => ({ 'iam:PassedToService': service });
    const backup = to('backup.amazonaws.com');
    const restore = role('ward-prod-west-restore');
    expect(may(iam, role('WardOperator'), 'iam:PassRole', restore, backup)).toBe(true);
    for (const who of ['admin', 'OrganizationAccountAccessRole', 'WardPipeline', 'ward-prod-patients'])
      expect([who, may(iam, role(who), 'iam:PassRole', restore, backup)]).toEqual([who, false]);
    for (const context of [to('lambda.amazonaws.com'), {}])
      for (const who of ['admin', 'WardOperator'])
        expect([who, may(iam, role(who), 'iam:PassRole', role('ward-prod-patients'), context)]).toEqual([who, false]);
    expect(may(iam, execution, 'iam:PassRole', restore, to('lambda.amazonaws.com'))).toBe(true);
  });

  test('who bootstraps makes the bucket of the bundles; what is in it is what a deployment published', () => {
    const bucket = `arn:aws:s3:::cdk-hnb659fds-assets-${account}-us-east-1`;
    const organization = role('OrganizationAccountAccessRole');
    for (const action of ['s3:PutBucketPolicy', 's3:PutBucketVersioning', 's3:PutLifecycleConfiguration'])
      expect([action, may(iam, organization, action, bucket)]).toEqual([action, true]);
    expect(may(iam, publisher, 's3:PutObject', `${bucket}/a.zip`)).toBe(true);
    for (const who of [role('admin'), role('ward-prod-patients'), role('WardPipeline'), deploy]) {
      expect([who, may(iam, who, 's3:PutObject', `${bucket}/a.zip`)]).toEqual([who, false]);
      expect([who, may(iam, who, 's3:PutBucketPolicy', bucket)]).toEqual([who, false]);
    }
  });

  test.each([
    ['kms:PutKeyPolicy', key],
    ['s3:PutBucketPolicy', 'arn:aws:s3:::ward-prod-archive'],
    ['s3:PutReplicationConfiguration', 'arn:aws:s3:::ward-prod-archive'],
    ['dynamodb:PutResourcePolicy', `arn:aws:dynamodb:us-east-1:${account}:table/ward-prod-data-Audit`],
    ['backup:PutBackupVaultAccessPolicy', `arn:aws:backup:us-east-1:${account}:backup-vault:ward-prod-vault`],
    ['cloudtrail:StopLogging', `arn:aws:cloudtrail:us-east-1:${account}:trail/ward-prod`],
    ['lambda:UpdateFunctionCode', `arn:aws:lambda:us-east-1:${account}:function:ward-prod-patients`],
    ['iam:PutRolePolicy', role('ward-prod-patients')],
  ])('%s is the deployment’s, under the role of this account by its whole name', (action, resource) => {
    expect(may(iam, execution, action, resource)).toBe(true);
    for (const who of [role('admin'), deploy, role('cdk-hnb659fds-cfn-exec-role-999999999999-us-east-1')])
      expect([who, may(iam, who, action, resource)]).toEqual([who, false]);
  });

  test('a role of Ward that a deployment gave everything, under a boundary that allows it, still gets no further', () => {
    const own = role('ward-prod-patients');
    for (const action of ['iam:CreateUser', 'iam:PassRole', 'iam:CreateAccessKey', 'organizations:LeaveOrganization'])
      expect(may(iam, own, action, '*')).toBe(false);
    expect(may(iam, own, 'sts:AssumeRole', role('admin'))).toBe(false);
    expect(may(iam, own, 'dynamodb:GetItem', '*')).toBe(true);
  });
});

describe('a stolen pipeline, with all that the deployment may', () => {
  const can = (action: string, resource: string, context: Access['context'] = {}) =>
    may(deployment, execution, action, resource, context);
  const evil = role('ward-prod-evil');
  const administrator = 'arn:aws:iam::aws:policy/AdministratorAccess';

  test.each(['CreateRole', 'PutRolePolicy', 'PutRolePermissionsBoundary', 'AttachRolePolicy', 'DeleteRolePolicy'])(
    'iam:%s is under Ward’s boundary alone',
    (action) => {
      const attached = { 'iam:PolicyARN': policy('ward-prod-network-NetworkConnection-1') };
      expect(can(`iam:${action}`, evil, { ...attached, ...withinTheBoundary })).toBe(true);
      expect(can(`iam:${action}`, evil, attached)).toBe(false);
      expect(can(`iam:${action}`, evil, { ...attached, 'iam:PermissionsBoundary': administrator })).toBe(false);
      expect(can(`iam:${action}`, role('admin'), { ...attached, ...withinTheBoundary })).toBe(false);
    },
  );

  test('attaches none of AWS’s policies but the one of API Gateway’s log', () => {
    const attach = (arn: string) => can('iam:AttachRolePolicy', evil, { ...withinTheBoundary, 'iam:PolicyARN': arn });
    expect(attach(administrator)).toBe(false);
    expect(attach('arn:aws:iam::aws:policy/IAMFullAccess')).toBe(false);
    expect(attach('arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs')).toBe(true);
  });

  test.each([
    ['iam:DeleteRolePermissionsBoundary', evil, withinTheBoundary],
    ['iam:CreatePolicyVersion', policy('cdk-hnb659fds-ward-deployment'), {}],
    ['iam:SetDefaultPolicyVersion', policy('cdk-hnb659fds-ward-deployment'), {}],
    ['iam:AttachRolePolicy', execution, { ...withinTheBoundary, 'iam:PolicyARN': administrator }],
    ['iam:UpdateAssumeRolePolicy', execution, {}],
    ['iam:CreateUser', `arn:aws:iam::${account}:user/ward-x`, {}],
    ['iam:CreateAccessKey', `arn:aws:iam::${account}:user/ward-x`, {}],
    ['iam:PassRole', role('admin'), { 'iam:PassedToService': 'lambda.amazonaws.com' }],
    ['iam:PassRole', evil, { 'iam:PassedToService': 'ec2.amazonaws.com' }],
    ['iam:PassRole', execution, { 'iam:PassedToService': 'cloudformation.amazonaws.com' }],
    ['sts:AssumeRole', role('admin'), {}],
    ['kms:ScheduleKeyDeletion', key, {}],
  ])('may not %s on %s', (action, resource, context) => {
    expect(can(action, resource, context)).toBe(false);
  });
});
