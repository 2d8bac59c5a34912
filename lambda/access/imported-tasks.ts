import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { daysAfter } from '../instant';
import type { PlannedTask } from '../records/fhir/tasks';
import { readActor } from './actors-store';
import { claimDays, type TaskItem, visitFollowUpDays } from './tasks';

/** how far ahead an imported visit counts; an invented date must not stay for ever */
const aheadDays = 365;
/** a record is opened before the patient is there */
const preparationDays = 1;

/**
 * @param planned with the id that its resource has as an entry, so that importing it again writes the same task
 * @param isClinician whether a `sub` is an active clinician's
 * @returns the task, for the person whom the bundle names or else for the role; undefined when it explains nothing any more
 */
function importedTask(
  planned: PlannedTask & { readonly id: string },
  at: { readonly patient: string; readonly by: string; readonly now: Date },
  isClinician: (sub: string) => boolean,
): TaskItem | undefined {
  const now = at.now.toISOString();
  const { id, kind, user } = planned;
  const from = kind === 'claim' ? planned.from : daysAfter(planned.from, -preparationDays);
  const until =
    kind === 'claim' ? daysAfter(planned.from, claimDays) : daysAfter(planned.until ?? planned.from, visitFollowUpDays);
  if (until <= now || from > daysAfter(now, aheadDays) || until > daysAfter(now, 2 * aheadDays)) return undefined;
  const role = kind === 'claim' ? 'billing' : 'clinician';
  return {
    id,
    patient: at.patient,
    kind,
    assignee: kind === 'appointment' && user !== undefined && isClinician(user) ? { sub: user } : { role },
    from,
    until,
    createdBy: at.by,
    createdAt: now,
    origin: 'import',
    version: 1,
  };
}

/** @returns the tasks that visits and claims of a bundle explain; whom they name counts where that is an active clinician */
export async function importedTasks(
  documents: DynamoDBDocumentClient,
  table: string,
  planned: readonly (PlannedTask & { readonly id: string })[],
  at: { readonly patient: string; readonly by: string; readonly now: Date },
): Promise<TaskItem[]> {
  const named = [...new Set(planned.flatMap(({ user }) => (user && z.uuid().safeParse(user).success ? [user] : [])))];
  const people = await Promise.all(named.map((sub) => readActor(documents, table, sub)));
  const clinicians = new Set(
    people.flatMap((person) => (person?.role === 'clinician' && person.status === 'active' ? [person.sub] : [])),
  );
  return planned
    .map((task) => importedTask(task, at, (sub) => clinicians.has(sub)))
    .filter((task) => task !== undefined);
}
