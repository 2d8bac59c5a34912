import { v7 } from 'uuid';
import * as z from 'zod';
import type { Permit } from '../access/guard';
import { s3 } from '../audit/archive-client';
import { ArchiveStore } from '../audit/archive-store';
import { Released } from '../audit/release';
import { Vault } from '../encryption/vault';
import { readEnvironment, type ScopeEnvironment, scopeVariables } from '../environment';
import type { Answer, Exchange } from '../http/chain';
import { documents, kms } from '../http/clients';
import { entityTag } from '../http/conditions';
import { Runtime } from '../http/runtime';
import { category, patientId } from '../records/model';
import { RecordStore } from '../records/store';
import { Writes } from '../records/transaction';
import { documentsStore } from './documents';
import { IncidentDesk, resourceOf, words } from './incident-desk';
import type { Incident } from './incident-model';
import { concerned, type NarrativeItem, type Person, type Run } from './incident-store';
import { NoticeFieldsReader } from './notice-fields';
import { affectedPeople, residentsOf } from './people';
import { residenceOf } from './recipient';
import { digestOf, evidenceList, type ScopeQuery, scopeQuery } from './scope';
import { type Gathered, ScopeIncomplete, ScopeSource } from './scope-source';
import { shownPerson } from './shown-person';

const environment = readEnvironment<ScopeEnvironment>(...scopeVariables);
const runtime = new Runtime(environment);
const { clock, outbox } = runtime;
const desk = new IncidentDesk(runtime, environment, kms);
const store = new RecordStore(documents, environment.RECORDS_TABLE, clock);
const vault = new Vault({ documents, kms, environment, clock, mayBind: false });
const reader = new NoticeFieldsReader({ store, vault, outbox });
const files = documentsStore(environment);
const source = new ScopeSource({
  documents,
  indexTable: environment.AUDIT_INDEX_TABLE,
  auditTable: environment.AUDIT_TABLE,
  archive: new ArchiveStore(s3, environment.ARCHIVE_BUCKET),
  clock,
});

const asking = z.union([
  z.strictObject({ query: scopeQuery }),
  /** goes on with looking up States of residence */
  z.strictObject({ resume: z.literal(true) }),
]);
const changing = z.strictObject({
  add: z
    .array(z.strictObject({ patient: patientId, categories: z.array(category).min(1).max(11), reason: words }))
    .max(20)
    .default([]),
  remove: z
    .array(z.strictObject({ patient: patientId, reason: words }))
    .max(20)
    .default([]),
});
/** people in one transaction, beside the incident, its run and the event */
const peoplePerTransaction = 40;
/** the answer leaves in time; what is left is done by the next call */
const budgetMilliseconds = 15_000;

/** From evidence: who is affected, in which categories, and how many live in which State. The query is kept, and repeatable. */
async function scope(exchange: Exchange): Promise<Answer> {
  const { permit, incident } = await desk.at(exchange, { categories: ['demographics'] });
  const body = exchange.body(asking);
  let people = await desk.store.people(incident.id);
  let current = incident;
  let run: Run | undefined;
  if ('query' in body) {
    const { query } = body;
    if (query.from >= query.to)
      return runtime.refuse(permit, 'invalid-input', {
        errors: [{ field: 'query.to', message: 'must be after from' }],
      });
    const gathered = await gather(permit, incident, query);
    run = await keepRun(permit, incident, query, gathered);
    people = await keepPeople(permit, incident, people, affectedPeople(people, gathered.events, v7));
  }
  people = await lookUpResidences(permit, incident, people);
  const residents = residentsOf(people);
  const runs = await desk.store.runs(incident.id);
  const newest = run ?? runs.at(-1);
  current = await desk.take(permit, incident, {
    step: 'scope',
    scope: {
      run: newest?.id ?? 'by-hand',
      individuals: concerned(people).length,
      residents,
      at: exchange.access.now.toISOString(),
    },
  });
  const receipt = await desk.keep(permit, incident, current, { reason: 'computed' });
  const remaining = concerned(people).filter(({ residencePending }) => residencePending).length;
  const facts = {
    run: newest?.id,
    digest: newest?.digest,
    events: newest?.events,
    indexed: newest?.indexed,
    unsealed: newest?.unsealed,
    /** whether the same query gave the same events before */
    repeats: newest && runs.filter((each) => each.digest === newest.digest).map(({ id }) => id),
    individuals: concerned(people).length,
    residents,
    remaining,
    people: people.map(shownPerson),
  };
  return {
    status: remaining > 0 ? 202 : 200,
    headers: entityTag(current.version),
    body: Released.facts(facts, receipt),
  };
}

