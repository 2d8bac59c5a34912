import { Iam, type Policies } from '../../local/iam';
import { type Access, type Caller, ServiceError } from '../../local/service';
import type { Json } from '../../local/template';

export const account = '000000000000';
export const roleArn = `arn:aws:iam::${account}:role/reader`;
export const role: Caller = { kind: 'role', arn: roleArn };
export const root: Caller = { kind: 'root', arn: `arn:aws:iam::${account}:root` };
export const anonymous: Caller = { kind: 'anonymous', arn: '' };
export const table = `arn:aws:dynamodb:us-east-1:${account}:table/records`;
export const key = `arn:aws:kms:us-east-1:${account}:key/k`;
export const bucket = 'arn:aws:s3:::archive';

export type Statements = readonly { readonly [element: string]: Json }[];
export const document = (statements: Statements): Json => ({ Version: '2012-10-17', Statement: statements });
export const allow = (Action: Json, Resource: Json = '*', more: { readonly [element: string]: Json } = {}) => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...more,
});
export const deny = (Action: Json, Resource: Json = '*', more: { readonly [element: string]: Json } = {}) => ({
  ...allow(Action, Resource, more),
  Effect: 'Deny',
});
export const everyone = { Principal: '*' };
export const theAccount = { Principal: { AWS: `arn:aws:iam::${account}:root` } };
export const theRole = { Principal: { AWS: roleArn } };

export interface Given {
  readonly identity?: Statements;
  readonly boundary?: Statements;
  /** by the resource's ARN */
  readonly resources?: Readonly<Record<string, Statements>>;
}
export function policies({ identity = [], boundary, resources = {} }: Given): Policies {
  const limit = boundary ? { boundary: { name: 'boundary', document: document(boundary) } } : {};
  return {
    account,
    region: 'us-east-1',
    roles: [{ arn: roleArn, identity: [{ name: 'identity', document: document(identity) }], ...limit }],
    resourcePolicies: Object.entries(resources).map(([resource, statements]) => ({
      name: 'resource',
      resource,
      document: document(statements),
    })),
  };
}

/** `allowed`, or the reason of the refusal. */
export function decide(given: Given, access: Access, caller: Caller = role): string {
  try {
    new Iam(policies(given)).authorize(caller, access);
    return 'allowed';
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== 'AccessDeniedException') throw error;
    return error.message.replace(/^.* because /, '');
  }
}
