import type { Context, Result } from './context';
import { historyBefore } from './history';
import { localTime } from './local-time';
import type { ActorState, Facts, Finding, Observation } from './model';
import { needsFacts } from './observe';
import { signalRules, windowRules } from './rules';
import type { View } from './rules/rule';
import { mostEvents, union } from './sample';
import { isExplained, judge } from './settle';
import { add, bound, emptyState, marksOf, trim } from './state';

/**
 * Takes in one event of one subject. Pure. The same event again, or events of the last day in another order, lead to the
 * same state and the same alerts; a finding is told again with each event that adds to its window, so that one whose
 * alert could not be stored is not lost: alertKey says which alert it is.
 * @param state what is remembered of the subject, undefined for nothing
 * @param facts what was looked up where needsFacts says so; undefined: nothing, and the access is not scored
 */
export function detect(
  state: ActorState | undefined,
  observation: Observation,
  facts: Facts | undefined,
  context: Context,
): Result {
  const { settings } = context;
  const local = localTime(observation.at, settings.timeZone);
  const before = state ?? emptyState(observation);
  const found = marksOf(observation, facts, local);
  const history = once(() => historyBefore(before, local.day));
  const signals = facts && needsFacts(observation) ? signalsOf(observation, facts, { ...context, history }) : undefined;
  const added = add(before, observation, { found, local, signals });
  const hourKey = String(local.hour).padStart(2, '0');
  const trimmed = before.days[local.day] ? added : trim(added, settings);
  const taken = before.days[local.day]?.[hourKey] ? trimmed : bound(trimmed);

  const hours = taken.days[local.day] ?? {};
  const view: View = {
    settings,
    role: taken.role,
    hour: hours[hourKey] ?? {},
    dayAtMost: (mark) => Object.values(hours).reduce((sum, hour) => sum + (hour[mark]?.members.length ?? 0), 0),
    day: (mark) => union(Object.values(hours).map((hour) => hour[mark])),
    history,
    baseline: context.baseline,
  };
  const touched = new Set(found.map(([mark]) => mark));
  const findings = windowRules.flatMap((rule): Finding[] => {
    const hit = rule.marks.some((mark) => touched.has(mark)) ? rule.evaluate(view) : undefined;
    if (!hit) return [];
    const { events, at } = union(hit.seen);
    return [
      {
        rule: rule.id,
        severity: rule.severity,
        mayContain: rule.mayContain,
        subject: taken.subject,
        actor: observation.actor,
        patients: (hit.patients ?? []).slice(0, 20),
        at,
        window: local.day,
        evidence: events.slice(0, mostEvents),
        signals: [],
        measure: hit.measure,
        reason: rule.reason,
      },
    ];
  });
  const key = `${local.day}|${observation.patient}`;
  if (!facts || !signals || settings.urgentGraceMinutes > 0) return { state: taken, findings };
  const judged = judge(taken, new Map([[key, facts]]), { ...context, onlyAlerting: true });
  return { state: judged.state, findings: [...findings, ...judged.findings] };
}

/** @returns the signals of an access that nothing explains yet, sorted; undefined for one that is explained */
function signalsOf(
  observation: Observation,
  facts: Facts,
  { settings, history }: Context & { readonly history: View['history'] },
): readonly string[] | undefined {
  if (isExplained(facts, observation.kind === 'emergency')) return undefined;
  const look = { observation, local: localTime(observation.at, settings.timeZone), history, settings };
  return signalRules
    .filter((rule) => (rule.sees === 'access' && rule.applies(look)) || (rule.sees === 'facts' && rule.applies(facts)))
    .map(({ id }) => id)
    .sort();
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
