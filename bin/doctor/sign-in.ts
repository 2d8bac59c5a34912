import { DescribeUserPoolCommand } from '@aws-sdk/client-cognito-identity-provider';
import { type Check, type Finding, green, red } from './finding';
import { output, type Place } from './place';

export interface PoolFacts {
  /** `ON`, `OPTIONAL` or `OFF` */
  readonly mfa: string;
  readonly passwordLength: number;
  readonly selfSignUp: boolean;
  /** `ENFORCED`, `AUDIT` or `OFF` */
  readonly threatProtection: string;
  readonly deletionProtected: boolean;
}

const leastPasswordLength = 14;

/** 45 CFR 164.312(d): nobody signs in with one factor, or lets themselves in. */
export const signIn: Check<Place> = {
  name: 'Sign-in',
  rule: '45 CFR 164.312(d)',
  look: async (place) => {
    const { UserPool } = await place.people.send(
      new DescribeUserPoolCommand({ UserPoolId: output(place, 'UserPoolId') }),
    );
    return judgePool({
      mfa: UserPool?.MfaConfiguration ?? 'OFF',
      passwordLength: UserPool?.Policies?.PasswordPolicy?.MinimumLength ?? 0,
      selfSignUp: UserPool?.AdminCreateUserConfig?.AllowAdminCreateUserOnly !== true,
      threatProtection: UserPool?.UserPoolAddOns?.AdvancedSecurityMode ?? 'OFF',
      deletionProtected: UserPool?.DeletionProtection === 'ACTIVE',
    });
  },
};

export function judgePool(facts: PoolFacts): readonly Finding[] {
  const again =
    'deploy the stage again, and find in CloudTrail who changed the pool (UpdateUserPool, SetUserPoolMfaConfig)';
  const judge = (subject: string, well: boolean, says: string) =>
    well ? green(subject, says) : red(subject, says, again);
  return [
    judge('second factor', facts.mfa === 'ON', facts.mfa === 'ON' ? 'required of everybody' : `is ${facts.mfa}`),
    judge('passwords', facts.passwordLength >= leastPasswordLength, `${facts.passwordLength} characters at least`),
    judge('accounts', !facts.selfSignUp, facts.selfSignUp ? 'anybody can make one' : 'made by administrators alone'),
    judge('threat protection', facts.threatProtection === 'ENFORCED', `is ${facts.threatProtection}`),
    judge('deletion', facts.deletionProtected, facts.deletionProtected ? 'protected' : 'the pool can be deleted'),
  ];
}
