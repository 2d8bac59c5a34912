import { v7 } from 'uuid';
import type { Permit } from '../access/guard';
import { s3 } from '../audit/archive-client';
import { Archives } from '../audit/archives';
import { Released } from '../audit/release';
import { Vault } from '../encryption/vault';
import { predecessor, readEnvironment, type ScopeEnvironment, scopeVariables } from '../environment';
import type { Answer, Exchange } from '../http/chain';
import { documents, kms } from '../http/clients';
import { entityTag } from '../http/conditions';
import { Runtime } from '../http/runtime';
import { RecordStore } from '../records/store';
import { Writes } from '../records/transaction';
import { documentsStore } from './documents';
import { demandTurn } from './incident';
import { authorOf, IncidentDesk, resourceOf } from './incident-desk';
import type { Incident } from './incident-model';
import { concerned, type Person, type Run } from './incident-store';
import { NoticeFieldsReader } from './notice-fields';
import { affectedPeople, scopeOf } from './people';
import { changePeople, peopleChange } from './people-changes';
import { type ScopeQuery, scopeRequest } from './scope';
import { ScopePeople } from './scope-people';
import { ScopeRuns } from './scope-runs';
import { type Gathered, ScopeIncomplete, ScopeSource } from './scope-source';
import { shownPerson, shownRun, shownScope } from './shown-scope';

const environment = readEnvironment<ScopeEnvironment>(...scopeVariables);
const runtime = new Runtime(environment);
const { clock, outbox } = runtime;
const desk = new IncidentDesk(runtime, environment, kms);
const records = new RecordStore(documents, environment.RECORDS_TABLE, clock);
const vault = new Vault({ documents, kms, environment, clock, mayBind: false });
const scoped = new ScopePeople(runtime, desk.store, new NoticeFieldsReader({ store: records, vault, outbox }));
const scopeRuns = new ScopeRuns(runtime, desk.store, documentsStore(environment));
const before = predecessor();
const source = new ScopeSource({
  documents,
  indexTable: environment.AUDIT_INDEX_TABLE,
  auditTable: environment.AUDIT_TABLE,
  archive: new Archives(s3, environment.ARCHIVE_BUCKET, before),
  before: before?.archive,
  clock,
});

/** From evidence: who is affected, in which categories, and how many live in which State. The query is kept, and repeatable. */
async function scope(exchange: Exchange): Promise<Answer> {
  const { permit, incident } = await desk.at(exchange, { categories: ['demographics'] });
  const body = exchange.body(scopeRequest);
  // Before anything is stored: what is computed for a closed incident is nowhere.
  await desk.judged(permit, incident, () => demandTurn('scope', incident));
  let people = await desk.store.people(incident.id);
  let run: Run | undefined;
  if ('query' in body) {
    const { query } = body;
    const gathered = await gather(permit, incident, query);
    run = await scopeRuns.keep(permit, incident, query, gathered);
    people = await scoped.keep(permit, incident, people, affectedPeople(people, gathered.events, v7));
  }
  people = await scoped.lookUpResidences(permit, incident, people);
  const runs = await desk.store.runs(incident.id);
  const newest = run ?? runs.at(-1);
  const after = await summed(permit, incident, people, newest?.id);
  const receipt = await desk.keep(permit, incident, after, { reason: 'computed' });
  const remaining = concerned(people).filter(({ residencePending }) => residencePending).length;
  const facts = { ...(newest && shownRun(newest, runs)), ...shownScope(people), remaining };
  return {
    status: remaining > 0 ? 202 : 200,
    headers: entityTag(after.version),
    body: Released.facts(facts, receipt),
  };
}

async function gather(permit: Permit, incident: Incident, query: ScopeQuery): Promise<Gathered> {
  if (query.from >= query.to)
    return runtime.refuse(permit, 'invalid-input', {
      errors: [{ field: 'query.to', message: 'must be after from' }],
    });
  try {
    return await source.gather(query);
  } catch (error) {
    if (!(error instanceof ScopeIncomplete)) throw error;
    return runtime.refuse(permit, 'integrity', { detail: `${error.missing} event(s) are missing` }, [
      resourceOf(incident),
    ]);
  }
}

/** @returns the incident with the numbers of those whom it concerns. @throws Problem incident-state, recorded */
const summed = (permit: Permit, incident: Incident, people: readonly Person[], run = incident.scope?.run) =>
  desk.take(permit, incident, { step: 'scope', scope: scopeOf(people, run, permit.access.now) });

async function list(exchange: Exchange): Promise<Answer> {
  const { permit, incident } = await desk.at(exchange);
  const [people, runs] = await Promise.all([desk.store.people(incident.id), desk.store.runs(incident.id)]);
  const receipt = await outbox.record(permit.event({ status: 200, resources: [resourceOf(incident)] }));
  const shownRuns = runs.map(({ key: _, ...run }) => run);
  return { status: 200, body: Released.facts({ people: people.map(shownPerson), runs: shownRuns }, receipt) };
}

async function change(exchange: Exchange): Promise<Answer> {
  const { permit, incident } = await desk.at(exchange, { categories: ['demographics'] });
  const body = exchange.body(peopleChange);
  const people = await desk.store.people(incident.id);
  for (const { patient } of body.add)
    if (!(await records.known(patient)))
      return runtime.refuse(permit, 'invalid-input', {
        errors: [{ field: 'add', message: 'names a patient that there is not' }],
      });
  const changed = await desk.judged(permit, incident, () =>
    changePeople(people, body, { ...authorOf(permit), newId: v7 }),
  );
  const narratives = await Promise.all(
    changed.map(({ person: { notice }, kind, reason }) => desk.seal(permit, kind, JSON.stringify({ notice, reason }))),
  );
  const known = new Map(people.map((person) => [person.patient, person]));
  const next = [...new Map([...known, ...changed.map(({ person }) => [person.patient, person] as const)]).values()];
  const after = await summed(permit, incident, next);
  const writes = new Writes<'person'>().add(
    'person',
    ...changed.map(({ person }) => desk.store.putPerson(incident.id, known.get(person.patient), person)),
  );
  await desk.keep(permit, incident, after, { writes, narratives, reason: 'people' });
  const resolved = await scoped.lookUpResidences(permit, incident, next);
  const final = await summed(permit, after, resolved);
  const receipt = await desk.keep(permit, after, final, { reason: 'computed' });
  return { status: 200, headers: entityTag(final.version), body: Released.facts(shownScope(resolved), receipt) };
}

export const handler = runtime.serve({
  'incident.scope': scope,
  'incident.people': list,
  'incident.change-people': change,
});
