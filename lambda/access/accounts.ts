import {
  AdminCreateUserCommand,
  AdminDeleteUserCommand,
  AdminDisableUserCommand,
  AdminEnableUserCommand,
  AdminGetUserCommand,
  AdminUserGlobalSignOutCommand,
  type AttributeType,
  type CognitoIdentityProviderClient,
  UserNotFoundException,
  UsernameExistsException,
} from '@aws-sdk/client-cognito-identity-provider';
import * as z from 'zod';

/** What of the user pool says whose account it is, where that is not the account's own `sub`. The app cannot write it. */
const personAttribute = 'custom:person';

/** Somebody has an account with this address already. */
export class AccountExists extends Error {
  constructor(options?: { readonly cause?: unknown }) {
    super('account exists', options);
    this.name = 'AccountExists';
  }
}

export interface Account {
  /** Cognito `sub` */
  readonly sub: string;
  readonly email: string;
  /** the person whom it was made for again, after a recovery */
  readonly person: string | undefined;
}

/** The accounts of the user pool: how people prove who they are. What they may do is in the governance table alone. */
export class Accounts {
  constructor(
    private readonly cognito: CognitoIdentityProviderClient,
    private readonly pool: string,
  ) {}

  /**
   * Makes an account and has Cognito mail a temporary password to its owner, so that nobody else ever knows one.
   * @returns its `sub`
   * @throws AccountExists
   */
  async create(email: string, person?: string): Promise<string> {
    try {
      const { User } = await this.cognito.send(
        new AdminCreateUserCommand({
          UserPoolId: this.pool,
          Username: email,
          UserAttributes: [
            { Name: 'email', Value: email },
            { Name: 'email_verified', Value: 'true' },
            ...(person ? [{ Name: personAttribute, Value: person }] : []),
          ],
          DesiredDeliveryMediums: ['EMAIL'],
        }),
      );
      return z.uuid().parse(attribute(User?.Attributes, 'sub'));
    } catch (cause) {
      throw cause instanceof UsernameExistsException ? new AccountExists({ cause }) : cause;
    }
  }

  /** @param name e-mail address or `sub` */
  async find(name: string): Promise<Account | undefined> {
    try {
      const { UserAttributes } = await this.cognito.send(new AdminGetUserCommand(this.#named(name)));
      return {
        sub: z.uuid().parse(attribute(UserAttributes, 'sub')),
        email: z.string().parse(attribute(UserAttributes, 'email')),
        person: attribute(UserAttributes, personAttribute),
      };
    } catch (error) {
      if (error instanceof UserNotFoundException) return undefined;
      throw error;
    }
  }

  /** No sign-in, and no new token for one that is open. Nobody signs in with an account that is gone: that is no error. */
  async disable(name: string): Promise<void> {
    await ifThere(this.cognito.send(new AdminDisableUserCommand(this.#named(name))));
    await ifThere(this.cognito.send(new AdminUserGlobalSignOutCommand(this.#named(name))));
  }

  /** An account that is gone is no error: a recovery makes another. */
  async enable(name: string): Promise<void> {
    await ifThere(this.cognito.send(new AdminEnableUserCommand(this.#named(name))));
  }

  /** Removes the account with its password, authenticator, passkeys and sign-ins; one that is gone already is no error. */
  async remove(name: string): Promise<void> {
    await ifThere(this.cognito.send(new AdminDeleteUserCommand(this.#named(name))));
  }

  #named(name: string) {
    return { UserPoolId: this.pool, Username: name };
  }
}

async function ifThere(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof UserNotFoundException)) throw error;
  }
}

const attribute = (attributes: readonly AttributeType[] | undefined, name: string): string | undefined =>
  attributes?.find(({ Name }) => Name === name)?.Value;
