import {
  AdminDeleteUserCommand,
  AssociateSoftwareTokenCommand,
  VerifySoftwareTokenCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { clientId, clientProperties, email, Laptop, password, poolId, refusal, temporaryPassword } from './laptop';

const otherClient = 'otherApp';
const prime =
  'ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7edee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f83655d23dca3ad961c62f356208552bb9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3be39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf6955817183995497cea956ae515d2261898fa051015728e5a8aaac42dad33170d04507a33a85521abdf1cba64ecfb850458dbef0a8aea71575d060c7db3970f85a6e1e4c7abf5ae8cdb0933d71e8c94e04a25619dcee3d2261ad2ee6bf12ffa06d98a0864d87602733ec86a64521f2b18177b200cbbe117577a615d6c770988c0bad946e208e24fa074e5ab3143db5bfce0fd108e4b82d120a93ad2caffffffffffffffff';

jest.setTimeout(60_000);

describe('an attacker on the way in', () => {
  let laptop: Laptop;
  beforeEach(async () => {
    laptop = await new Laptop().listen();
  });
  afterEach(() => laptop.close());

  const initiate = (AuthFlow: string, AuthParameters: Record<string, string>) =>
    laptop.raw('InitiateAuth', { ClientId: clientId, AuthFlow, AuthParameters });

  it.each([
    ['0', '00'],
    ['N', prime],
    ['2N', (BigInt(`0x${prime}`) * 2n).toString(16)],
    ['text', 'zz'],
  ])('cannot send %s as SRP_A, which would fix the shared secret', async (_name, SRP_A) => {
    await laptop.createUser();
    expect((await initiate('USER_SRP_AUTH', { USERNAME: email, SRP_A })).type).toBe('InvalidParameterException');
  });

  it('cannot sign in with a wrong password', async () => {
    await laptop.enrolled();
    expect(await refusal(laptop.prove(email, 'Wrong-Password-1!'))).toBe('NotAuthorizedException');
  });

  it('cannot use a password proof twice', async () => {
    await laptop.enrolled();
    const { answer } = await laptop.offer();
    expect((await answer()).ChallengeName).toBe('SOFTWARE_TOKEN_MFA');
    expect(await refusal(answer())).toBe('NotAuthorizedException');
  });

  it('cannot answer a challenge at another client or for another user', async () => {
    laptop.cognito.ensureClient(poolId, otherClient, clientProperties);
    await laptop.enrolled();
    await laptop.createUser('eve@example.org');
    expect(await refusal((await laptop.offer()).answer({ ClientId: otherClient }))).toBe('NotAuthorizedException');
    expect(await refusal((await laptop.offer()).answer({ USERNAME: 'eve@example.org' }))).toBe(
      'NotAuthorizedException',
    );
  });

  it('cannot take a session of one user, client or step to another', async () => {
    laptop.cognito.ensureClient(poolId, otherClient, clientProperties);
    const { app } = await laptop.enrolled();
    await laptop.createUser('eve@example.org');
    const session = async () => (await laptop.prove()).Session;
    const code = () => ({ SOFTWARE_TOKEN_MFA_CODE: app.code() });
    const attempts = [
      laptop.respond('SOFTWARE_TOKEN_MFA', await session(), { ...code(), USERNAME: 'eve@example.org' }),
      laptop.respond('SOFTWARE_TOKEN_MFA', await session(), code(), otherClient),
      laptop.respond('NEW_PASSWORD_REQUIRED', await session(), { NEW_PASSWORD: 'Stolen-Password-1!' }),
      laptop.respond('MFA_SETUP', await session(), {}),
      laptop.respond('SOFTWARE_TOKEN_MFA', 'made-up', code()),
      laptop.respond('SOFTWARE_TOKEN_MFA', undefined, code()),
    ];
    for (const attempt of attempts) expect(await refusal(attempt)).toBe('NotAuthorizedException');
  });

  it('cannot use a session after three minutes, nor after it has led to tokens', async () => {
    const { app } = await laptop.enrolled();
    const late = await laptop.prove();
    laptop.offset += 180_000;
    const answer = (Session: string | undefined) =>
      laptop.respond('SOFTWARE_TOKEN_MFA', Session, { SOFTWARE_TOKEN_MFA_CODE: app.code() });
    expect(await refusal(answer(late.Session))).toBe('NotAuthorizedException');
    const used = await laptop.prove();
    await answer(used.Session);
    expect(await refusal(answer(used.Session))).toBe('NotAuthorizedException');
  });

  it('cannot skip the enrolment of an authenticator, 164.312(d)', async () => {
    await laptop.createUser();
    const fresh = await laptop.prove(email, temporaryPassword);
    const setup = await laptop.respond('NEW_PASSWORD_REQUIRED', fresh.Session, { NEW_PASSWORD: password });
    expect(setup.ChallengeName).toBe('MFA_SETUP');
    expect(setup.AuthenticationResult).toBeUndefined();
    expect(await refusal(laptop.respond('MFA_SETUP', setup.Session, {}))).toBe('InvalidParameterException');

    const again = await laptop.prove();
    const associated = await laptop.anyone.send(new AssociateSoftwareTokenCommand({ Session: again.Session }));
    const skipped = laptop.respond('MFA_SETUP', associated.Session, {});
    expect(await refusal(skipped)).toBe('InvalidParameterException');

    const third = await laptop.prove();
    const wrong = await laptop.anyone.send(new AssociateSoftwareTokenCommand({ Session: third.Session }));
    const guess = new VerifySoftwareTokenCommand({ Session: wrong.Session, UserCode: '000000' });
    expect(await refusal(laptop.anyone.send(guess))).toBe('EnableSoftwareTokenMFAException');
    expect(await refusal(laptop.respond('MFA_SETUP', wrong.Session, {}))).toBe('InvalidParameterException');
  });

  it('cannot enrol an authenticator of their own beside the one that the user enrolled meanwhile', async () => {
    await laptop.createUser();
    const fresh = await laptop.prove(email, temporaryPassword);
    await laptop.respond('NEW_PASSWORD_REQUIRED', fresh.Session, { NEW_PASSWORD: password });
    const [before, associatedBefore] = [await laptop.prove(), await laptop.prove()];
    const attacker = laptop.authenticator();
    const own = await laptop.anyone.send(new AssociateSoftwareTokenCommand({ Session: associatedBefore.Session }));
    attacker.secret = own.SecretCode ?? '';
    await laptop.signIn(laptop.authenticator());
    const late = new AssociateSoftwareTokenCommand({ Session: before.Session });
    expect(await refusal(laptop.anyone.send(late))).toBe('NotAuthorizedException');
    const verify = new VerifySoftwareTokenCommand({ Session: own.Session, UserCode: attacker.code() });
    expect(await refusal(laptop.anyone.send(verify))).toBe('NotAuthorizedException');
  });

  it('cannot finish the enrolment of an account that an administrator has taken away meanwhile', async () => {
    await laptop.createUser();
    const fresh = await laptop.prove(email, temporaryPassword);
    const setup = await laptop.respond('NEW_PASSWORD_REQUIRED', fresh.Session, { NEW_PASSWORD: password });
    const app = laptop.authenticator();
    const own = await laptop.anyone.send(new AssociateSoftwareTokenCommand({ Session: setup.Session }));
    app.secret = own.SecretCode ?? '';
    const verified = await laptop.anyone.send(
      new VerifySoftwareTokenCommand({ Session: own.Session, UserCode: app.code() }),
    );
    await laptop.admin.send(new AdminDeleteUserCommand({ UserPoolId: poolId, Username: email }));
    expect(await refusal(laptop.respond('MFA_SETUP', verified.Session, {}))).toBe('NotAuthorizedException');
  });

  it('cannot undo the password that the user chose, with a second session of the temporary one', async () => {
    await laptop.createUser();
    const [first, second] = [
      await laptop.prove(email, temporaryPassword),
      await laptop.prove(email, temporaryPassword),
    ];
    await laptop.respond('NEW_PASSWORD_REQUIRED', first.Session, { NEW_PASSWORD: password });
    const stolen = laptop.respond('NEW_PASSWORD_REQUIRED', second.Session, { NEW_PASSWORD: 'Stolen-Password-1!' });
    expect(await refusal(stolen)).toBe('NotAuthorizedException');
    expect((await laptop.prove()).ChallengeName).toBe('MFA_SETUP');
  });

  it('cannot use a code twice, nor one from before it, nor one more than a step away', async () => {
    const { app } = await laptop.enrolled();
    const answer = async (code: string) =>
      laptop.respond('SOFTWARE_TOKEN_MFA', (await laptop.prove()).Session, { SOFTWARE_TOKEN_MFA_CODE: code });
    const older = app.code();
    const newer = app.code();
    await answer(newer);
    expect(await refusal(answer(newer))).toBe('ExpiredCodeException');
    expect(await refusal(answer(older))).toBe('ExpiredCodeException');
    const stale = app.code();
    laptop.offset += 60_000;
    expect(await refusal(answer(stale))).toBe('CodeMismatchException');
  });

  it('has three guesses of a code in a session, and then not even the right one counts', async () => {
    const { app } = await laptop.enrolled();
    const { Session } = await laptop.prove();
    const guess = (SOFTWARE_TOKEN_MFA_CODE: string) =>
      refusal(laptop.respond('SOFTWARE_TOKEN_MFA', Session, { SOFTWARE_TOKEN_MFA_CODE }));
    for (let n = 0; n < 3; n++) expect(await guess('12345x')).toBe('CodeMismatchException');
    expect(await guess(app.code())).toBe('NotAuthorizedException');
  });

  it('is slowed down after five failures, and a right password in between does not wipe the count of wrong codes', async () => {
    const { app } = await laptop.enrolled();
    laptop.still = Date.now();
    for (let failure = 0; failure < 5; failure++) {
      const { Session } = await laptop.prove();
      const wrong = laptop.respond('SOFTWARE_TOKEN_MFA', Session, { SOFTWARE_TOKEN_MFA_CODE: '12345x' });
      expect(await refusal(wrong)).toBe('CodeMismatchException');
    }
    laptop.restart();
    await expect(laptop.prove()).rejects.toThrow('Password attempts exceeded');
    laptop.offset += 1000;
    expect(await refusal(laptop.prove(email, 'Wrong-Password-1!'))).toBe('NotAuthorizedException');
    laptop.offset += 1000;
    await expect(laptop.prove()).rejects.toThrow('Password attempts exceeded');
    laptop.offset += 1000;
    await laptop.signIn(app);
  });
});
