import * as z from 'zod';
import { relationTokens } from '../encryption/relation-tokens';
import { patientId } from '../records/model';
import { putVersion, type TransactItem } from '../records/transaction';
import { governanceKeys } from './governance';
import { department } from './tasks';

/**
 * What tells that a patient is a relative, a neighbour or a colleague of a member of the workforce: blind tokens, the id of
 * their own record, their department. `PK` `RELATIONS#<sub>`, `SK` `RELATIONS`. Name and address are kept nowhere.
 */
export const relationsItem = relationTokens.extend({
  sub: z.uuid(),
  /** the person's own record, where they are a patient as well */
  patient: patientId.optional(),
  department: department.optional(),
  setBy: z.uuid(),
  setAt: z.string(),
  version: z.int().positive(),
});
export type RelationsItem = z.infer<typeof relationsItem>;

/** @returns the writes of what is known of a person, and of whose record is theirs; they fail when it changed since it was read */
export function setRelations(table: string, before: RelationsItem | undefined, item: RelationsItem): TransactItem[] {
  const { sub, patient } = item;
  return [
    putVersion(table, { ...governanceKeys.relations(sub), ...item }, before?.version ?? 0),
    ...(patient ? [{ Put: { TableName: table, Item: { ...governanceKeys.employee(patient, sub), sub } } }] : []),
    ...(before?.patient && before.patient !== patient
      ? [{ Delete: { TableName: table, Key: governanceKeys.employee(before.patient, sub) } }]
      : []),
  ];
}
