import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { type Role, roles } from '../authentication/actor';
import { daysAfter } from '../instant';
import { consistentQuery } from '../records/consistent-queries';
import { patientId } from '../records/model';
import type { TransactItem } from '../records/transaction';
import { governanceKeys } from './governance';

export const taskKinds = ['appointment', 'order', 'referral', 'claim'] as const;
export type TaskKind = (typeof taskKinds)[number];
/** a part of the organization, as a code */
export const department = z
  .string()
  .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'must be a code such as cardiology')
  .max(32);

/**
 * What somebody is to do for a patient. `PK` `PATIENT#<patient>`, `SK` `TASK#<id>`. It gives no access: it explains one, to
 * whoever reviews accesses. Ids, codes and times alone; UTC, ISO 8601. 45 CFR 164.308(a)(1)(ii)(D).
 */
export const taskItem = z.object({
  id: z.uuid(),
  patient: patientId,
  kind: z.enum(taskKinds),
  /** one person, or whoever has the role */
  assignee: z.union([
    z.object({ sub: z.uuid() }),
    z.object({ role: z.enum(roles), department: department.optional() }),
  ]),
  from: z.string(),
  until: z.string(),
  createdBy: z.uuid(),
  createdAt: z.string(),
  origin: z.enum(['entered', 'import']),
  version: z.literal(1),
});
export type TaskItem = z.infer<typeof taskItem>;

/** Which tasks a role records and sees. 45 CFR 164.502(b), 164.514(d)(2). */
export const kindsOf: Readonly<Partial<Record<Role, readonly TaskKind[]>>> = {
  clinician: ['appointment', 'order', 'referral'],
  registrar: ['appointment', 'referral'],
  billing: ['claim'],
  compliance_officer: taskKinds,
};
/** whom a task of a kind can be for */
export const assigneeOf = {
  appointment: 'clinician',
  order: 'clinician',
  referral: 'clinician',
  claim: 'billing',
} as const;

/** A claim is worked on for half a year: corrections, denials, appeals. */
export const claimDays = 180;
/** How long a task of a kind may last; what lasts longer is recorded again. */
export const longestTaskDays = { appointment: 14, order: 180, referral: 365, claim: claimDays } as const;
/** Results, letters and codes follow a visit for this long. */
export const visitFollowUpDays = 14;
/** A task stays this long after its end, so that late reviews find it. */
const keptDays = 180;

/** @returns the write of a task. An import may write it again: it is the same one. */
export function putTask(table: string, task: TaskItem): TransactItem {
  const ttl = Math.floor(Date.parse(daysAfter(task.until, keptDays)) / 1000);
  return {
    Put: {
      TableName: table,
      Item: { ...governanceKeys.task(task.patient, task.id), ...task, ttl },
      ...(task.origin === 'entered' ? { ConditionExpression: 'attribute_not_exists(PK)' } : {}),
    },
  };
}

/** @returns every task of a patient that is still kept; consistent */
export async function tasksOf(documents: DynamoDBDocumentClient, table: string, patient: string): Promise<TaskItem[]> {
  const { PK, SK: prefix } = governanceKeys.task(patient, '');
  return (await consistentQuery(documents, { table, PK, prefix })).map((item) => taskItem.parse(item));
}

/** What a person is, as far as tasks are given to them. */
export interface Worker {
  readonly sub: string;
  readonly role: Role | null;
  readonly department?: string | undefined;
}

/**
 * @returns whether the task explains that the person used the record at that time. Nobody's access is explained by a task that
 *   they recorded themselves: it would be an alibi of their own making.
 */
export function explains(task: TaskItem, worker: Worker, at: string): boolean {
  if (task.createdBy === worker.sub || at < task.from || at >= task.until) return false;
  const { assignee } = task;
  if ('sub' in assignee) return assignee.sub === worker.sub;
  if (assignee.role !== worker.role) return false;
  return assignee.department === undefined || assignee.department === worker.department;
}
