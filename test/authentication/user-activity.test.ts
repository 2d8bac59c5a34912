import * as fc from 'fast-check';
import { eventDraft } from '../../lambda/audit/event';
import { accountIn, activityEvent, parseActivity } from '../../lambda/authentication/user-activity';

const sub = '33333333-3333-4333-8333-333333333333';
const eventId = '55555555-5555-4555-8555-555555555555';

const line = (message: Record<string, unknown>, more: Record<string, unknown> = {}): string =>
  JSON.stringify({
    eventTimestamp: '1687297330677',
    eventSource: 'USER_ACTIVITY',
    logLevel: 'INFO',
    message: {
      version: '1',
      eventId,
      eventType: 'SignIn',
      userSub: sub,
      userName: sub,
      eventResponse: 'Fail',
      riskLevel: '',
      riskDecision: 'PASS',
      challenges: ['Password:Failure'],
      ipAddress: '192.0.2.7',
      compromisedCredentialDetected: 'false',
      ...message,
    },
    ...more,
  });
const eventOf = (message: Record<string, unknown>) => {
  const activity = parseActivity(line(message));
  if (!activity) throw new Error('not read');
  return activityEvent(activity, { sub, role: 'clinician' });
};

test.each([
  [{}, 'deny', 'password-failed', 401],
  [{ challenges: ['Password:Success', 'Mfa:Failure'] }, 'deny', 'second-factor-failed', 401],
  [{ challenges: [{ ChallengeName: 'Mfa', ChallengeResponse: 'Failure' }] }, 'deny', 'second-factor-failed', 401],
  [{ challenges: [] }, 'deny', 'failed', 401],
  [{ riskLevel: 'High', riskDecision: 'Block' }, 'deny', 'risk-blocked', 401],
  [{ eventResponse: 'Pass', riskLevel: 'Medium', riskDecision: 'AccountTakeover' }, 'permit', 'risk-medium', 200],
  [{ eventResponse: 'Pass', compromisedCredentialDetected: 'true' }, 'permit', 'compromised-credentials', 200],
  [{ eventResponse: 'InProgress', challenges: [] }, 'permit', 'challenged', 202],
  [{ eventResponse: 'Pass', challenges: ['Password:Success', 'Mfa:Success'] }, 'permit', 'passed', 200],
] as const)('%j is %s, %s - 45 CFR 164.308(a)(5)(ii)(C)', (message, outcome, reason, status) => {
  expect(eventOf(message)).toMatchObject({
    action: 'user-pool.sign-in',
    outcome,
    reason,
    actor: { sub, role: 'clinician', session: null },
    request: { id: eventId, ip: '192.0.2.7', status },
  });
});

test('a second factor counts only where it was passed', () => {
  const both = { eventResponse: 'Pass', challenges: ['Password:Success', 'Mfa:Success'] };
  expect(eventOf(both).actor?.mfa).toBe(true);
  expect(eventOf({ ...both, challenges: ['Password:Success'] }).actor?.mfa).toBe(false);
  expect(eventOf({ ...both, eventResponse: 'Fail' }).actor?.mfa).toBe(false);
});

test('nothing that somebody typed enters the log, whatever the line holds', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 12 }), fc.string({ minLength: 12 }), (name, other) => {
      const secret = `§${name}`;
      const activity = parseActivity(
        line({
          userSub: secret,
          userName: secret,
          eventType: secret,
          deviceName: other,
          city: secret,
          ipAddress: secret,
          riskLevel: secret,
          riskDecision: secret,
          challenges: [secret],
          eventResponse: secret,
        }),
      );
      expect(activity && accountIn(activity)).toBeUndefined();
      const event = activity && activityEvent(activity, null);
      expect(eventDraft.safeParse(event).success).toBe(true);
      expect(event).toMatchObject({ actor: null, action: 'user-pool.other' });
      expect(JSON.stringify(event)).not.toContain('§');
    }),
  );
});

test('a line that is no activity, or none of this form, is not taken for one', () => {
  for (const other of ['', '{', '[]', 'null', line({}, { eventSource: 'USER_NOTIFICATION' }), line({ eventId: 'x' })])
    expect(parseActivity(other)).toBeUndefined();
});
