import { type Canonical, canonicalize } from '../audit/canonical';
import { exceptions, factorNames, factors, questionsOf } from './assessment';
import { dayOf, longDay } from './calendar';
import { type DossierFacts, type OriginProof, type Proof, unprovenAmong } from './dossier-facts';
import { type DutyStatus, dutyStatuses } from './incident-duties';
import { breachLocations, breachTypes, type Incident } from './incident-model';
import type { NarrativeItem, Person } from './incident-store';
import type { Block } from './pdf';
import { noticesOf } from './shown';
import { coveredJurisdictions, notCovered, stateLaws } from './state-law';
import { jurisdictionOf, jurisdictions } from './states';

/** Everything about an incident in one document. 45 CFR 164.414(b), 164.530(j): the burden of proof is the entity's. */
export function dossierOf(facts: DossierFacts) {
  const { incident, people, madeAt } = facts;
  const duties = dutyStatuses(incident, noticesOf(people), dayOf(madeAt));
  return {
    format: 'ward-dossier/1',
    made_at: madeAt.toISOString(),
    made_by: facts.madeBy,
    audit_log: facts.log.origin,
    incident: plain(incident),
    narratives: facts.narratives.map((each) => ({ ...each })),
    deadlines: duties.map((duty) => plain(duty)),
    state_law: lawOf(incident),
    people: people.map((person) => plain(person)),
    scope: { runs: facts.runs.map((run) => plain(run)), events: facts.scope.map((proof) => plain(proof)) },
    documents: facts.documents.map((document) => plain(document)),
    timeline: facts.timeline.map((proof) => plain(proof)),
    /** from each segment to the root that the checkpoint signs; `uncovered` has no checkpoint yet */
    audit_proof: plain({ ...proofOf(facts.log), uncovered_events: uncoveredOf(facts) }),
    /** the same of the log of the stage that this one succeeds, where some of the events are in it */
    ...(facts.before && { predecessor: { audit_log: facts.before.origin, audit_proof: plain(proofOf(facts.before)) } }),
    operational_logs: facts.logs.map((row) => plain(row)),
  };
}
export type Dossier = ReturnType<typeof dossierOf>;

/** @returns the dossier's bytes: canonical JSON, so that whoever has the same facts has the same hash */
export const encodeDossier = (dossier: Dossier): Buffer => Buffer.from(canonicalize(dossier as unknown as Canonical));

const uncoveredOf = (facts: DossierFacts) => ({
  scope: unprovenAmong(facts.scope, facts),
  timeline: unprovenAmong(facts.timeline, facts),
});

const proofOf = ({ origin: _, ...proof }: OriginProof) => proof;

/** what JSON cannot say is left out */
const plain = <T extends object>(value: T): Canonical => JSON.parse(JSON.stringify(value));

function lawOf(incident: Incident) {
  return Object.entries(incident.scope?.residents ?? {}).map(([name, residents]) => {
    const state = jurisdictionOf(name);
    const law = state && stateLaws[state];
    return {
      state: state ? jurisdictions[state] : name,
      residents: residents ?? 0,
      statute: law?.statute ?? notCovered,
      source: law?.source ?? '',
      read_on: law?.readOn ?? '',
    };
  });
}

/** @returns the dossier for people: the same facts, in words */
export function dossierBlocks(facts: DossierFacts): Block[] {
  const { incident, people, narratives, madeAt } = facts;
  const said = (kind: NarrativeItem['kind']): Block[] =>
    narratives
      .filter((each) => each.kind === kind)
      .map(({ text, author, at }) => ({ kind: 'paragraph', text: `${text} (${author}, ${at})` }));
  const { determination, scope } = incident;
  return [
    { kind: 'title', text: `Dossier of incident ${incident.id}` },
    {
      kind: 'fields',
      fields: [
        ['State', incident.state],
        ['Discovered (day 0), and how', `${longDay(incident.discovered)}, ${incident.discoveryBasis}`],
        ['Breach', `${incident.began ?? 'unknown'} to ${incident.ended ?? 'unknown'}`],
        ['Type', breachTypes[incident.type]],
        ['Location', incident.locations.map((each) => breachLocations[each]).join(', ')],
        ['Outcome', determination ? outcomeOf(determination.outcome) : 'not determined'],
        [
          'Determined by, approved by',
          determination ? `${determination.by}, ${determination.approvedBy} (${determination.at})` : '',
        ],
        ['Individuals', String(scope?.individuals ?? 0)],
        [
          'By State',
          Object.entries(scope?.residents ?? {})
            .map(([state, count]) => `${state} ${count}`)
            .join(', '),
        ],
        ['Made', `${madeAt.toISOString()} by ${facts.madeBy}`],
      ],
    },
    { kind: 'heading', text: 'What was known' },
    ...said('description'),
    { kind: 'heading', text: 'Containment' },
    { kind: 'lines', lines: incident.measures.map(({ kind, target, by, at }) => `${at}  ${kind} ${target} by ${by}`) },
    ...said('containment'),
    { kind: 'heading', text: 'Assessment of the four factors, 45 CFR 164.402(2)' },
    ...assessmentBlocks(facts),
    { kind: 'heading', text: 'Determination' },
    ...said('determination'),
    { kind: 'heading', text: 'Deadlines' },
    { kind: 'fields', fields: dutyStatuses(incident, noticesOf(people), dayOf(madeAt)).map(dutyField) },
    { kind: 'heading', text: 'Notices' },
    { kind: 'lines', lines: people.map(personLine) },
    { kind: 'heading', text: 'Documents' },
    {
      kind: 'lines',
      lines: facts.documents.map(({ name, version, sha256 }) => `${name} (version ${version}) SHA-256 ${sha256}`),
    },
    { kind: 'heading', text: 'Timeline, as the audit log has it' },
    { kind: 'lines', lines: facts.timeline.map(proofLine) },
    { kind: 'heading', text: 'Accesses in scope' },
    { kind: 'lines', lines: facts.scope.map(proofLine) },
    { kind: 'heading', text: 'Proof of these events' },
    ...proofBlocks(facts),
    { kind: 'heading', text: 'Operational logs around the event' },
    {
      kind: 'lines',
      lines: facts.logs.length > 0 ? facts.logs.map(({ at, message }) => `${at}  ${message}`) : ['none'],
    },
    {
      kind: 'paragraph',
      text: `State law is covered for ${coveredJurisdictions.join(', ')}. Every other State: ${notCovered}.`,
    },
  ];
}

