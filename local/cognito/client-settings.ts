import { z } from 'zod';
import { standardAttributes } from './attributes';
import { unsupported } from './pool-settings';

const flows = [
  'ALLOW_USER_SRP_AUTH',
  'ALLOW_USER_AUTH',
  'ALLOW_USER_PASSWORD_AUTH',
  'ALLOW_REFRESH_TOKEN_AUTH',
] as const;
export type Flow = (typeof flows)[number];

/** What of an AWS::Cognito::UserPoolClient steers this service. Durations in seconds. */
export interface ClientSettings {
  readonly id: string;
  readonly poolId: string;
  readonly name: string;
  readonly flows: ReadonlySet<Flow>;
  /** an unknown user gets the answers of a known one */
  readonly hidesUnknownUsers: boolean;
  readonly revocable: boolean;
  readonly accessTokenSeconds: number;
  readonly idTokenSeconds: number;
  readonly refreshTokenSeconds: number;
  readonly sessionSeconds: number;
  /** undefined when refresh tokens are not rotated; else how long a replaced one still works */
  readonly rotationGraceSeconds: number | undefined;
  readonly readable: ReadonlySet<string>;
  readonly writable: ReadonlySet<string>;
  readonly declared: Readonly<Record<string, unknown>>;
}

const unitSeconds = { seconds: 1, minutes: 60, hours: 3600, days: 86_400 };
const unit = z.enum(['seconds', 'minutes', 'hours', 'days']);
const validity = z.int().min(0).default(0);

/** Hosted UI, OAuth grants, client secrets, federation and custom challenges are absent here, so they may not be asked for. */
const properties = z.strictObject({
  UserPoolId: z.string(),
  ClientName: z.string().default(''),
  GenerateSecret: z.literal(false).optional(),
  ExplicitAuthFlows: z.array(z.enum(flows)).min(1).default(['ALLOW_USER_SRP_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH']),
  PreventUserExistenceErrors: z.enum(['ENABLED', 'LEGACY']).default('LEGACY'),
  EnableTokenRevocation: z.boolean().default(true),
  EnablePropagateAdditionalUserContextData: z.literal(false).optional(),
  AccessTokenValidity: validity,
  IdTokenValidity: validity,
  RefreshTokenValidity: validity,
  TokenValidityUnits: z
    .strictObject({ AccessToken: unit.optional(), IdToken: unit.optional(), RefreshToken: unit.optional() })
    .default({}),
  AuthSessionValidity: z.int().min(3).max(15).default(3),
  RefreshTokenRotation: z
    .strictObject({
      Feature: z.enum(['ENABLED', 'DISABLED']),
      RetryGracePeriodSeconds: z.int().min(0).max(60).default(0),
    })
    .default({ Feature: 'DISABLED', RetryGracePeriodSeconds: 0 }),
  AllowedOAuthFlowsUserPoolClient: z.literal(false).optional(),
  AllowedOAuthFlows: z.array(z.never()).optional(),
  AllowedOAuthScopes: z.array(z.never()).optional(),
  CallbackURLs: z.array(z.never()).optional(),
  LogoutURLs: z.array(z.never()).optional(),
  SupportedIdentityProviders: z.array(z.literal('COGNITO')).optional(),
  ReadAttributes: z.array(z.string()).optional(),
  WriteAttributes: z.array(z.string()).optional(),
});

/**
 * Reads the resolved properties of an AWS::Cognito::UserPoolClient.
 * @throws Error that names the property when this service cannot do what it asks, or AWS would refuse it
 */
export function readClient(poolId: string, id: string, declared: Readonly<Record<string, unknown>>): ClientSettings {
  const resource = `AWS::Cognito::UserPoolClient ${id}`;
  const result = properties.safeParse(declared);
  if (!result.success) throw new Error(unsupported(resource, result.error));
  const client = result.data;
  const refuse = (reason: string) => new Error(`${resource}: ${reason}`);
  if (client.UserPoolId !== poolId) throw refuse('UserPoolId names another pool');

  const units = client.TokenValidityUnits;
  const accessTokenSeconds =
    (client.AccessTokenValidity || 1) *
    unitSeconds[client.AccessTokenValidity ? (units.AccessToken ?? 'hours') : 'hours'];
  const idTokenSeconds =
    (client.IdTokenValidity || 1) * unitSeconds[client.IdTokenValidity ? (units.IdToken ?? 'hours') : 'hours'];
  const refreshTokenSeconds =
    (client.RefreshTokenValidity || 30) *
    unitSeconds[client.RefreshTokenValidity ? (units.RefreshToken ?? 'days') : 'days'];
  const outside = (seconds: number) => seconds < 300 || seconds > 86_400;
  if (outside(accessTokenSeconds)) throw refuse('AccessTokenValidity must lie between 5 minutes and a day');
  if (outside(idTokenSeconds)) throw refuse('IdTokenValidity must lie between 5 minutes and a day');
  if (refreshTokenSeconds < 3600 || refreshTokenSeconds > 3650 * 86_400)
    throw refuse('RefreshTokenValidity must lie between an hour and ten years');
  if (refreshTokenSeconds < Math.max(accessTokenSeconds, idTokenSeconds))
    throw refuse('RefreshTokenValidity must not be shorter than the other tokens');

  const rotates = client.RefreshTokenRotation.Feature === 'ENABLED';
  if (rotates && client.ExplicitAuthFlows.includes('ALLOW_REFRESH_TOKEN_AUTH'))
    throw refuse('RefreshTokenRotation excludes ALLOW_REFRESH_TOKEN_AUTH');
  return {
    id,
    poolId,
    name: client.ClientName,
    flows: new Set(client.ExplicitAuthFlows),
    hidesUnknownUsers: client.PreventUserExistenceErrors === 'ENABLED',
    revocable: client.EnableTokenRevocation,
    accessTokenSeconds,
    idTokenSeconds,
    refreshTokenSeconds,
    sessionSeconds: client.AuthSessionValidity * 60,
    rotationGraceSeconds: rotates ? client.RefreshTokenRotation.RetryGracePeriodSeconds : undefined,
    readable: new Set(['sub', ...(client.ReadAttributes ?? standardAttributes)]),
    writable: new Set(client.WriteAttributes ?? standardAttributes),
    declared,
  };
}
