import * as z from 'zod';
import type { Role } from '../authentication/actor';
import { daysAfter, instant } from '../instant';
import { assigneeOf, department, kindsOf, longestTaskDays, type TaskItem, taskKinds } from './tasks';

/** What somebody records that is to be done for a patient. */
export const taskRequest = z.strictObject({
  kind: z.enum(taskKinds),
  assignee: z.union(
    [
      z.strictObject({ user: z.uuid() }),
      z.strictObject({ role: z.enum(['clinician', 'billing']), department: department.optional() }),
    ],
    'must name a user, or a role and perhaps its department',
  ),
  /** @default now */
  from: instant.optional(),
  /** @default as late as a task of its kind may end */
  until: instant.optional(),
});
/** A task that is entered later than this explains nothing that anybody would still ask about. */
const backdatedDays = 30;
/** … and one further ahead is planned again. */
const aheadDays = 365;

/** @returns the task that is asked for, whether or not it may be recorded: `taskFaults` says that */
export function taskOf(
  { kind, assignee, from: begins, until }: z.infer<typeof taskRequest>,
  { id, patient, by, now }: { readonly id: string; readonly patient: string; readonly by: string; readonly now: Date },
): TaskItem {
  const from = begins ?? now.toISOString();
  return {
    id,
    patient,
    kind,
    assignee: 'user' in assignee ? { sub: assignee.user } : assignee,
    from,
    until: until ?? daysAfter(from, longestTaskDays[kind]),
    createdBy: by,
    createdAt: now.toISOString(),
    origin: 'entered',
    version: 1,
  };
}

/**
 * 45 CFR 164.502(b): a role records the tasks that it works with, and nobody records one for themselves.
 * @param role of whoever records it
 * @returns why the task may not be recorded, by field
 */
export function taskFaults(task: TaskItem, role: Role): { readonly field: string; readonly message: string }[] {
  const { kind, assignee, from, until, createdBy, createdAt } = task;
  return [
    ...(kindsOf[role]?.includes(kind) ? [] : [{ field: 'kind', message: 'is not recorded by this role' }]),
    ...('sub' in assignee && assignee.sub === createdBy
      ? [{ field: 'assignee', message: 'nobody records a task for themselves' }]
      : []),
    ...('role' in assignee && assignee.role !== assigneeOf[kind]
      ? [{ field: 'assignee', message: `must be a ${assigneeOf[kind]}` }]
      : []),
    ...(until <= from || until > daysAfter(from, longestTaskDays[kind])
      ? [{ field: 'until', message: `must be in the ${longestTaskDays[kind]} days after the beginning` }]
      : []),
    ...(from < daysAfter(createdAt, -backdatedDays) || from > daysAfter(createdAt, aheadDays)
      ? [{ field: 'from', message: `must be at most ${backdatedDays} days ago and ${aheadDays} days ahead` }]
      : []),
  ];
}

/** What the API tells of a task. */
export const shownTask = ({ id, kind, assignee, from, until, createdBy, createdAt, origin }: TaskItem) => ({
  id,
  kind,
  assignee: 'sub' in assignee ? { user: assignee.sub } : assignee,
  from,
  until,
  created_by: createdBy,
  created_at: createdAt,
  origin,
});
