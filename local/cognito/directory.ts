import { z } from 'zod';
import type { Caller } from '../service';
import { userType } from './administration';
import { administeredPool, type Context } from './context';
import { invalidParameter, parse, resourceNotFound } from './errors';
import type { UserRecord } from './user-record';

const poolId = z.string().min(1).max(128);

const listInput = z.object({
  UserPoolId: poolId,
  AttributesToGet: z.array(z.string().max(256)).optional(),
  Filter: z.string().max(256).optional(),
  Limit: z.int().min(0).max(60).optional(),
  PaginationToken: z
    .string()
    .regex(/^\d{1,9}$/)
    .optional(),
});

/** ListUsers in order of creation, with AWS's one-condition filter (`email = "..."`, `email ^= "..."`). */
export async function listUsers(context: Context, input: unknown, caller: Caller) {
  const { UserPoolId } = parse(z.object({ UserPoolId: poolId }), input);
  const pool = administeredPool(context, caller, 'ListUsers', UserPoolId);
  const { AttributesToGet, Filter, Limit, PaginationToken } = parse(listInput, input);
  const matching = pool.users.all().filter(readFilter(Filter));
  const start = Number(PaginationToken ?? 0);
  const end = start + (Limit || 60);
  const wanted = ({ Name }: { Name: string }) => AttributesToGet === undefined || AttributesToGet.includes(Name);
  const Users = matching
    .slice(start, end)
    .map(userType)
    .map((user) => ({ ...user, Attributes: user.Attributes.filter(wanted) }));
  return { Users, ...(end < matching.length ? { PaginationToken: String(end) } : {}) };
}

const searchable = ['email', 'phone_number', 'name', 'given_name', 'family_name', 'preferred_username', 'sub'];

function readFilter(filter: string | undefined): (user: UserRecord) => boolean {
  if (!filter) return () => true;
  const [, name = '', operator, quoted = ''] = /^\s*"?([\w:]+)"?\s*(\^?=)\s*"((?:[^"\\]|\\.)*)"\s*$/.exec(filter) ?? [];
  const read = readerOf(name);
  if (!operator || !read) throw invalidParameter('Error while parsing filter');
  const value = quoted.replace(/\\(.)/g, '$1');
  return (user) => (operator === '=' ? read(user) === value : (read(user)?.startsWith(value) ?? false));
}

function readerOf(name: string): ((user: UserRecord) => string | undefined) | undefined {
  if (name === 'username') return (user) => user.username;
  if (name === 'cognito:user_status') return (user) => user.status;
  if (name === 'status') return (user) => (user.enabled ? 'Enabled' : 'Disabled');
  return searchable.includes(name) ? (user) => user.attributes[name] : undefined;
}

export async function describeUserPool(context: Context, input: unknown, caller: Caller) {
  const { UserPoolId } = parse(z.object({ UserPoolId: poolId }), input);
  const { id, arn, settings, users } = administeredPool(context, caller, 'DescribeUserPool', UserPoolId);
  const { UserPoolName, Schema, EnabledMfas, ...declared } = settings.declared;
  const SchemaAttributes = [...settings.rules].map(([Name, rule]) => ({
    Name,
    AttributeDataType: rule.type,
    Mutable: rule.mutable,
    Required: rule.required,
  }));
  return {
    UserPool: {
      ...declared,
      Id: id,
      Arn: arn,
      Name: settings.name,
      MfaConfiguration: settings.mfa,
      SchemaAttributes,
      EstimatedNumberOfUsers: users.all().length,
    },
  };
}

const clientInput = z.object({ UserPoolId: poolId, ClientId: z.string().min(1).max(128) });

export async function describeUserPoolClient(context: Context, input: unknown, caller: Caller) {
  const { UserPoolId } = parse(z.object({ UserPoolId: poolId }), input);
  const pool = administeredPool(context, caller, 'DescribeUserPoolClient', UserPoolId);
  const client = context.clients.get(parse(clientInput, input).ClientId);
  if (client?.poolId !== pool.id) throw resourceNotFound('User pool client does not exist.');
  return {
    UserPoolClient: {
      ...client.declared,
      ClientId: client.id,
      ClientName: client.name,
      ExplicitAuthFlows: [...client.flows],
    },
  };
}
