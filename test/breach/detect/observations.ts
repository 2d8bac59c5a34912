import { detect } from '../../../lambda/breach/detect/engine';
import type { ActorState, Facts, Finding, Observation } from '../../../lambda/breach/detect/model';
import { type DetectionSettings, parseDetectionSettings } from '../../../lambda/breach/detect/settings';

export const settings = parseDetectionSettings({ timeZone: 'UTC' });
export const person = '5f6d3c1e-0000-4000-8000-000000000001';

/** @returns a patient's id; neighbours in number are far from each other in id */
export const patientOf = (index: number): string =>
  `${((index * 2654435761) % 2 ** 32).toString(16).padStart(8, '0')}-1111-4111-8111-${(index * 7919).toString(16).padStart(12, '0')}`;
export const eventOf = (index: number): string => `019b0000-0000-7000-8000-${index.toString(16).padStart(12, '0')}`;

/** A registrar's reading of a record on a Tuesday at ten, unless said otherwise. */
export function observed(index: number, change: Partial<Observation> = {}): Observation {
  return {
    id: eventOf(index),
    at: new Date(Date.parse('2026-03-10T10:00:00.000Z') + index * 1000).toISOString(),
    subject: person,
    actor: person,
    role: 'registrar',
    session: '5f6d3c1e-0000-4000-8000-00000000aaaa',
    request: eventOf(1_000_000 + index),
    network: '198.51.100.0/24',
    action: 'patient.read',
    kind: 'access',
    outcome: 'permit',
    reason: null,
    patient: patientOf(index),
    purpose: 'OPERATIONS',
    basis: 'role',
    authenticated: true,
    ...change,
  };
}
export const explained: Facts = {
  explanations: ['appointment'],
  relations: [],
  vip: false,
  active: true,
  ownDepartment: true,
};
export const unexplained: Facts = { ...explained, explanations: [] };

/** @returns the state after all of them, and the last telling of each finding */
export function play(
  observations: readonly Observation[],
  facts: Facts | ((observation: Observation) => Facts) = explained,
  { given = settings, from }: { readonly given?: DetectionSettings; readonly from?: ActorState | undefined } = {},
): { readonly state: ActorState; readonly findings: readonly Finding[] } {
  let state = from;
  const findings = new Map<string, Finding>();
  for (const observation of observations) {
    const result = detect(state, observation, typeof facts === 'function' ? facts(observation) : facts, {
      settings: given,
    });
    state = result.state;
    for (const finding of result.findings) findings.set(`${finding.window} ${finding.rule}`, finding);
  }
  if (!state) throw new RangeError('nothing to play');
  return { state, findings: [...findings.values()] };
}
export const rulesOf = (findings: readonly Finding[]): string[] => findings.map(({ rule }) => rule).sort();
export const many = (count: number, change: (index: number) => Partial<Observation> = () => ({})): Observation[] =>
  Array.from({ length: count }, (_, index) => observed(index, change(index)));
