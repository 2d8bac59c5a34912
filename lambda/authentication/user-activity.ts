import * as z from 'zod';
import type { EventDraft } from '../audit/event';

const text = z.string().max(2048).catch('');

/** One line of the user activity that Cognito exports ("Exporting logs from user pools"); what Ward does not read is let be. */
const activity = z.object({
  eventSource: z.literal('USER_ACTIVITY'),
  message: z.object({
    eventId: z.uuid(),
    eventType: z.string(),
    userSub: text,
    eventResponse: z.string(),
    riskLevel: text,
    riskDecision: text,
    challenges: z.array(z.unknown()).catch([]),
    ipAddress: text,
    compromisedCredentialDetected: z.union([z.boolean(), z.string()]).transform(String).catch('false'),
  }),
});
export type Activity = z.infer<typeof activity>['message'];

/** @returns the activity that a line tells of; undefined for a line of another kind */
export function parseActivity(line: string): Activity | undefined {
  try {
    return activity.safeParse(JSON.parse(line)).data?.message;
  } catch {
    return undefined;
  }
}

/** The account that a line names, if it is one: a name that somebody typed is never taken for one. */
export const accountIn = ({ userSub }: Activity): string | undefined =>
  z
    .uuid()
    .transform((sub) => sub.toLowerCase())
    .safeParse(userSub).data;

const kinds: Readonly<Record<string, string>> = {
  SignIn: 'sign-in',
  SignUp: 'sign-up',
  ForgotPassword: 'password-reset',
  PasswordChange: 'password-change',
  ResendCode: 'code-sent',
};

/**
 * What the log says of an activity: codes of ours, never the user name, device or place that the line holds, because the
 * name of somebody unknown is text of an attacker's choice, and a password typed into the wrong field.
 * @param actor the person whose account it is; null for everybody whom the governance table does not know
 */
export function activityEvent(
  found: Activity,
  actor: { readonly sub: string; readonly role: NonNullable<EventDraft['actor']>['role'] } | null,
): EventDraft {
  const passed = found.eventResponse === 'Pass';
  const failed = found.eventResponse === 'Fail';
  const ip = z.union([z.ipv4(), z.ipv6()]).safeParse(found.ipAddress).data ?? null;
  return {
    action: `user-pool.${kinds[found.eventType] ?? 'other'}`,
    actor: actor && { mfa: passed && factor(found, 'Mfa') === 'success', session: null, ...actor },
    basis: null,
    categories: [],
    outcome: passed || !failed ? 'permit' : 'deny',
    patient: null,
    purpose: 'OPERATIONS',
    reason: reasonOf(found),
    request: { id: found.eventId, ip, method: 'POST', route: 'user-pool', status: failed ? 401 : passed ? 200 : 202 },
    resources: [],
  };
}

/** The gravest thing first: risk, then which factor failed, then how far it came. */
function reasonOf(found: Activity): string {
  if (found.compromisedCredentialDetected.toLowerCase() === 'true') return 'compromised-credentials';
  const level = found.riskLevel.toLowerCase();
  if (/^block$/i.test(found.riskDecision)) return 'risk-blocked';
  if (['low', 'medium', 'high'].includes(level)) return `risk-${level}`;
  if (factor(found, 'Mfa') === 'failure') return 'second-factor-failed';
  if (factor(found, 'Password') === 'failure') return 'password-failed';
  if (found.eventResponse === 'Pass') return 'passed';
  return found.eventResponse === 'Fail' ? 'failed' : 'challenged';
}

/** The export writes a challenge as a text or as an object with its name and result. */
function factor({ challenges }: Activity, name: 'Password' | 'Mfa'): 'success' | 'failure' | undefined {
  const said = challenges.map((each) => JSON.stringify(each)).filter((each) => each.includes(name));
  if (said.some((each) => /fail/i.test(each))) return 'failure';
  return said.some((each) => /success/i.test(each)) ? 'success' : undefined;
}
