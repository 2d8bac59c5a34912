import { createSrpSession, signSrpSession } from 'cognito-srp-helper';
import fc from 'fast-check';
import { Secret, TOTP } from 'otpauth';
import { createTemporaryPassword, meetsPolicy } from '../../../local/cognito/password';
import {
  beginExchange,
  createVerifier,
  matchesPassword,
  parsePublicValue,
  provesPassword,
} from '../../../local/cognito/srp';
import { createTotpSecret, judgeCode } from '../../../local/cognito/totp';

jest.setTimeout(60_000);

const identity = { poolName: 'wardTest', userId: '6f1c9a52-7a8f-4f0e-9b0e-0c8a3f6f2a11' };
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });
const secretBlock = Buffer.from('secret block').toString('base64');

describe('the password proof', () => {
  it('accepts another implementation’s proof of the right password, whatever its letters', () => {
    fc.assert(
      fc.property(text, text, (password, other) => {
        const stored = createVerifier(identity, password);
        const verdict = (typed: string) => {
          const client = createSrpSession('ada', typed, `us-east-1_${identity.poolName}`, false);
          const exchange = beginExchange(stored, parsePublicValue(client.largeA) ?? 0n);
          const signed = signSrpSession(client, {
            ChallengeParameters: {
              SALT: stored.salt,
              SRP_B: exchange.B.toString(16),
              SECRET_BLOCK: secretBlock,
              USER_ID_FOR_SRP: identity.userId,
            },
          });
          const claim = { secretBlock, timestamp: client.timestamp, signature: signed.passwordSignature };
          return [
            provesPassword(stored, identity, exchange, claim),
            provesPassword(stored, { ...identity, userId: 'eve' }, exchange, claim),
            provesPassword(stored, { ...identity, poolName: 'other' }, exchange, claim),
            provesPassword(stored, identity, exchange, { ...claim, timestamp: 'Thu Jan 1 00:00:00 UTC 1970' }),
            provesPassword(stored, identity, exchange, { ...claim, secretBlock: 'AAAA' }),
            provesPassword(stored, identity, exchange, { ...claim, signature: '' }),
          ];
        };
        expect(verdict(password)).toEqual([true, false, false, false, false, false]);
        expect(verdict(other)[0]).toBe(other === password);
        expect(matchesPassword(stored, identity, other)).toBe(other === password);
      }),
      { numRuns: 5 },
    );
  });

  it('has another verifier each time, from which the password cannot be compared', () => {
    expect(createVerifier(identity, 'same')).not.toEqual(createVerifier(identity, 'same'));
  });
});

describe('the authenticator’s code', () => {
  const secret = Secret.fromUTF8('12345678901234567890').base32;

  it.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
  ])('is that of RFC 6238 appendix B at second %d', (second, code) => {
    expect(judgeCode(secret, code, second * 1000)).toEqual({ kind: 'accepted', step: Math.floor(second / 30) });
  });

  it('is accepted within a step either side and never again, nor any before it', () => {
    const now = 1_800_000_000_000;
    const step = now / 30_000;
    fc.assert(
      fc.property(fc.integer({ min: -4, max: 4 }), fc.integer({ min: -4, max: 4 }), (distance, last) => {
        const code = TOTP.generate({ secret: Secret.fromBase32(secret), timestamp: now + distance * 30_000 });
        const expected = Math.abs(distance) > 1 ? 'wrong' : distance > last ? 'accepted' : 'replayed';
        expect(judgeCode(secret, code, now, step + last).kind).toBe(expected);
      }),
    );
  });

  it('is six digits and nothing else', () => {
    for (const code of ['', '28708', '2870822', ' 287082', '２８７０８２', '-87082'])
      expect(judgeCode(secret, code, 59_000)).toEqual({ kind: 'wrong' });
    expect(Buffer.from(Secret.fromBase32(createTotpSecret()).bytes)).toHaveLength(32);
  });
});

it('makes temporary passwords that meet any policy', () => {
  const flags = { uppercase: fc.boolean(), lowercase: fc.boolean(), numbers: fc.boolean(), symbols: fc.boolean() };
  fc.assert(
    fc.property(fc.record({ ...flags, minimumLength: fc.integer({ min: 6, max: 99 }) }), (rules) => {
      const policy = { ...rules, historySize: 0, temporaryValidityDays: 1 };
      expect(meetsPolicy(policy, createTemporaryPassword(policy))).toBe(true);
    }),
  );
});
