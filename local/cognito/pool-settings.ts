import { z } from 'zod';
import { type AttributeRule, standardAttributes } from './attributes';
import type { PasswordPolicy } from './password';

/** What of an AWS::Cognito::UserPool steers this service. */
export interface PoolSettings {
  readonly name: string;
  readonly mfa: 'OFF' | 'ON' | 'OPTIONAL';
  readonly passwordPolicy: PasswordPolicy;
  /** users are named by e-mail address, and their Username is their sub */
  readonly emailIsUsername: boolean;
  readonly caseSensitive: boolean;
  readonly recoversByEmail: boolean;
  readonly keepsAuthEvents: boolean;
  readonly verifiesEmailBeforeUpdate: boolean;
  readonly rules: ReadonlyMap<string, AttributeRule>;
  readonly invitation: MailTemplate;
  readonly verification: MailTemplate;
  readonly triggers: {
    readonly preAuthentication: string | undefined;
    readonly postAuthentication: string | undefined;
    readonly preTokenGeneration: { readonly arn: string; readonly version: 'V1_0' | 'V2_0' } | undefined;
  };
  /** the properties as declared, for DescribeUserPool */
  readonly declared: Readonly<Record<string, unknown>>;
}

/** A mail with the placeholders `{username}` and `{####}`. */
export interface MailTemplate {
  readonly subject: string;
  readonly text: string;
}

const template = z.strictObject({
  DefaultEmailOption: z.literal('CONFIRM_WITH_CODE').optional(),
  EmailMessage: z.string().optional(),
  EmailSubject: z.string().optional(),
  SmsMessage: z.string().optional(),
});

const attribute = z.strictObject({
  Name: z.string(),
  AttributeDataType: z.enum(['String', 'Number', 'DateTime', 'Boolean']).default('String'),
  DeveloperOnlyAttribute: z.literal(false).optional(),
  Mutable: z.boolean().default(true),
  Required: z.boolean().default(false),
  StringAttributeConstraints: z
    .strictObject({ MinLength: z.coerce.number().optional(), MaxLength: z.coerce.number().optional() })
    .optional(),
  NumberAttributeConstraints: z
    .strictObject({ MinValue: z.coerce.number().optional(), MaxValue: z.coerce.number().optional() })
    .optional(),
});

const passwordPolicy = z.strictObject({
  MinimumLength: z.int().min(6).max(99).default(8),
  RequireUppercase: z.boolean().default(false),
  RequireLowercase: z.boolean().default(false),
  RequireNumbers: z.boolean().default(false),
  RequireSymbols: z.boolean().default(false),
  PasswordHistorySize: z.int().min(0).max(24).default(0),
  TemporaryPasswordValidityDays: z.int().min(0).max(365).default(7),
});

const emailAttributes = z.array(z.literal('email'));

/**
 * Every property that this service knows, each with the values that mean the same here as in AWS. What it does not list
 * (device tracking, aliases, custom challenges, SMS, self sign-up, own mail senders, ...) would change what users meet.
 * Passkey settings are known although passkeys cannot be registered here: they add a way in, and that way is refused by name.
 */
