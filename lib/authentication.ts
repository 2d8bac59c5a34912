import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import {
  AccountRecovery,
  CfnUserPool,
  CfnUserPoolRiskConfigurationAttachment,
  ClientAttributes,
  FeaturePlan,
  LambdaVersion,
  Mfa,
  OAuthScope,
  PasskeyUserVerification,
  ResourceServerScope,
  StandardThreatProtectionMode,
  StringAttribute,
  UserPool,
  type UserPoolClient,
  UserPoolEmail,
  UserPoolOperation,
} from 'aws-cdk-lib/aws-cognito';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { Config } from './config';

export interface AuthenticationProps {
  readonly config: Config;
  readonly preToken: IFunction;
}

/** 45 CFR 164.312(d): a user pool where nobody signs in with one factor; a passkey with user verification counts as both. */
export class Authentication extends Construct {
  readonly pool: UserPool;
  readonly client: UserPoolClient;
  /** the scope without which the API answers nobody */
  readonly apiScope: OAuthScope;

  constructor(scope: Construct, id: string, { config, preToken }: AuthenticationProps) {
    super(scope, id);
    this.pool = new UserPool(this, 'Pool', {
      selfSignUpEnabled: false,
      signInAliases: { email: true },
      signInCaseSensitive: false,
      standardAttributes: { email: { required: true, mutable: true } },
      // Set once, by a recovery, which makes a new account for the same person; no app may write it.
      customAttributes: { person: new StringAttribute({ minLen: 36, maxLen: 36, mutable: false }) },
      // A new address counts when its owner has confirmed it; until then the old one signs in.
      keepOriginal: { email: true },
      autoVerify: { email: true },
      mfa: Mfa.REQUIRED,
      mfaSecondFactor: { otp: true, sms: false, email: false },
      signInPolicy: { allowedFirstAuthFactors: { password: true, passkey: true } },
      passkeyRelyingPartyId: config.relyingParty,
      passkeyUserVerification: PasskeyUserVerification.REQUIRED,
      passwordPolicy: {
        minLength: 14,
        requireDigits: true,
        requireLowercase: true,
        requireUppercase: true,
        requireSymbols: true,
        tempPasswordValidity: Duration.days(1),
      },
      // Through an administrator alone: whoever holds a mailbox must not be able to set a password. docs/decisions/011.
      accountRecovery: AccountRecovery.NONE,
      featurePlan: FeaturePlan.PLUS,
      standardThreatProtectionMode: StandardThreatProtectionMode.FULL_FUNCTION,
      userInvitation: {
        emailSubject: 'Your Ward account',
        emailBody:
          'You have been given an account with the user name {username} and the temporary password {####}. ' +
          'It works for one day. At your first sign-in you choose a password and set up a second factor.',
      },
      ...(config.mailFrom && {
        email: UserPoolEmail.withSES({ fromEmail: config.mailFrom, fromName: 'Ward', sesRegion: config.region }),
      }),
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    const pool = this.pool.node.defaultChild;
    if (!(pool instanceof CfnUserPool)) throw new Error('the user pool is not made as CDK made it');
    pool.webAuthnFactorConfiguration = 'MULTI_FACTOR_WITH_USER_VERIFICATION';
    this.pool.addTrigger(UserPoolOperation.PRE_TOKEN_GENERATION_CONFIG, preToken, LambdaVersion.V2_0);
    this.#refuseRisks();

    const api = new ResourceServerScope({ scopeName: 'api', scopeDescription: 'Call the API' });
    const server = this.pool.addResourceServer('Server', { identifier: 'ward', scopes: [api] });
    this.apiScope = OAuthScope.resourceServer(server, api);
    const email = new ClientAttributes().withStandardAttributes({ email: true });
    this.client = this.pool.addClient('App', {
      authFlows: { userSrp: true, user: true },
      disableOAuth: true,
      generateSecret: false,
      preventUserExistenceErrors: true,
      enableTokenRevocation: true,
      readAttributes: email.withStandardAttributes({ email: true, emailVerified: true }),
      writeAttributes: email,
      accessTokenValidity: Duration.minutes(15),
      idTokenValidity: Duration.minutes(15),
      refreshTokenValidity: Duration.hours(12),
    });
  }

  /** Threat protection without this assesses each sign-in and does nothing about it. */
  #refuseRisks(): void {
    const challenge = { eventAction: 'MFA_REQUIRED', notify: false };
    new CfnUserPoolRiskConfigurationAttachment(this, 'Risks', {
      userPoolId: this.pool.userPoolId,
      clientId: 'ALL',
      compromisedCredentialsRiskConfiguration: { actions: { eventAction: 'BLOCK' } },
      accountTakeoverRiskConfiguration: {
        actions: { lowAction: challenge, mediumAction: challenge, highAction: { eventAction: 'BLOCK', notify: false } },
      },
    });
  }
}
