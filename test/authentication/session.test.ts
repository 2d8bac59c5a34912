import * as fc from 'fast-check';
import { type Session, sessionVerdict } from '../../lambda/authentication/session';

const sub = '33333333-3333-4333-8333-333333333333';
const start = Date.parse('2026-11-23T08:00:00.000Z');
const idleSeconds = 15 * 60;
const absoluteSeconds = 12 * 60 * 60;

/** One sign-in under a clock of its own: what Ward remembers of it is what the verdicts say. */
class SignIn {
  session: Session | undefined;
  writes = 0;
  #seconds = 0;

  wait(seconds: number): this {
    this.#seconds += seconds;
    return this;
  }

  request(by = sub): string {
    const now = new Date(start + this.#seconds * 1000);
    const verdict = sessionVerdict({ sub: by, authenticatedAt: new Date(start) }, this.session, {
      idleSeconds,
      absoluteSeconds,
      now,
    });
    if (verdict.state === 'live' && verdict.write) {
      this.writes++;
      this.session = { sub, lastSeenAt: now.toISOString() };
    }
    return verdict.state;
  }
}

test('a sign-in that is used stays, and one that nobody used for 15 minutes is over, 45 CFR 164.312(a)(2)(iii)', () => {
  const signIn = new SignIn();
  expect(signIn.request()).toBe('live');
  for (let quarter = 0; quarter < 20; quarter++) expect(signIn.wait(14 * 60).request()).toBe('live');
  expect(signIn.wait(15 * 60).request()).toBe('idle');
});

test('what is over is revived neither by asking again nor by the expiry of what Ward remembers', () => {
  const signIn = new SignIn();
  signIn.request();
  signIn.wait(16 * 60);
  expect([signIn.request(), signIn.wait(1).request()]).toEqual(['idle', 'idle']);
  signIn.session = undefined; // its time to live
  expect(signIn.request()).toBe('idle');
});

test('a first request that comes later than the idle limit is refused', () => {
  expect(new SignIn().wait(idleSeconds - 1).request()).toBe('live');
  expect(new SignIn().wait(idleSeconds).request()).toBe('idle');
});

test('after twelve hours the sign-in is over however busy it was', () => {
  const signIn = new SignIn();
  const states = Array.from({ length: 73 }, () => {
    const state = signIn.request();
    signIn.wait(10 * 60);
    return state;
  });
  expect(states.slice(0, 72).every((state) => state === 'live')).toBe(true);
  expect(states[72]).toBe('ended');
});

test('a session that the person ended, and one of another person, count for nothing', () => {
  const signIn = new SignIn();
  signIn.request();
  expect(signIn.request('44444444-4444-4444-8444-444444444444')).toBe('ended');
  signIn.session = { sub, lastSeenAt: new Date(start).toISOString(), endedAt: new Date(start).toISOString() };
  expect(signIn.request()).toBe('ended');
});

test('a time that cannot be read is no activity', () => {
  const signIn = new SignIn();
  signIn.session = { sub, lastSeenAt: 'never' };
  expect(signIn.request()).toBe('idle');
});

test('requests are remembered at most once a minute, and no pause within the limit ends a sign-in early by more than that', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 1200 }), { maxLength: 60 }), (pauses) => {
      const signIn = new SignIn();
      signIn.request();
      let total = 0;
      for (const pause of pauses) {
        total += pause;
        const state = signIn.wait(pause).request();
        if (total >= absoluteSeconds) return state === 'ended';
        if (pause >= idleSeconds) return state === 'idle';
        if (state === 'live') continue;
        return state === 'idle' && pause >= idleSeconds - 60;
      }
      return signIn.writes <= 1 + total / 60;
    }),
  );
});