const properties = z.strictObject({
  UserPoolName: z.string().default(''),
  UserPoolTags: z.record(z.string(), z.string()).optional(),
  UserPoolTier: z.enum(['LITE', 'ESSENTIALS', 'PLUS']).default('ESSENTIALS'),
  DeletionProtection: z.enum(['ACTIVE', 'INACTIVE']).optional(),
  MfaConfiguration: z.enum(['OFF', 'ON', 'OPTIONAL']).default('OFF'),
  EnabledMfas: z.array(z.literal('SOFTWARE_TOKEN_MFA')).default([]),
  Policies: z
    .strictObject({
      PasswordPolicy: passwordPolicy.optional(),
      SignInPolicy: z.strictObject({ AllowedFirstAuthFactors: z.array(z.enum(['PASSWORD', 'WEB_AUTHN'])) }).optional(),
    })
    .default({}),
  UsernameAttributes: emailAttributes.default([]),
  UsernameConfiguration: z.strictObject({ CaseSensitive: z.boolean() }).default({ CaseSensitive: true }),
  AutoVerifiedAttributes: emailAttributes.optional(),
  UserAttributeUpdateSettings: z
    .strictObject({ AttributesRequireVerificationBeforeUpdate: emailAttributes })
    .default({ AttributesRequireVerificationBeforeUpdate: [] }),
  AccountRecoverySetting: z
    .strictObject({
      RecoveryMechanisms: z.array(
        z.strictObject({
          Name: z.enum(['verified_email', 'verified_phone_number', 'admin_only']),
          Priority: z.number(),
        }),
      ),
    })
    .default({ RecoveryMechanisms: [{ Name: 'verified_email', Priority: 1 }] }),
  AdminCreateUserConfig: z.strictObject({
    AllowAdminCreateUserOnly: z.literal(true),
    InviteMessageTemplate: template.optional(),
  }),
  Schema: z.array(attribute).default([]),
  LambdaConfig: z
    .strictObject({
      PreAuthentication: z.string().optional(),
      PostAuthentication: z.string().optional(),
      PreTokenGeneration: z.string().optional(),
      PreTokenGenerationConfig: z
        .strictObject({ LambdaArn: z.string(), LambdaVersion: z.enum(['V1_0', 'V2_0']) })
        .optional(),
    })
    .default({}),
  UserPoolAddOns: z
    .strictObject({
      AdvancedSecurityMode: z.enum(['OFF', 'AUDIT', 'ENFORCED']),
      AdvancedSecurityAdditionalFlows: z.unknown().optional(),
    })
    .default({ AdvancedSecurityMode: 'OFF' }),
  EmailConfiguration: z.record(z.string(), z.unknown()).optional(),
  EmailVerificationMessage: z.string().optional(),
  EmailVerificationSubject: z.string().optional(),
  SmsVerificationMessage: z.string().optional(),
  SmsAuthenticationMessage: z.string().optional(),
  VerificationMessageTemplate: template.optional(),
  WebAuthnRelyingPartyID: z.string().optional(),
  WebAuthnUserVerification: z.enum(['required', 'preferred']).optional(),
  WebAuthnFactorConfiguration: z.string().optional(),
});

/**
 * Reads the resolved properties of an AWS::Cognito::UserPool.
 * @throws Error that names the property when this service cannot do what it asks
 */