async function gather(permit: Permit, incident: Incident, query: ScopeQuery): Promise<Gathered> {
  try {
    return await source.gather(query);
  } catch (error) {
    if (!(error instanceof ScopeIncomplete)) throw error;
    return runtime.refuse(permit, 'integrity', { detail: `${error.missing} event(s) are missing` }, [
      resourceOf(incident),
    ]);
  }
}

/** The events that the scope stands on, kept as they were found. */
async function keepRun(permit: Permit, incident: Incident, query: ScopeQuery, gathered: Gathered): Promise<Run> {
  const { now } = permit.access;
  const id = v7();
  const list = Buffer.from(JSON.stringify({ query, events: evidenceList(gathered.events) }, null, 1));
  const { key } = await files.put(`incidents/${incident.id}/scope/${id}.json`, list, 'application/json', now);
  const run: Run = {
    id,
    query,
    by: permit.actor.sub,
    at: now.toISOString(),
    events: gathered.events.length,
    people: new Set(gathered.events.map(({ event }) => event.patient)).size,
    digest: digestOf(gathered.events),
    indexed: gathered.indexed,
    unsealed: gathered.unsealed,
    key,
  };
  const writes = new Writes<'run'>().add('run', desk.store.addRun(incident.id, run));
  await runtime.store(
    permit,
    permit.event({ status: 200, reason: 'run', resources: [resourceOf(incident)] }),
    writes,
    () => 'conflict',
  );
  return run;
}

/** Writes people in transactions of their own: cut off in between, the same call again gives the same. */
async function keepPeople(
  permit: Permit,
  incident: Incident,
  before: readonly Person[],
  after: readonly Person[],
): Promise<Person[]> {
  const known = new Map(before.map((person) => [person.patient, person]));
  const changed = after.filter((person) => known.get(person.patient)?.version !== person.version);
  for (let first = 0; first < changed.length; first += peoplePerTransaction) {
    const part = changed.slice(first, first + peoplePerTransaction);
    const writes = new Writes<'person'>().add(
      'person',
      ...part.map((person) => desk.store.putPerson(incident.id, known.get(person.patient), person)),
    );
    const resources = part.map(({ notice }) => ({ id: notice, type: 'notice', version: null }));
    await runtime.store(permit, permit.event({ status: 200, reason: 'people', resources }), writes, () => 'conflict');
  }
  const all = new Map([...before, ...after].map((person) => [person.patient, person]));
  return [...all.values()];
}

async function lookUpResidences(permit: Permit, incident: Incident, people: readonly Person[]): Promise<Person[]> {
  const began = Date.now();
  let all = [...people];
  const pending = concerned(people).filter(({ residencePending }) => residencePending);
  for (
    let first = 0;
    first < pending.length && Date.now() - began < budgetMilliseconds;
    first += peoplePerTransaction
  ) {
    const part = pending.slice(first, first + peoplePerTransaction);
    const found = await reader.read(
      permit,
      part.map(({ patient }) => patient),
    );
    const looked = part.map((person): Person => {
      const fields = found.get(person.patient);
      const residence = typeof fields === 'object' ? residenceOf(fields) : 'unknown';
      return { ...person, residence, residencePending: false, version: person.version + 1 };
    });
    all = await keepPeople(permit, incident, all, looked);
  }
  return all;
}

