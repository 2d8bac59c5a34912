import type * as z from 'zod';
import { BreachError } from './breach-error';
import { dayOf } from './calendar';
import { type Author, demandTurn } from './incident';
import { dutyStatuses, isProven, type PersonNotice } from './incident-duties';
import type { dossier, Incident } from './incident-model';

export type ClosingStep =
  | {
      readonly step: 'document';
      readonly dossier: z.infer<typeof dossier>;
      readonly people: readonly PersonNotice[];
    }
  | { readonly step: 'close'; readonly people: readonly PersonNotice[] };

/**
 * The last two steps, which nobody takes before everything is proven.
 * @returns the incident after the step, one version on
 * @throws BreachError when the step is out of turn, or something is open
 */
export function conclude(incident: Incident, step: ClosingStep, { by, at }: Author): Incident {
  demandTurn(step.step, incident);
  const now = at.toISOString();
  const next = { ...incident, version: incident.version + 1, lastActionAt: now };
  if (step.step === 'document') {
    if (incident.state === 'closed') return { ...next, dossiers: [...incident.dossiers, step.dossier] };
    demandComplete(incident, step.people);
    return { ...next, state: 'documented', dossiers: [...incident.dossiers, step.dossier] };
  }
  demandComplete(incident, step.people);
  if (incident.dossiers.length === 0) throw new BreachError('outcome-missing', 'dossier', 'must be archived first');
  return { ...next, state: 'closed', closedAt: now, closedBy: by };
}

/** Nobody ends an incident without outcome, assessment and the proof of every notice. 45 CFR 164.308(a)(6)(ii), 164.414(b). */
function demandComplete(incident: Incident, people: readonly PersonNotice[]): void {
  if (!incident.assessment) throw new BreachError('assessment-incomplete', 'assessment', 'must be made first');
  if (!incident.determination) throw new BreachError('outcome-missing', 'outcome', 'must be determined first');
  if (incident.determination.outcome !== 'breach') return;
  if (!incident.letters) throw new BreachError('notice-unproven', 'notices', 'must be made first');
  const open = incident.associate ? 0 : people.filter((person) => !isProven(person)).length;
  if (open > 0) throw new BreachError('notice-unproven', 'notices', `${open} notice(s) are without proof`);
  const [first] = dutyStatuses(incident, people, dayOf(new Date(incident.lastActionAt))).filter(
    ({ doneOn }) => !doneOn,
  );
  if (first) throw new BreachError('duty-open', first.id, 'has no proof');
}

/** @param uncovered accesses in scope that no signed checkpoint covers @throws BreachError when there are any */
export function demandEvidence(uncovered: number): void {
  if (uncovered === 0) return;
  throw new BreachError(
    'evidence-uncovered',
    'scope',
    `${uncovered} access(es) are not under a signed checkpoint of the audit log yet: archive it again in two minutes`,
  );
}
