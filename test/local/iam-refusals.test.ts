import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Iam } from '../../local/iam';
import { serviceKeys } from '../../local/iam/keys';
import type { Json } from '../../local/template';
import { account, allow, bucket, deny, everyone, type Given, policies, roleArn } from './iam-cases';

describe('a policy that cannot be evaluated exactly stops the start by name', () => {
  const identity = (statement: { readonly [element: string]: Json }): Given => ({ identity: [statement] });
  const resource = (statement: { readonly [element: string]: Json }): Given => ({
    resources: { [bucket]: [statement] },
  });
  const tested = (Condition: Json) => identity(allow('s3:*', '*', { Condition }));
  it.each<[string, Given, string]>([
    [
      'an operator',
      tested({ BinaryEquals: { 'aws:SourceArn': 'x' } }),
      'identity, statement 1: the condition operator BinaryEquals (of aws:SourceArn) is not emulated',
    ],
    ['a quantifier of Null', tested({ 'ForAllValues:Null': { 'dynamodb:LeadingKeys': 'true' } }), 'ForAllValues:Null'],
    [
      'an operator that is a property of every object',
      tested({ constructor: { 'aws:SourceArn': 'x' } }),
      'constructor',
    ],
    [
      'a key',
      tested({ StringNotEquals: { 'aws:PrincipalOrgID': 'o-1' } }),
      'no emulator supplies the condition key aws:PrincipalOrgID',
    ],
    ['a bare prefix', tested({ StringEquals: { 'kms:EncryptionContext:': 'x' } }), 'kms:EncryptionContext:'],
    [
      'a key of several values without a quantifier',
      tested({ StringLike: { 'dynamodb:LeadingKeys': 'P#*' } }),
      'needs ForAllValues: or ForAnyValue:',
    ],
    [
      'a policy variable in a condition',
      tested({ StringEquals: { 's3:versionid': '$' + '{aws:username}' } }),
      'the policy variable',
    ],
    [
      'a policy variable in a resource',
      identity(allow('s3:*', [bucket, '/$', '{aws:username}'].join(''))),
      'the policy variable',
    ],
    ['a number', tested({ NumericEquals: { 's3:object-lock-remaining-retention-days': 'six' } }), 'is not a number'],
    ['a date', tested({ DateLessThan: { 'aws:CurrentTime': 'soon' } }), 'is not a date'],
    ['an address', tested({ IpAddress: { 'aws:SourceIp': '10.0.0.0/33' } }), 'is not an address range'],
    ['a truth', tested({ Bool: { 'aws:SecureTransport': 'yes' } }), 'is neither true nor false'],
    ['an ARN in a condition', tested({ ArnLike: { 'aws:SourceArn': 'arn:aws:*' } }), 'is not an ARN of six parts'],
    ['an ARN', identity(allow('s3:*', 'arn:aws:s3*')), 'the resource "arn:aws:s3*" is not an ARN of six parts'],
    ['an action', identity(allow('s3')), '"s3" is not an action'],
    ['an element', identity(allow('s3:*', '*', { Conditions: {} })), 'the element Conditions is not emulated'],
    ['a principal where none belongs', identity(allow('s3:*', '*', everyone)), 'an identity policy has no Principal'],
    ['a missing principal', resource(allow('s3:*')), 'the Principal is missing'],
    ['NotPrincipal', resource(deny('s3:*', '*', { NotPrincipal: '*' })), 'NotPrincipal is not emulated'],
    [
      'a federated principal',
      resource(allow('s3:*', '*', { Principal: { Federated: 'x' } })),
      'a Federated principal is not emulated',
    ],
    [
      'a pattern of principals',
      resource(deny('s3:*', '*', { Principal: { AWS: `arn:aws:iam::${account}:role/*` } })),
      'is not emulated',
    ],
    ['an empty principal', resource(deny('s3:*', '*', { Principal: {} })), 'the Principal is empty'],
    ['no action', identity({ Effect: 'Allow', Resource: '*' }), 'needs either Action or NotAction'],
    ['an effect', identity({ ...allow('s3:*'), Effect: 'allow' }), 'the effect is neither Allow nor Deny'],
  ])('%s', (_, given, message) => {
    expect(() => new Iam(policies(given))).toThrow(message);
  });

  it('an older version, whose variables mean nothing', () => {
    const old = { name: 'old', document: { Version: '2008-10-17', Statement: [] } };
    expect(() => new Iam({ ...policies({}), roles: [{ arn: roleArn, identity: [old] }] })).toThrow(
      "old: the policy's Version is not 2012-10-17",
    );
  });
});

it('every condition key that a policy may test is supplied: by the evaluator, or named in an emulator', () => {
  const local = join(__dirname, '../../local');
  const sources = readdirSync(local, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.startsWith('iam'))
    .map((file) => readFileSync(join(local, file), 'utf8').toLowerCase());
  const evaluator = ['kms:calleraccount', 's3:resourceaccount'];
  const neverCalled = [
    'iam:passedtoservice',
    'iam:permissionsboundary',
    'iam:policyarn',
    'kms:grantisforawsresource',
    'kms:replicaregion',
    'lambda:sourcefunctionarn',
  ];
  const supplied = (key: string) => sources.some((source) => source.includes(`'${key}'`));
  expect(serviceKeys.filter((key) => !supplied(key)).sort()).toEqual([...evaluator, ...neverCalled].sort());
});
