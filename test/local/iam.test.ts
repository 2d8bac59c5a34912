import { Iam } from '../../local/iam';
import type { Access } from '../../local/service';
import type { Json } from '../../local/template';
import {
  allow,
  anonymous,
  bucket,
  decide,
  deny,
  everyone,
  type Given,
  key,
  policies,
  role,
  roleArn,
  root,
  table,
  theAccount,
  theRole,
} from './iam-cases';

const get: Access = { action: 'dynamodb:GetItem', resource: table };
const decrypt: Access = { action: 'kms:Decrypt', resource: key };
const read: Access = { action: 's3:GetObject', resource: `${bucket}/a` };
const noIdentity = (action: string) => `no identity-based policy allows the ${action} action`;
const noResource = (action: string) => `no resource-based policy allows the ${action} action`;
const noBoundary = (action: string) => `no permissions boundary allows the ${action} action`;
const denied = (kind: string) => `of an explicit deny in ${kind}`;

describe('the logic of one account', () => {
  const getAllowed = [allow('dynamodb:GetItem', table)];
  const readAllowed = [allow('s3:GetObject', `${bucket}/*`)];
  const all = [allow('*')];
  it.each<[string, Given, Access, string]>([
    ['nothing allows', {}, get, noIdentity('dynamodb:GetItem')],
    ['the identity policy allows', { identity: getAllowed }, get, 'allowed'],
    [
      'another action is allowed',
      { identity: [allow('dynamodb:PutItem', table)] },
      get,
      noIdentity('dynamodb:GetItem'),
    ],
    [
      'another table is allowed',
      { identity: [allow('dynamodb:GetItem', `${table}2`)] },
      get,
      noIdentity('dynamodb:GetItem'),
    ],
    [
      'a deny stands beside',
      { identity: [...getAllowed, deny('dynamodb:*')] },
      get,
      denied('an identity-based policy'),
    ],
    ['actions differ in case', { identity: [allow('DynamoDB:getitem', table)] }, get, 'allowed'],
    [
      'resources differ in case',
      { identity: [allow('dynamodb:GetItem', table.replace('records', 'Records'))] },
      get,
      noIdentity('dynamodb:GetItem'),
    ],
    ['an action has wildcards', { identity: [allow('dynamodb:?et*', table)] }, get, 'allowed'],
    [
      'NotAction leaves it out',
      { identity: [{ Effect: 'Allow', NotAction: 'dynamodb:GetItem', Resource: '*' }] },
      get,
      noIdentity('dynamodb:GetItem'),
    ],
    ['NotAction covers it', { identity: [{ Effect: 'Allow', NotAction: 'kms:*', Resource: '*' }] }, get, 'allowed'],
    [
      'NotResource leaves it out',
      { identity: [{ Effect: 'Allow', Action: '*', NotResource: `${table}*` }] },
      get,
      noIdentity('dynamodb:GetItem'),
    ],
    ['a boundary allows as well', { identity: getAllowed, boundary: [allow('dynamodb:*')] }, get, 'allowed'],
    [
      'a boundary does not allow',
      { identity: getAllowed, boundary: [allow('kms:*')] },
      get,
      noBoundary('dynamodb:GetItem'),
    ],
    [
      'a boundary denies',
      { identity: getAllowed, boundary: [...all, deny('dynamodb:*')] },
      get,
      denied('a permissions boundary'),
    ],
    ['only a boundary allows', { boundary: all }, get, noIdentity('dynamodb:GetItem')],
    [
      'an action has no resource',
      { identity: [allow('kms:GenerateRandom')] },
      { action: 'kms:GenerateRandom', resource: '*' },
      'allowed',
    ],
    [
      'a named resource meets a call without one',
      { identity: [allow('kms:*', 'arn:aws:kms:*:*:*')] },
      { action: 'kms:GenerateRandom', resource: '*' },
      noIdentity('kms:GenerateRandom'),
    ],

    [
      'a bucket policy names the role',
      { resources: { [bucket]: [allow('s3:GetObject', `${bucket}/*`, theRole)] } },
      read,
      'allowed',
    ],
    [
      'a bucket policy names everyone',
      { resources: { [bucket]: [allow('s3:GetObject', `${bucket}/*`, everyone)] } },
      read,
      'allowed',
    ],
    [
      'a bucket policy names the account',
      { resources: { [bucket]: [allow('s3:GetObject', `${bucket}/*`, theAccount)] } },
      read,
      noIdentity('s3:GetObject'),
    ],
    [
      'a bucket policy names another role',
      { resources: { [bucket]: [allow('s3:GetObject', `${bucket}/*`, { Principal: { AWS: `${roleArn}2` } })] } },
      read,
      noIdentity('s3:GetObject'),
    ],
    [
      'a bucket policy names a service',
      {
        resources: {
          [bucket]: [allow('s3:GetObject', `${bucket}/*`, { Principal: { Service: 'lambda.amazonaws.com' } })],
        },
      },
      read,
      noIdentity('s3:GetObject'),
    ],
    [
      'a bucket policy denies the role',
      { identity: readAllowed, resources: { [bucket]: [deny('s3:*', `${bucket}/*`, theRole)] } },
      read,
      denied('a resource-based policy'),
    ],
    [
      'a bucket policy denies the account',
      { identity: readAllowed, resources: { [bucket]: [deny('s3:*', `${bucket}/*`, theAccount)] } },
      read,
      denied('a resource-based policy'),
    ],
    [
      'a bucket policy of another bucket denies',
      { identity: readAllowed, resources: { 'arn:aws:s3:::arch': [deny('s3:*', '*', everyone)] } },
      read,
      'allowed',
    ],
    [
      'a boundary limits a bucket policy',
      { boundary: getAllowed, resources: { [bucket]: [allow('s3:GetObject', `${bucket}/*`, theRole)] } },
      read,
      noBoundary('s3:GetObject'),
    ],
    [
      'a table policy denies what is asked of an index',
      { identity: all, resources: { [table]: [deny('dynamodb:Query', '*', everyone)] } },
      { action: 'dynamodb:Query', resource: `${table}/index/x` },
      denied('a resource-based policy'),
    ],

    [
      'a key policy does not name the role',
      { identity: all, resources: { [key]: [allow('kms:*', '*', { Principal: { AWS: `${roleArn}2` } })] } },
      decrypt,
      noResource('kms:Decrypt'),
    ],
    ['a key has no policy', { identity: all }, decrypt, noResource('kms:Decrypt')],
    ['a key policy names the role', { resources: { [key]: [allow('kms:Decrypt', '*', theRole)] } }, decrypt, 'allowed'],
    [
      'a key policy delegates, and IAM allows',
      { identity: [allow('kms:Decrypt', key)], resources: { [key]: [allow('kms:*', '*', theAccount)] } },
      decrypt,
      'allowed',
    ],
    [
      'a key policy delegates, and IAM is silent',
      { resources: { [key]: [allow('kms:*', '*', theAccount)] } },
      decrypt,
      noIdentity('kms:Decrypt'),
    ],
    [
      'a key policy delegates another action',
      { identity: all, resources: { [key]: [allow('kms:Encrypt', '*', theAccount)] } },
      decrypt,
      noResource('kms:Decrypt'),
    ],
    [
      'a key policy delegates to another account',
      { identity: all, resources: { [key]: [allow('kms:*', '*', { Principal: { AWS: '111111111111' } })] } },
      decrypt,
      noResource('kms:Decrypt'),
    ],
    [
      'a key policy denies',
      { identity: all, resources: { [key]: [allow('kms:*', '*', theAccount), deny('kms:Decrypt', '*', everyone)] } },
      decrypt,
      denied('a resource-based policy'),
    ],
  ])('when %s', (_, given, access, expected) => {
    expect(decide(given, access)).toBe(expected);
  });

  it('lets the root user do what no resource forbids, and with a key what its policy says', () => {
    expect(decide({}, get, root)).toBe('allowed');
    expect(decide({ resources: { [bucket]: [deny('s3:*', '*', everyone)] } }, read, root)).toBe(
      denied('a resource-based policy'),
    );
    expect(decide({}, decrypt, root)).toBe(noResource('kms:Decrypt'));
    expect(decide({ resources: { [key]: [allow('kms:*', '*', theRole)] } }, decrypt, root)).toBe(
      noResource('kms:Decrypt'),
    );
    expect(decide({ resources: { [key]: [allow('kms:*', '*', theAccount)] } }, decrypt, root)).toBe('allowed');
  });

  it('lets the anonymous do what a resource grants everyone, and nothing else', () => {
    const grant = (more: { readonly [element: string]: Json }) => ({
      resources: { [bucket]: [allow('s3:GetObject', `${bucket}/*`, more)] },
    });
    expect(decide(grant(everyone), read, anonymous)).toBe('allowed');
    expect(decide(grant({ Principal: { AWS: '*' } }), read, anonymous)).toBe('allowed');
    expect(decide(grant(theAccount), read, anonymous)).toBe(noResource('s3:GetObject'));
    expect(decide({ identity: [allow('*')] }, read, anonymous)).toBe(noResource('s3:GetObject'));
  });

  it('knows no role that the template does not have, and no other account', () => {
    const given = { identity: [allow('*')] };
    expect(decide(given, get, { kind: 'role', arn: `${roleArn}2` })).toBe('no such role exists');
    expect(decide(given, get, { kind: 'root', arn: 'arn:aws:iam::111111111111:root' })).toBe(
      'the caller is of another account',
    );
  });

  it('refuses with the words, code and status of AWS', () => {
    const iam = new Iam(policies({}));
    const refusal = (access: Access) => {
      try {
        iam.authorize(role, access);
        return undefined;
      } catch (error) {
        return error;
      }
    };
    expect(refusal(get)).toMatchObject({
      code: 'AccessDeniedException',
      status: 400,
      message: `User: ${roleArn} is not authorized to perform: dynamodb:GetItem on resource: ${table} because no identity-based policy allows the dynamodb:GetItem action`,
    });
    expect(refusal(read)).toMatchObject({ status: 403 });
  });
});
