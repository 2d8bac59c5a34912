import * as z from 'zod';
import { rules } from './detect/rules';

/** rules that see nothing which an unauthenticated caller can cause: a type in detect/rules/rule.ts holds that */
const containing: readonly string[] = rules.filter(({ mayContain }) => mayContain).map(({ id }) => id);

/** What follows an alert. Every message completes "<setting> must be …". */
export const alertSettings = z.strictObject(
  {
    /** 45 CFR 164.308(a)(1)(ii)(D): within so many days somebody has dismissed the alert or opened an incident */
    reviewDays: z
      .int({ error: 'a whole number of days, 1 to 30' })
      .min(1, { error: 'a whole number of days, 1 to 30' })
      .max(30, { error: 'a whole number of days, 1 to 30' })
      .default(3),
    /** rules whose finding suspends the actor at once; none until the organization has decided on it */
    containBy: z
      .array(
        z.string().refine((id) => containing.includes(id), { error: `one of ${containing.join(', ')}` }),
        {
          error: 'a list of rules',
        },
      )
      .default([]),
  },
  { error: 'an object with reviewDays, containBy' },
);
export type AlertSettings = z.infer<typeof alertSettings>;

/** Reads the environment variable that functions of alerts get: JSON. @throws when a setting is wrong */
export const readAlertSettings = (variable: string): AlertSettings => alertSettings.parse(JSON.parse(variable));
