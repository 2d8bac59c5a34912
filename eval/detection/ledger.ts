import type { Explanation, Facts } from '../../lambda/breach/detect/model';
import { type Clinic, type Employee, type Patient, relationsOf, type StaffRole } from './clinic';

/** Why somebody has to do with a patient; all times in milliseconds. */
export interface Task {
  readonly kind: Explanation;
  /** when it was entered: what is looked up earlier does not find it */
  readonly entered: number;
  readonly from: number;
  readonly until: number;
  /** whom it explains: one person, or a role */
  readonly for: string | StaffRole;
  /** -1: of no department */
  readonly department: number;
}

const month = 30 * 24 * 3600_000;

/** The tasks and care teams as they are entered: what detection's look-ups would find at any moment. */
export class Ledger {
  readonly #tasks = new Map<string, Task[]>();

  constructor(private readonly clinic: Clinic) {}

  enter(patient: Patient, task: Task): void {
    const tasks = this.#tasks.get(patient.id);
    if (tasks) tasks.push(task);
    else this.#tasks.set(patient.id, [task]);
  }

  /** @param at when the access was @param asked when it is looked up */
  facts(employee: Employee, patient: Patient, at: number, asked: number): Facts {
    const known = (this.#tasks.get(patient.id) ?? []).filter(({ entered }) => entered <= asked);
    const near = known.filter((task) => shows(task, at));
    const explaining = known.filter(
      ({ for: whom, from, until }) => (whom === employee.sub || whom === employee.role) && from <= at && at <= until,
    );
    const onPanel = employee.onPanel.has(patient.id);
    return {
      explanations: [...(onPanel ? (['care-team'] as const) : []), ...explaining.map(({ kind }) => kind)],
      relations: relationsOf(this.clinic, employee, patient),
      vip: patient.vip,
      active: near.length > 0,
      ...(employee.department >= 0 && {
        ownDepartment: near.some(({ department }) => department === employee.department),
      }),
    };
  }

  /** @returns whether the patient has something to do with the clinic around this moment */
  isActive(patient: Patient, at: number): boolean {
    return (this.#tasks.get(patient.id) ?? []).some((task) => shows(task, at));
  }
}

/** Neither an old claim nor an emergency that somebody declared shows that the patient was here. */
const shows = ({ kind, from, until }: Task, at: number): boolean =>
  kind !== 'claim' && kind !== 'emergency' && from - month <= at && at <= until + month;
