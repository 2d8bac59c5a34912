import {
  AdminCreateUserCommand,
  AdminDeleteUserCommand,
  AdminDisableUserCommand,
  AdminEnableUserCommand,
  AdminGetUserCommand,
  AdminResetUserPasswordCommand,
  AdminSetUserPasswordCommand,
  AdminUpdateUserAttributesCommand,
  ConfirmForgotPasswordCommand,
  DescribeUserPoolClientCommand,
  DescribeUserPoolCommand,
  ForgotPasswordCommand,
  ListUsersCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { clientId, email, Laptop, password, poolId, poolProperties, refusal, temporaryPassword } from './laptop';

jest.setTimeout(60_000);

const ada = { UserPoolId: poolId, Username: email };
const newPassword = 'Difference-Engine-1822!';

describe('administering a user pool', () => {
  let laptop: Laptop;
  const start = async (pool = {}) => {
    laptop = await new Laptop({ ...poolProperties, ...pool }).listen();
  };
  beforeEach(() => start());
  afterEach(() => laptop.close());

  const update = (attributes: Record<string, string>, Username = email) =>
    laptop.admin.send(
      new AdminUpdateUserAttributesCommand({
        UserPoolId: poolId,
        Username,
        UserAttributes: Object.entries(attributes).map(([Name, Value]) => ({ Name, Value })),
      }),
    );
  const mailedCode = () => laptop.mails.at(-1)?.text.match(/\d{6}/)?.[0] ?? '';

  it('invites by mail with a password that works once to choose another', async () => {
    await laptop.admin.send(new AdminCreateUserCommand(ada));
    const [invitation] = laptop.mails;
    expect(invitation).toMatchObject({ to: email, subject: 'Your temporary password' });
    const mailed = invitation?.text.match(/temporary password is (.+)\.$/)?.[1] ?? '';
    await laptop.signIn(laptop.authenticator(), { password: mailed });
    expect(await refusal(laptop.prove(email, mailed))).toBe('NotAuthorizedException');
  });

  it('makes a new invitation for one who has not come, and the old password is void', async () => {
    await laptop.createUser();
    await laptop.admin.send(new AdminCreateUserCommand({ ...ada, MessageAction: 'RESEND' }));
    expect(laptop.mails).toHaveLength(1);
    expect(await refusal(laptop.prove(email, temporaryPassword))).toBe('NotAuthorizedException');
    await laptop.admin.send(new AdminSetUserPasswordCommand({ ...ada, Password: password, Permanent: true }));
    const again = laptop.admin.send(new AdminCreateUserCommand({ ...ada, MessageAction: 'RESEND' }));
    expect(await refusal(again)).toBe('UnsupportedUserStateException');
  });

  it('uses the pool’s own words, takes them literally, and says when a mail cannot be sent', async () => {
    const InviteMessageTemplate = { EmailSubject: 'Ward', EmailMessage: 'Dear {username}: {####}' };
    const TemporaryPassword = "Odd-1$&$'{username}";
    laptop.cognito.ensurePool(poolId, {
      ...poolProperties,
      AdminCreateUserConfig: { AllowAdminCreateUserOnly: true, InviteMessageTemplate },
    });
    await laptop.admin.send(new AdminCreateUserCommand({ ...ada, TemporaryPassword }));
    expect(laptop.mails).toEqual([{ to: email, subject: 'Ward', text: `Dear ${email}: ${TemporaryPassword}` }]);
    laptop.mail = () => Promise.reject(new Error('no server'));
    const unsent = laptop.admin.send(new AdminCreateUserCommand({ UserPoolId: poolId, Username: 'eve@example.org' }));
    expect(await refusal(unsent)).toBe('CodeDeliveryFailureException');
  });

  it('refuses a second user of an address, a bad address, a weak password, an unknown attribute', async () => {
    await laptop.createUser();
    const create = (Username: string, more = {}) =>
      refusal(laptop.admin.send(new AdminCreateUserCommand({ UserPoolId: poolId, Username, ...more })));
    expect(await create('ADA@example.org')).toBe('UsernameExistsException');
    for (const address of ['ada', 'a@b.c,d@e.f', 'a@b.c\nBcc:d@e.f', 'a b@c.d'])
      expect(await create(address)).toBe('InvalidParameterException');
    expect(await create('eve@example.org', { TemporaryPassword: 'short' })).toBe('InvalidPasswordException');
    const unknown = { UserAttributes: [{ Name: 'custom:role', Value: 'admin' }] };
    expect(await create('eve@example.org', unknown)).toBe('InvalidParameterException');
    const chosen = { UserAttributes: [{ Name: 'sub', Value: '1' }] };
    expect(await create('eve@example.org', chosen)).toBe('InvalidParameterException');
    expect(await create('eve@example.org', { DesiredDeliveryMediums: ['SMS'] })).toBe('InvalidParameterException');
    expect(laptop.cognito.users(poolId)).toHaveLength(1);
  });

  it('shows, disables, enables and deletes a user, durably', async () => {
    const sub = await laptop.createUser();
    await laptop.admin.send(new AdminDisableUserCommand(ada));
    laptop.restart();
    const shown = await laptop.admin.send(new AdminGetUserCommand(ada));
    expect(shown).toMatchObject({ Username: sub, Enabled: false, UserStatus: 'FORCE_CHANGE_PASSWORD' });
    expect(shown.UserCreateDate).toBeInstanceOf(Date);
    await laptop.admin.send(new AdminEnableUserCommand({ UserPoolId: poolId, Username: sub }));
    laptop.restart();
    expect(laptop.cognito.users(poolId)).toEqual([
      { sub, username: sub, email, enabled: true, status: 'FORCE_CHANGE_PASSWORD', hasSecondFactor: false },
    ]);
    await laptop.admin.send(new AdminDeleteUserCommand(ada));
    laptop.restart();
    expect(laptop.cognito.users(poolId)).toEqual([]);
    expect(await refusal(laptop.admin.send(new AdminGetUserCommand(ada)))).toBe('UserNotFoundException');
  });

  it('renames a user by address: the new one is unverified and nobody else’s, the old one is free', async () => {
    await laptop.createUser();
    await laptop.createUser('eve@example.org');
    expect(await refusal(update({ email: 'eve@example.org' }))).toBe('AliasExistsException');
    await update({ email: 'countess@example.org' });
    expect(await refusal(laptop.prove(email, temporaryPassword))).toBe('NotAuthorizedException');
    expect((await laptop.prove('countess@example.org', temporaryPassword)).ChallengeName).toBe('NEW_PASSWORD_REQUIRED');
    const shown = await laptop.admin.send(new AdminGetUserCommand({ ...ada, Username: 'countess@example.org' }));
    expect(shown.UserAttributes).toContainEqual({ Name: 'email_verified', Value: 'false' });
    await laptop.createUser();
  });

  it('keeps immutable attributes', async () => {
    const Schema = [{ Name: 'staff', AttributeDataType: 'String', Mutable: false }];
    laptop.cognito.ensurePool(poolId, { ...poolProperties, Schema });
    await laptop.createUser(email, { 'custom:staff': '17' });
    expect(await refusal(update({ 'custom:staff': '18' }))).toBe('InvalidParameterException');
  });

  it('recovers a password by a mailed code, once, within an hour', async () => {
    const { app } = await laptop.enrolled();
    const ask = () => laptop.anyone.send(new ForgotPasswordCommand({ ClientId: clientId, Username: email }));
    const confirm = (ConfirmationCode: string, Password = newPassword) =>
      laptop.anyone.send(
        new ConfirmForgotPasswordCommand({ ClientId: clientId, Username: email, ConfirmationCode, Password }),
      );
    expect(await refusal(confirm('123456'))).toBe('CodeMismatchException');
    await ask();
    laptop.offset += 3_600_000;
    expect(await refusal(confirm(mailedCode()))).toBe('ExpiredCodeException');
    await ask();
    laptop.restart();
    expect(await refusal(confirm(mailedCode(), 'weak'))).toBe('InvalidPasswordException');
    await confirm(mailedCode());
    expect(await refusal(confirm(mailedCode()))).toBe('CodeMismatchException');
    const recovered = await laptop.prove(email, newPassword);
    expect(recovered.ChallengeName).toBe('SOFTWARE_TOKEN_MFA');
    await laptop.signIn(app, { password: newPassword });
  });

  it('ends a code after five wrong ones, and limits the mails', async () => {
    await laptop.enrolled();
    const ask = (Username = email) => laptop.anyone.send(new ForgotPasswordCommand({ ClientId: clientId, Username }));
    const confirm = (ConfirmationCode: string) =>
      refusal(
        laptop.anyone.send(
          new ConfirmForgotPasswordCommand({
            ClientId: clientId,
            Username: email,
            ConfirmationCode,
            Password: newPassword,
          }),
        ),
      );
    await ask();
    for (let wrong = 0; wrong < 5; wrong++) expect(await confirm('wrong')).toBe('CodeMismatchException');
    expect(await confirm(mailedCode())).toBe('CodeMismatchException');
    for (const name of [email, 'nobody@example.org']) {
      for (let sent = name === email ? 1 : 0; sent < 5; sent++) await ask(name);
      expect(await refusal(ask(name))).toBe('LimitExceededException');
    }
  });

  it('mails no code to an address that is not known to be the user’s', async () => {
    await laptop.createUser(email, {});
    await laptop.admin.send(new AdminSetUserPasswordCommand({ ...ada, Password: password, Permanent: true }));
    await laptop.anyone.send(new ForgotPasswordCommand({ ClientId: clientId, Username: email }));
    expect(laptop.mails).toEqual([]);
    expect(await refusal(laptop.admin.send(new AdminResetUserPasswordCommand(ada)))).toBe('InvalidParameterException');
  });

  it('leaves recovery to an administrator where the pool does', async () => {
    await laptop.enrolled();
    laptop.cognito.ensurePool(poolId, {
      ...poolProperties,
      AccountRecoverySetting: { RecoveryMechanisms: [{ Name: 'admin_only', Priority: 1 }] },
    });
    const ask = laptop.anyone.send(new ForgotPasswordCommand({ ClientId: clientId, Username: email }));
    expect(await refusal(ask)).toBe('NotAuthorizedException');
    expect(await refusal(laptop.admin.send(new AdminResetUserPasswordCommand(ada)))).toBe('InvalidParameterException');
  });

  it('has a user whose password was reset choose one by the mailed code', async () => {
    await laptop.enrolled();
    await laptop.admin.send(new AdminResetUserPasswordCommand(ada));
    expect(await refusal(laptop.prove())).toBe('PasswordResetRequiredException');
    const choice = { ClientId: clientId, Username: email, ConfirmationCode: mailedCode(), Password: newPassword };
    await laptop.anyone.send(new ConfirmForgotPasswordCommand(choice));
    expect((await laptop.prove(email, newPassword)).ChallengeName).toBe('SOFTWARE_TOKEN_MFA');
  });

  it('lists users in pages and by a filter', async () => {
    for (const name of ['a', 'b', 'c']) {
      await laptop.createUser(`${name}@example.org`);
      laptop.offset += 1000;
    }
    const list = async (more: object) => {
      const { Users = [], PaginationToken } = await laptop.admin.send(
        new ListUsersCommand({ UserPoolId: poolId, ...more }),
      );
      const addresses = Users.map((user) => user.Attributes?.find(({ Name }) => Name === 'email')?.Value);
      return { addresses, PaginationToken };
    };
    const page = await list({ Limit: 2 });
    expect(page.addresses).toEqual(['a@example.org', 'b@example.org']);
    const rest = await list({ Limit: 2, PaginationToken: page.PaginationToken });
    expect(rest).toEqual({ addresses: ['c@example.org'], PaginationToken: undefined });
    expect((await list({ Filter: 'email = "b@example.org"' })).addresses).toEqual(['b@example.org']);
    expect((await list({ Filter: 'email ^= "c"' })).addresses).toEqual(['c@example.org']);
    expect((await list({ Filter: 'cognito:user_status = "CONFIRMED"' })).addresses).toEqual([]);
    for (const Filter of ['email', '__proto__ = "x"', 'custom:x = "y"'])
      expect(await refusal(list({ Filter }))).toBe('InvalidParameterException');
  });

  it('describes pool and client as declared', async () => {
    const pool = await laptop.admin.send(new DescribeUserPoolCommand({ UserPoolId: poolId }));
    expect(pool.UserPool).toMatchObject({
      Id: poolId,
      Arn: `arn:aws:cognito-idp:us-east-1:000000000000:userpool/${poolId}`,
      Name: 'ward',
      MfaConfiguration: 'ON',
      UsernameAttributes: ['email'],
    });
    const described = { UserPoolId: poolId, ClientId: clientId };
    const client = await laptop.admin.send(new DescribeUserPoolClientCommand(described));
    expect(client.UserPoolClient).toMatchObject({ ClientId: clientId, AccessTokenValidity: 15 });
  });
});