async function list(exchange: Exchange): Promise<Answer> {
  const { permit, incident } = await desk.at(exchange);
  const [people, runs] = await Promise.all([desk.store.people(incident.id), desk.store.runs(incident.id)]);
  const receipt = await outbox.record(permit.event({ status: 200, resources: [resourceOf(incident)] }));
  const shownRuns = runs.map(({ key: _, ...run }) => run);
  return { status: 200, body: Released.facts({ people: people.map(shownPerson), runs: shownRuns }, receipt) };
}

/** People who are affected though the log does not say so, and those who are not though it does: each with a reason. */
async function change(exchange: Exchange): Promise<Answer> {
  const { permit, incident } = await desk.at(exchange, { categories: ['demographics'] });
  const { add, remove } = exchange.body(changing);
  const people = await desk.store.people(incident.id);
  const known = new Map(people.map((person) => [person.patient, person]));
  const changed = new Map<string, Person>();
  const narratives: NarrativeItem[] = [];
  for (const { patient, categories, reason } of add) {
    if (!(await store.known(patient)))
      return runtime.refuse(permit, 'invalid-input', {
        errors: [{ field: 'add', message: 'names a patient that there is not' }],
      });
    const before = known.get(patient);
    const {
      removedAt: _at,
      removedBy: _by,
      ...kept
    } = before ?? {
      notice: v7(),
      patient,
      origin: 'added' as const,
      events: 0,
      categories,
      residence: 'unknown' as const,
      residencePending: true,
      state: 'in-scope' as const,
      version: 0,
    };
    const merged = [...new Set([...kept.categories, ...categories])].sort();
    changed.set(patient, { ...kept, categories: merged, version: kept.version + 1 });
    narratives.push(await desk.seal(permit, 'person-added', JSON.stringify({ notice: kept.notice, reason })));
  }
  for (const { patient, reason } of remove) {
    const before = known.get(patient);
    if (!before || before.removedAt || changed.has(patient))
      return runtime.refuse(permit, 'invalid-input', {
        errors: [{ field: 'remove', message: 'names somebody whom it does not concern' }],
      });
    const at = exchange.access.now.toISOString();
    changed.set(patient, { ...before, removedBy: permit.actor.sub, removedAt: at, version: before.version + 1 });
    narratives.push(await desk.seal(permit, 'person-removed', JSON.stringify({ notice: before.notice, reason })));
  }
  if (changed.size === 0)
    return runtime.refuse(permit, 'invalid-input', {
      errors: [{ field: 'body', message: 'must add or remove somebody' }],
    });
  const next = [...people.filter(({ patient }) => !changed.has(patient)), ...changed.values()];
  const after = await desk.take(permit, incident, {
    step: 'scope',
    scope: {
      run: incident.scope?.run ?? 'by-hand',
      individuals: concerned(next).length,
      residents: residentsOf(next),
      at: exchange.access.now.toISOString(),
    },
  });
  const writes = new Writes<'person'>().add(
    'person',
    ...[...changed.values()].map((person) => desk.store.putPerson(incident.id, known.get(person.patient), person)),
  );
  await desk.keep(permit, incident, after, { writes, narratives, reason: 'people' });
  const resolved = await lookUpResidences(permit, incident, next);
  const final = await desk.take(permit, after, {
    step: 'scope',
    scope: {
      run: after.scope?.run ?? 'by-hand',
      individuals: concerned(resolved).length,
      residents: residentsOf(resolved),
      at: exchange.access.now.toISOString(),
    },
  });
  const receipt = await desk.keep(permit, after, final, { reason: 'computed' });
  const facts = {
    individuals: concerned(resolved).length,
    residents: residentsOf(resolved),
    people: resolved.map(shownPerson),
  };
  return { status: 200, headers: entityTag(final.version), body: Released.facts(facts, receipt) };
}

export const handler = runtime.serve({
  'incident.scope': scope,
  'incident.people': list,
  'incident.change-people': change,
});