function assessmentBlocks({ incident, narratives }: DossierFacts): Block[] {
  const { assessment } = incident;
  if (!assessment) return [{ kind: 'paragraph', text: 'None yet.' }];
  const newest = narratives.findLast(({ kind }) => kind === 'assessment');
  const reasons: Record<string, unknown> = newest ? JSON.parse(newest.text) : {};
  const blocks = factorNames.flatMap((name): Block[] => [
    { kind: 'paragraph', text: `${factors[name].factor}: risk ${assessment.risks[name]}` },
    {
      kind: 'fields',
      fields: [
        ...Object.entries(questionsOf(name)).map(
          ([question, { text }]) => [text, assessment.answers[`${name}.${question}`] ?? ''] as const,
        ),
        ['Reason', String(reasons[name] ?? '')],
      ],
    },
  ]);
  return [
    ...blocks,
    { kind: 'paragraph', text: `Probability: ${assessment.probability}. ${String(reasons['conclusion'] ?? '')}` },
  ];
}

function proofBlocks(facts: DossierFacts): Block[] {
  const { scope, timeline } = uncoveredOf(facts);
  const logs = [facts.log, ...(facts.before ? [facts.before] : [])];
  const checkpoints = logs.flatMap(({ checkpoint }) => checkpoint ?? []);
  const segments = logs.reduce((sum, log) => sum + log.segments.length, 0);
  const covered =
    checkpoints.length === 0
      ? 'No signed checkpoint of the audit log covers any of these events yet.'
      : `${segments} segment(s) of the audit log are proven under ${checkpoints.length === 1 ? 'the signed checkpoint' : 'the signed checkpoints, each of its own log,'} below.`;
  const open =
    scope + timeline === 0
      ? 'Every one of them is covered.'
      : `Not covered yet: ${scope} access(es) in scope and ${timeline} event(s) of the timeline.`;
  return [
    { kind: 'paragraph', text: `${covered} ${open} The dossier in JSON carries the proofs: ward audit check-dossier.` },
    ...checkpoints.map((checkpoint) => ({ kind: 'lines', lines: checkpoint.trim().split('\n') }) as const),
  ];
}

const dutyField = ({ duty, citation, due, status, doneOn, reference }: DutyStatus): readonly [string, string] => [
  `${duty} (${citation})`,
  `due ${due ?? 'without unreasonable delay'}; ${status}${doneOn ? ` on ${doneOn}, ${reference}` : ''}`,
];
const personLine = ({ notice, state, channel, on, reference, residence, problem, removedAt }: Person): string =>
  [notice, residence, removedAt ? 'removed' : state, channel, problem, on, reference].filter(Boolean).join('  ');
const proofLine = ({ at, action, actor, id, seq, lane, sealed }: Proof): string =>
  `${at}  ${action}  by ${actor ?? 'Ward'}  event ${id}  lane ${lane}/${seq}  ${sealed ? 'sealed' : 'not sealed yet'}`;

function outcomeOf(outcome: NonNullable<Incident['determination']>['outcome']): string {
  if (outcome === 'breach') return 'Breach';
  if (outcome === 'not-a-breach') return 'Not a breach: a low probability of compromise is shown';
  if (outcome === 'secured') return 'Not a breach of unsecured information: encrypted, and the key is safe';
  return `Not a breach. ${exceptions[outcome]}`;
}
