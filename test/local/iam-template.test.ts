import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Iam } from '../../local/iam';
import { type Access, type Caller, ServiceError } from '../../local/service';
import { Assembly, type Json } from '../../local/template';
import { account, allow, deny, document, everyone, type Statements } from './iam-cases';

describe('a synthesized template', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ward-iam-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const get = (id: string, attribute: string): Json => ({ 'Fn::GetAtt': [id, attribute] });
  const trust = (service: string, more: { readonly [element: string]: Json } = {}) =>
    document([{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole', ...more }]);
  const grants = {
    table: allow('dynamodb:GetItem', get('Table', 'Arn'), {
      Condition: {
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['P#*'] },
        Null: { 'dynamodb:LeadingKeys': 'false' },
      },
    }),
    key: allow('kms:Decrypt', get('Key', 'Arn'), {
      Condition: { StringEquals: { 'kms:EncryptionContext:organization': 'ward' } },
    }),
    bucket: allow('s3:PutObject', { 'Fn::Join': ['', [get('Bucket', 'Arn'), '/*']] }),
  };
  const keyPolicy = {
    delegate: allow('kms:*', '*', { Principal: { AWS: { 'Fn::Sub': 'arn:aws:iam::$' + '{AWS::AccountId}:root' } } }),
  };

  function template(given: Partial<Record<keyof typeof grants | keyof typeof keyPolicy, undefined>> = {}) {
    const kept = (all: Record<string, Statements[number]>) =>
      Object.entries({ ...all, ...given }).flatMap(([name, statement]) =>
        statement && name in all ? [statement] : [],
      );
    return {
      Table: { Type: 'AWS::DynamoDB::GlobalTable', Properties: { Replicas: [] } },
      Key: { Type: 'AWS::KMS::Key', Properties: { KeyPolicy: document(kept(keyPolicy)) } },
      Bucket: { Type: 'AWS::S3::Bucket' },
      BucketPolicy: {
        Type: 'AWS::S3::BucketPolicy',
        Properties: {
          Bucket: { Ref: 'Bucket' },
          PolicyDocument: document([
            deny('s3:*', [get('Bucket', 'Arn'), { 'Fn::Join': ['', [get('Bucket', 'Arn'), '/*']] }], {
              ...everyone,
              Condition: { Bool: { 'aws:SecureTransport': 'false' } },
            }),
          ]),
        },
      },
      Role: {
        Type: 'AWS::IAM::Role',
        Properties: {
          AssumeRolePolicyDocument: trust('lambda.amazonaws.com'),
          PermissionsBoundary: { Ref: 'Boundary' },
          ManagedPolicyArns: ['arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole', { Ref: 'Managed' }],
          Policies: [{ PolicyName: 'inline', PolicyDocument: document(kept({ table: grants.table })) }],
        },
      },
      Boundary: {
        Type: 'AWS::IAM::ManagedPolicy',
        Properties: {
          PolicyDocument: document([
            allow(['dynamodb:*', 'kms:*', 's3:*'], '*', {
              Condition: { StringEquals: { 'aws:ResourceAccount': { Ref: 'AWS::AccountId' } } },
            }),
          ]),
        },
      },
      Managed: { Type: 'AWS::IAM::ManagedPolicy', Properties: { PolicyDocument: document(kept({ key: grants.key })) } },
      Policy: {
        Type: 'AWS::IAM::Policy',
        Properties: {
          PolicyName: 'p',
          Roles: [{ Ref: 'Role' }],
          PolicyDocument: document(kept({ bucket: grants.bucket })),
        },
      },
      Attached: {
        Type: 'AWS::IAM::ManagedPolicy',
        Properties: {
          Roles: [{ Ref: 'Role' }],
          PolicyDocument: document([allow('dynamodb:PutItem', get('Table', 'Arn'))]),
        },
      },
      Function: { Type: 'AWS::Lambda::Function', Properties: {} },
      Permission: {
        Type: 'AWS::Lambda::Permission',
        Properties: {
          Action: 'lambda:InvokeFunction',
          FunctionName: get('Function', 'Arn'),
          Principal: 'apigateway.amazonaws.com',
          SourceArn: { 'Fn::Sub': 'arn:aws:execute-api:us-east-1:$' + '{AWS::AccountId}:api/*/GET/v1' },
        },
      },
      ScheduleRole: {
        Type: 'AWS::IAM::Role',
        Properties: {
          AssumeRolePolicyDocument: trust('scheduler.amazonaws.com', {
            Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
          }),
        },
      },
    };
  }

  let count = 0;
  function load(Resources: Record<string, unknown>) {
    const directory = join(folder, String(count++));
    mkdirSync(directory);
    const stack = {
      type: 'aws:cloudformation:stack',
      environment: `aws://${account}/us-east-1`,
      properties: { templateFile: 'demo.json' },
    };
    writeFileSync(join(directory, 'manifest.json'), JSON.stringify({ artifacts: { demo: stack } }));
    writeFileSync(join(directory, 'demo.json'), JSON.stringify({ Resources }));
    return new Assembly(directory);
  }
  function calls(assembly: Assembly) {
    const arn = (id: string) => assembly.resource(id).arn ?? '';
    const caller: Caller = { kind: 'role', arn: arn('Role') };
    const attempt = (access: Access) => {
      try {
        new Iam(assembly).authorize(caller, access);
        return true;
      } catch (error) {
        if (error instanceof ServiceError && error.code === 'AccessDeniedException') return false;
        throw error;
      }
    };
    return {
      table: attempt({
        action: 'dynamodb:GetItem',
        resource: arn('Table'),
        context: { 'dynamodb:LeadingKeys': ['P#1'] },
      }),
      otherLeadingKey: attempt({
        action: 'dynamodb:GetItem',
        resource: arn('Table'),
        context: { 'dynamodb:LeadingKeys': ['P#1', 'A#1'] },
      }),
      noLeadingKey: attempt({ action: 'dynamodb:GetItem', resource: arn('Table') }),
      put: attempt({ action: 'dynamodb:PutItem', resource: arn('Table') }),
      key: attempt({
        action: 'kms:Decrypt',
        resource: arn('Key'),
        context: { 'kms:EncryptionContext:organization': 'ward' },
      }),
      otherContext: attempt({
        action: 'kms:Decrypt',
        resource: arn('Key'),
        context: { 'kms:EncryptionContext:organization': 'other' },
      }),
      bucket: attempt({ action: 's3:PutObject', resource: `${arn('Bucket')}/segment` }),
      logs: attempt({ action: 'logs:PutLogEvents', resource: '*' }),
    };
  }
  const whole = {
    table: true,
    otherLeadingKey: false,
    noLeadingKey: false,
    put: true,
    key: true,
    otherContext: false,
    bucket: true,
    logs: false,
  };

  it('permits what its inline, attached and managed policies allow within the boundary', () => {
    expect(calls(load(template()))).toEqual(whole);
  });

  it.each([
    ['table', { table: false }],
    ['key', { key: false }],
    ['delegate', { key: false }],
    ['bucket', { bucket: false }],
  ] as const)('without its statement "%s" gives AccessDenied', (statement, change) => {
    expect(calls(load(template({ [statement]: undefined })))).toEqual({ ...whole, ...change });
  });

  it('says which service may invoke a function, and from where', () => {
    const assembly = load(template());
    const iam = new Iam(assembly);
    const { ref, arn = '' } = assembly.resource('Function');
    const route = `arn:aws:execute-api:us-east-1:${account}:api/dev/GET/v1`;
    expect(iam.mayInvoke('apigateway.amazonaws.com', ref, route)).toBe(true);
    expect(iam.mayInvoke('apigateway.amazonaws.com', arn, route)).toBe(true);
    expect(iam.mayInvoke('apigateway.amazonaws.com', ref, route.replace('GET', 'POST'))).toBe(false);
    expect(iam.mayInvoke('events.amazonaws.com', ref, route)).toBe(false);
    expect(iam.mayInvoke('apigateway.amazonaws.com', `${ref}2`, route)).toBe(false);
  });

  it('says which service may assume a role', () => {
    const assembly = load(template());
    const iam = new Iam(assembly);
    const schedule = `arn:aws:scheduler:us-east-1:${account}:schedule-group/default`;
    const of = (id: string) => assembly.resource(id).arn ?? '';
    expect(iam.mayAssume('lambda.amazonaws.com', of('Role'))).toBe(true);
    expect(iam.mayAssume('scheduler.amazonaws.com', of('Role'), schedule)).toBe(false);
    expect(iam.mayAssume('scheduler.amazonaws.com', of('ScheduleRole'), schedule)).toBe(true);
    expect(
      iam.mayAssume('scheduler.amazonaws.com', of('ScheduleRole'), schedule.replace(account, '111111111111')),
    ).toBe(false);
    expect(iam.mayAssume('scheduler.amazonaws.com', of('ScheduleRole'))).toBe(false);
  });

  it.each<[string, Record<string, unknown>, string]>([
    [
      'a managed policy that is not in the table',
      {
        Role: {
          Type: 'AWS::IAM::Role',
          Properties: {
            ManagedPolicyArns: ['arn:aws:iam::aws:policy/AdministratorAccess'],
            AssumeRolePolicyDocument: trust('x'),
          },
        },
      },
      'demo/Role: the managed policy arn:aws:iam::aws:policy/AdministratorAccess is not known',
    ],
    ['a user', { User: { Type: 'AWS::IAM::User' } }, 'demo: User is an AWS::IAM::User, which is not emulated'],
    [
      'a policy of a group',
      {
        Policy: {
          Type: 'AWS::IAM::Policy',
          Properties: { PolicyName: 'p', Groups: ['g'], PolicyDocument: document([]) },
        },
      },
      'demo/Policy: Groups are not emulated',
    ],
    [
      'a policy of a role elsewhere',
      {
        Policy: {
          Type: 'AWS::IAM::Policy',
          Properties: { PolicyName: 'p', Roles: ['r'], PolicyDocument: document([]) },
        },
      },
      'demo/Policy: no stack has the role r',
    ],
    [
      'a policy of an API',
      { Api: { Type: 'AWS::ApiGateway::RestApi', Properties: { Policy: document([]) } } },
      'demo/Api: a policy of an API is not emulated',
    ],
    [
      'a permission with a property of its own',
      {
        Permission: {
          Type: 'AWS::Lambda::Permission',
          Properties: { FunctionName: 'f', Principal: 'x', Action: 'a', PrincipalOrgID: 'o' },
        },
      },
      'demo/Permission: PrincipalOrgID is not emulated',
    ],
  ])('fails by name for %s', (_, resources, message) => {
    expect(() => new Iam(load(resources))).toThrow(message);
  });
});