export function readPool(id: string, declared: Readonly<Record<string, unknown>>): PoolSettings {
  const result = properties.safeParse(declared);
  if (!result.success) throw new Error(unsupported(`AWS::Cognito::UserPool ${id}`, result.error));
  const pool = result.data;
  const refuse = (reason: string) => new Error(`AWS::Cognito::UserPool ${id}: ${reason}`);
  const { PreTokenGeneration, PreTokenGenerationConfig } = pool.LambdaConfig;
  const recovery = new Set(pool.AccountRecoverySetting.RecoveryMechanisms.map(({ Name }) => Name));
  if (pool.MfaConfiguration !== 'OFF' && pool.EnabledMfas.length === 0)
    throw refuse('MfaConfiguration without SOFTWARE_TOKEN_MFA in EnabledMfas is not emulated');
  if (recovery.has('verified_phone_number') && !recovery.has('verified_email'))
    throw refuse('AccountRecoverySetting by telephone alone is not emulated');
  if (PreTokenGenerationConfig?.LambdaVersion === 'V2_0' && pool.UserPoolTier === 'LITE')
    throw refuse('PreTokenGenerationConfig V2_0 needs UserPoolTier ESSENTIALS or PLUS');
  if (PreTokenGeneration && PreTokenGenerationConfig && PreTokenGeneration !== PreTokenGenerationConfig.LambdaArn)
    throw refuse('PreTokenGeneration and PreTokenGenerationConfig name different functions');
  if (pool.UserPoolAddOns.AdvancedSecurityMode !== 'OFF' && pool.UserPoolTier !== 'PLUS')
    throw refuse('AdvancedSecurityMode needs UserPoolTier PLUS');
  const preToken = PreTokenGenerationConfig
    ? { arn: PreTokenGenerationConfig.LambdaArn, version: PreTokenGenerationConfig.LambdaVersion }
    : PreTokenGeneration && { arn: PreTokenGeneration, version: 'V1_0' as const };
  const verification = pool.VerificationMessageTemplate;
  return {
    name: pool.UserPoolName,
    mfa: pool.MfaConfiguration,
    passwordPolicy: readPolicy(pool),
    emailIsUsername: pool.UsernameAttributes.length > 0,
    caseSensitive: pool.UsernameConfiguration.CaseSensitive,
    recoversByEmail: recovery.has('verified_email'),
    keepsAuthEvents: pool.UserPoolAddOns.AdvancedSecurityMode !== 'OFF',
    verifiesEmailBeforeUpdate:
      pool.UserAttributeUpdateSettings.AttributesRequireVerificationBeforeUpdate.includes('email'),
    rules: readRules(pool.Schema),
    invitation: {
      subject: pool.AdminCreateUserConfig.InviteMessageTemplate?.EmailSubject ?? 'Your temporary password',
      text:
        pool.AdminCreateUserConfig.InviteMessageTemplate?.EmailMessage ??
        'Your username is {username} and temporary password is {####}.',
    },
    verification: {
      subject: verification?.EmailSubject ?? pool.EmailVerificationSubject ?? 'Your verification code',
      text: verification?.EmailMessage ?? pool.EmailVerificationMessage ?? 'Your confirmation code is {####}',
    },
    triggers: {
      preAuthentication: pool.LambdaConfig.PreAuthentication,
      postAuthentication: pool.LambdaConfig.PostAuthentication,
      preTokenGeneration: preToken || undefined,
    },
    declared,
  };
}

/** Names each property at fault; the values of a template are no one's secret, yet are not repeated either. */
export function unsupported(resource: string, error: z.ZodError): string {
  const reasons = error.issues.map((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => [...issue.path, key].join('.')).join(', ')
      : issue.path.join('.'),
  );
  return `${resource}: not emulated as declared: ${reasons.join(', ')}`;
}

function readPolicy(pool: z.output<typeof properties>): PasswordPolicy {
  const policy =
    pool.Policies.PasswordPolicy ??
    passwordPolicy.parse({
      RequireUppercase: true,
      RequireLowercase: true,
      RequireNumbers: true,
      RequireSymbols: true,
    });
  return {
    minimumLength: policy.MinimumLength,
    uppercase: policy.RequireUppercase,
    lowercase: policy.RequireLowercase,
    numbers: policy.RequireNumbers,
    symbols: policy.RequireSymbols,
    historySize: policy.PasswordHistorySize,
    temporaryValidityDays: policy.TemporaryPasswordValidityDays,
  };
}

function readRules(schema: readonly z.output<typeof attribute>[]): ReadonlyMap<string, AttributeRule> {
  const type = (name: string) => (name.endsWith('_verified') ? 'Boolean' : 'String');
  const rules = new Map<string, AttributeRule>(
    standardAttributes.map((name) => [
      name,
      { required: false, mutable: name !== 'sub', type: type(name), minimum: 0, maximum: 2048 },
    ]),
  );
  for (const one of schema) {
    const limits = one.StringAttributeConstraints;
    const range = one.NumberAttributeConstraints;
    const numeric = one.AttributeDataType === 'Number';
    rules.set(rules.has(one.Name) ? one.Name : `custom:${one.Name}`, {
      required: one.Required,
      mutable: one.Mutable,
      type: one.AttributeDataType,
      minimum: (numeric ? range?.MinValue : limits?.MinLength) ?? (numeric ? Number.NEGATIVE_INFINITY : 0),
      maximum: (numeric ? range?.MaxValue : limits?.MaxLength) ?? (numeric ? Number.POSITIVE_INFINITY : 2048),
    });
  }
  return rules;
}
