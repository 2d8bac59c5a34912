import * as z from 'zod';

const whole = (least: number, most: number, unit: string) => {
  const error = `a whole number of ${unit}, ${least} to ${most}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
};
const number = (least: number, most: number) => {
  const error = `a number, ${least} to ${most}`;
  return z.number({ error }).min(least, { error }).max(most, { error });
};
const timeZone = z.string({ error: 'a time zone such as America/New_York' }).refine(
  (name) => {
    try {
      new Intl.DateTimeFormat('en-US', { timeZone: name });
      return true;
    } catch {
      return false;
    }
  },
  { error: 'a time zone such as America/New_York' },
);
const section = <T extends z.core.$ZodLooseShape>(shape: T, name: string) =>
  z.strictObject(shape, { error: `an object with ${Object.keys(shape).join(', ')} (${name})` });

/** What may contain by itself, where the stage says so: rules about authenticated events alone. */
const containing = ['bulk-reading', 'mass-export', 'sequential-id-probing', 'suspended-user'] as const;

/** How much each signal adds to the score of an access that nothing explains. */
const weights = section(
  {
    'unexplained-access': number(0, 10).default(1),
    'self-access': number(0, 10).default(3),
    'co-worker': number(0, 10).default(3),
    'same-family': number(0, 10).default(3),
    'same-address': number(0, 10).default(3),
    vip: number(0, 10).default(3),
    'emergency-without-cause': number(0, 10).default(1.2),
    'inactive-patient': number(0, 10).default(2.2),
    'other-department': number(0, 10).default(1),
    'repeated-patient': number(0, 10).default(3),
    'returned-to-patient': number(0, 10).default(3),
    'tried-again': number(0, 10).default(1.5),
    'after-hours': number(0, 10).default(0.5),
    'new-network': number(0, 10).default(0.5),
  },
  'weights of signals',
);

/** What detection goes by; docs/detection.md explains each. Every message completes "<setting> must be …". */
export const detectionSettings = section(
  {
    timeZone: timeZone.default('America/New_York'),
    /** the rules that suspend the actor without anybody's doing; none unless named */
    contain: z
      .array(z.enum(containing, { error: `one of ${containing.join(', ')}` }), { error: 'a list of rules' })
      .default([]),
    /** an alert that nobody looked at for as long alarms. 45 CFR 164.308(a)(1)(ii)(D) */
    reviewDays: whole(1, 30, 'days').default(3),
    /** local hours in which the organization is open to patients */
    opens: whole(0, 23, 'hours').default(7),
    closes: whole(1, 24, 'hours').default(19),
    /** how long an access may wait for the task that explains it */
    graceHours: whole(0, 23, 'hours').default(12),
    /** the same for a score that is at the threshold already */
    urgentGraceMinutes: whole(0, 720, 'minutes').default(60),
    /** an access without an explanation makes an alert from this score on */
    threshold: number(0, 100).default(4),
    weights: weights.prefault({}),
    volume: section(
      {
        /** times the higher of the actor's own and the role's average */
        factor: number(1, 100).default(4),
        leastPerHour: whole(1, 100, 'patients').default(30),
        leastPerDay: whole(1, 1000, 'patients').default(90),
      },
      'patients of an hour and a day',
    ).prefault({}),
    breadth: section(
      {
        factor: number(1, 100).default(1.5),
        deviations: number(0, 100).default(3),
        leastPerWeek: whole(1, 200, 'patients').default(12),
      },
      'patients without an explanation',
    ).prefault({}),
    denialsPerHour: whole(1, 60, 'denials').default(20),
    probesPerHour: whole(1, 60, 'patients').default(6),
    probesPerDay: whole(1, 500, 'patients').default(10),
    /** as many ids that follow each other are no chance */
    sequentialProbes: whole(2, 60, 'patients').default(3),
    searches: section(
      {
        perHour: whole(1, 100, 'searches').default(40),
        missesPerHour: whole(1, 100, 'searches').default(20),
      },
      'searches of an hour',
    ).prefault({}),
    exportsPerDay: whole(1, 60, 'patients').default(8),
    emergenciesPerDay: whole(1, 50, 'emergency accesses').default(4),
    suspendedDenials: whole(1, 50, 'denials').default(5),
    signInFailures: whole(1, 60, 'failures').default(10),
    secondFactorFailures: whole(1, 60, 'failures').default(5),
    /** two sign-ins that take turns from two networks as often within an hour */
    travelSwitches: whole(2, 50, 'switches').default(6),
  },
  'settings of detection',
);
export type DetectionSettings = z.infer<typeof detectionSettings>;

/** @returns the settings with a default for each that is not given. @throws ZodError */
export const parseDetectionSettings = (given: unknown = {}): DetectionSettings => detectionSettings.parse(given);

/** Reads the environment variable that the detector gets: JSON. @throws when it is none or has a setting that is wrong */
export function readDetectionSettings(variable: string): DetectionSettings {
  return parseDetectionSettings(JSON.parse(variable));
}
