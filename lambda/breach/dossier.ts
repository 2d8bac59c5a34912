import { type Canonical, canonicalize } from '../audit/canonical';
import { exceptions, factorNames, factors, questionsOf } from './assessment';
import { dayOf, longDay } from './calendar';
import { type DutyStatus, dutyStatuses } from './incident-duties';
import { breachLocations, breachTypes, type Incident } from './incident-model';
import type { DocumentItem, NarrativeItem, Person, Run } from './incident-store';
import type { LogRow } from './operational-logs';
import type { Block } from './pdf';
import { noticesOf } from './shown';
import { coveredJurisdictions, notCovered, stateLaws } from './state-law';
import { jurisdictionOf, jurisdictions } from './states';

/** An event of the incident as the audit log has it: where it lies and what holds it there. */
export interface Proof {
  readonly id: string;
  readonly at: string;
  readonly action: string;
  readonly actor: string | null;
  readonly patient: string | null;
  readonly reason: string | null;
  readonly lane: string;
  readonly seq: number;
  readonly hash: string;
  /** the archive's object, the place of the line in it and the path from the line to the root that the log's leaf signs; absent: not sealed yet */
  readonly sealed?: {
    readonly segment: string;
    readonly index: number;
    readonly size: number;
    readonly path: readonly string[];
    readonly root: string;
  };
}

export interface DossierFacts {
  readonly incident: Incident;
  readonly people: readonly Person[];
  readonly runs: readonly Run[];
  readonly documents: readonly DocumentItem[];
  readonly narratives: readonly (Pick<NarrativeItem, 'id' | 'kind' | 'author' | 'at'> & { readonly text: string })[];
  /** what was done about the incident */
  readonly timeline: readonly Proof[];
  /** the accesses that it is about */
  readonly scope: readonly Proof[];
  readonly logs: readonly LogRow[];
  readonly origin: string;
  readonly madeAt: Date;
  readonly madeBy: string;
}

/** Everything about an incident in one document. 45 CFR 164.414(b), 164.530(j): the burden of proof is the entity's. */
export function dossierOf(facts: DossierFacts) {
  const { incident, people, madeAt } = facts;
  const duties = dutyStatuses(incident, noticesOf(people), dayOf(madeAt));
  return {
    format: 'ward-dossier/1',
    made_at: madeAt.toISOString(),
    made_by: facts.madeBy,
    audit_log: facts.origin,
    incident: plain(incident),
    narratives: facts.narratives.map((each) => ({ ...each })),
    deadlines: duties.map((duty) => plain(duty)),
    state_law: lawOf(incident),
    people: people.map((person) => plain(person)),
    scope: { runs: facts.runs.map((run) => plain(run)), events: facts.scope.map((proof) => plain(proof)) },
    documents: facts.documents.map((document) => plain(document)),
    timeline: facts.timeline.map((proof) => plain(proof)),
    operational_logs: facts.logs.map((row) => plain(row)),
  };
}
export type Dossier = ReturnType<typeof dossierOf>;

/** @returns the dossier's bytes: canonical JSON, so that whoever has the same facts has the same hash */
export const encodeDossier = (dossier: Dossier): Buffer => Buffer.from(canonicalize(dossier as unknown as Canonical));

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
