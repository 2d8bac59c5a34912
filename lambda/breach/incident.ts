import type * as z from 'zod';
import { type AssessmentCodes, isSecured, type Outcome } from './assessment';
import { BreachError } from './breach-error';
import { type Day, dayOf, daysBetween, demandDay } from './calendar';
import { demandDiscovery, demandHold, type LawEnforcementHold } from './days';
import type { Incident, IncidentState, measure, scopeSummary } from './incident-model';

export type Opening = Pick<
  Incident,
  'id' | 'discovered' | 'discoveryBasis' | 'type' | 'locations' | 'associate' | 'associateInvolved' | 'subjects'
> & {
  readonly began?: Day | undefined;
  readonly ended?: Day | undefined;
  readonly alert?: string | undefined;
};
/** Who takes a step, and when. */
export interface Author {
  readonly by: string;
  readonly at: Date;
}

/** @returns a new incident. @throws BreachError for days that cannot be */
export function open({ began, ended, alert, ...opening }: Opening, { by, at }: Author): Incident {
  demandDiscovery({ discovered: opening.discovered, began }, at);
  if (ended !== undefined) {
    demandDay(ended, 'breach_ended');
    if (ended > dayOf(at)) throw new BreachError('date-in-future', 'breach_ended', 'must not be in the future');
    if (began !== undefined && ended < began)
      throw new BreachError('date-order', 'breach_ended', 'must not be before the breach began');
  }
  return {
    ...opening,
    ...(began === undefined ? {} : { began }),
    ...(ended === undefined ? {} : { ended }),
    ...(alert === undefined ? {} : { alert }),
    state: 'opened',
    version: 1,
    openedAt: at.toISOString(),
    openedBy: by,
    measures: [],
    holds: [],
    proofs: {},
    dossiers: [],
    lastActionAt: at.toISOString(),
  };
}

export type Step =
  | { readonly step: 'contain'; readonly measures: readonly Pick<z.infer<typeof measure>, 'kind' | 'target'>[] }
  | { readonly step: 'assess'; readonly assessment: AssessmentCodes; readonly safeHarbour?: Incident['safeHarbour'] }
  | { readonly step: 'scope'; readonly scope: z.infer<typeof scopeSummary> }
  | { readonly step: 'determine'; readonly outcome: Outcome; readonly approval: string; readonly approvedBy: string }
  | { readonly step: 'hold'; readonly hold: LawEnforcementHold }
  | { readonly step: 'notify'; readonly template: string }
  | { readonly step: 'prove'; readonly duty: string; readonly on: Day; readonly reference: string }
  | { readonly step: 'release' }
  | { readonly step: 'reopen' };

/** from which states a step may be taken; the order of the process is in this table and nowhere else */
const allowed: Readonly<Record<Step['step'] | 'document' | 'close', readonly IncidentState[]>> = {
  contain: ['opened', 'contained', 'assessed', 'determined', 'notifying'],
  assess: ['contained', 'assessed'],
  scope: ['opened', 'contained', 'assessed', 'determined', 'notifying'],
  determine: ['assessed'],
  hold: ['opened', 'contained', 'assessed', 'determined', 'notifying'],
  notify: ['determined', 'notifying'],
  prove: ['notifying'],
  document: ['determined', 'notifying', 'documented', 'closed'],
  release: ['documented', 'closed'],
  close: ['documented'],
  reopen: ['documented', 'closed'],
};
export const mayTake = (step: keyof typeof allowed, { state }: Pick<Incident, 'state'>): boolean =>
  allowed[step].includes(state);

/** @throws BreachError when it is not the step's turn */
export function demandTurn(step: keyof typeof allowed, incident: Pick<Incident, 'state'>): void {
  if (!mayTake(step, incident))
    throw new BreachError('transition', 'state', `a step that a ${incident.state} incident does not take`);
}

/**
 * @returns the incident after the step, one version on
 * @throws BreachError when the step is out of turn, or lacks what it must stand on
 */
export function advance(incident: Incident, step: Step, { by, at }: Author): Incident {
  demandTurn(step.step, incident);
  const on = { by, at: at.toISOString() };
  const next = { ...incident, version: incident.version + 1, lastActionAt: on.at };
  switch (step.step) {
    case 'contain':
      return {
        ...next,
        state: incident.state === 'opened' ? 'contained' : incident.state,
        measures: [...incident.measures, ...step.measures.map((each) => ({ ...each, ...on }))],
      };
    case 'assess':
      return { ...next, state: 'assessed', assessment: step.assessment, safeHarbour: step.safeHarbour };
    case 'scope':
      return { ...next, scope: step.scope };
    case 'determine':
      demandGround(incident, step.outcome);
      return {
        ...next,
        state: 'determined',
        determination: { outcome: step.outcome, approval: step.approval, approvedBy: step.approvedBy, ...on },
      };
    case 'hold':
      return { ...next, holds: [...incident.holds, { ...demandHold(step.hold), ...on }] };
    case 'notify':
      if (incident.determination?.outcome !== 'breach')
        throw new BreachError('transition', 'outcome', 'notices are of a breach');
      if (!incident.scope) throw new BreachError('outcome-missing', 'scope', 'must be computed first');
      return { ...next, state: 'notifying', letters: { template: step.template, at: on.at } };
    case 'prove':
      return { ...next, proofs: { ...incident.proofs, [step.duty]: proven(incident, step, on, at) } };
    case 'release':
      return { ...next, releasedAt: on.at, releasedBy: by };
    case 'reopen':
      return reopened(next);
  }
}

/** A breach goes on with its notices; anything else is assessed anew. What was decided before is in the dossier. */
function reopened(incident: Incident): Incident {
  const { closedAt: _at, closedBy: _by, releasedAt: _releasedAt, releasedBy: _releasedBy, ...rest } = incident;
  if (rest.determination?.outcome === 'breach') return { ...rest, state: 'notifying' };
  const { determination: _determination, assessment: _assessment, safeHarbour: _evidence, ...anew } = rest;
  return { ...anew, state: 'contained' };
}

/** 45 CFR 164.402: it is a breach unless something is shown. */
function demandGround({ assessment, safeHarbour }: Incident, outcome: Outcome): void {
  if (!assessment) throw new BreachError('assessment-incomplete', 'assessment', 'must be made first');
  if (outcome === 'not-a-breach' && assessment.probability !== 'low')
    throw new BreachError('assessment-incomplete', 'outcome', 'a low probability has not been shown');
  if (outcome === 'secured' && !(safeHarbour && isSecured(safeHarbour)))
    throw new BreachError('safe-harbour', 'outcome', 'encryption and a safe key have not been shown');
}

function proven(
  incident: Incident,
  { on: day, reference }: Extract<Step, { step: 'prove' }>,
  on: { by: string; at: string },
  now: Date,
) {
  demandDay(day, 'on');
  if (day > dayOf(now)) throw new BreachError('date-in-future', 'on', 'must not be in the future');
  if (daysBetween(incident.discovered, day) < 0)
    throw new BreachError('date-order', 'on', 'must not be before the discovery');
  return { on: day, reference, ...on };
}
