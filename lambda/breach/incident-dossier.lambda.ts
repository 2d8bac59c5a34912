import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import type { Permit } from '../access/guard';
import { s3 } from '../audit/archive-client';
import { ArchiveStore } from '../audit/archive-store';
import type { AuditEvent } from '../audit/event';
import { Released } from '../audit/release';
import { type DossierEnvironment, dossierVariables, logGroups, readEnvironment } from '../environment';
import type { Answer, Exchange } from '../http/chain';
import { documents, kms, patience } from '../http/clients';
import { entityTag } from '../http/conditions';
import { Runtime } from '../http/runtime';
import { documentsStore } from './documents';
import { hashResources, sha256 } from './documents-store';
import { type DossierFacts, dossierBlocks, dossierOf, encodeDossier } from './dossier';
import { conclude } from './incident-closing';
import { IncidentDesk, narrativeResource, resourceOf } from './incident-desk';
import type { Incident } from './incident-model';
import { operationalLogs } from './operational-logs';
import { renderPdf } from './pdf';
import { proofsOf } from './proofs';
import type { ScopeQuery } from './scope';
import { ScopeSource } from './scope-source';
import { noticesOf } from './shown';

const environment = readEnvironment<DossierEnvironment>(...dossierVariables);
const runtime = new Runtime(environment);
const { clock, outbox } = runtime;
const desk = new IncidentDesk(runtime, environment, kms);
const files = documentsStore(environment);
const archive = new ArchiveStore(s3, environment.ARCHIVE_BUCKET);
const source = new ScopeSource({
  documents,
  indexTable: environment.AUDIT_INDEX_TABLE,
  auditTable: environment.AUDIT_TABLE,
  archive,
  clock,
});
const logs = new CloudWatchLogsClient(patience);
const hourMilliseconds = 60 * 60 * 1000;

/** The officer reads it as it stands now; an auditor the newest archived one, and only when the officer has released it. */
async function read(exchange: Exchange): Promise<Answer> {
  const { permit, incident } = await desk.at(exchange);
  if (permit.actor.role === 'auditor') return archived(permit, incident);
  const facts = await gather(permit, incident);
  const dossier = dossierOf(facts);
  const pdf = render(facts);
  const receipt = await outbox.record(permit.event({ status: 200, resources: [resourceOf(incident)] }));
  const body = Released.facts(
    { dossier, sha256: sha256(encodeDossier(dossier)), pdf: pdf.toString('base64') },
    receipt,
  );
  return { status: 200, headers: entityTag(incident.version), body };
}

async function archived(permit: Permit, incident: Incident): Promise<Answer> {
  const newest = incident.dossiers.at(-1);
  // To an auditor one that is not released and one that is not there are the same.
  if (!incident.releasedAt || !newest) return runtime.refuse(permit, 'forbidden', {}, [resourceOf(incident)]);
  const receipt = await outbox.record(
    permit.event({
      status: 200,
      reason: 'released',
      resources: [resourceOf(incident), ...hashResources(newest.sha256)],
    }),
  );
  const bytes = await files.get(newest);
  const facts = { dossier: JSON.parse(bytes.toString('utf8')), sha256: newest.sha256 };
  return { status: 200, headers: entityTag(incident.version), body: Released.facts(facts, receipt) };
}

/**
 * Archives the dossier under Object Lock, six years from this action on, and keeps every earlier version as long. Its hash
 * is in the audit event, so whoever holds the file can tell whether it is the one. 45 CFR 164.316(b)(2)(i), 164.414(b).
 */
async function document(exchange: Exchange): Promise<Answer> {
  const { permit, incident } = await desk.at(exchange);
  const { now } = exchange.access;
  const people = noticesOf(await desk.store.people(incident.id));
  const version = incident.dossiers.length + 1;
  const placeholder = { version, key: '', sha256: '', at: now.toISOString() };
  // Whether it is complete is asked before anything is stored that cannot be deleted again.
  const author = { by: permit.actor.sub, at: now };
  const concluded = (dossier: Incident['dossiers'][number]): Promise<Incident> =>
    desk.judged(permit, incident, () => conclude(incident, { step: 'document', dossier, people }, author));
  await concluded(placeholder);
  const facts = await gather(permit, incident);
  const json = encodeDossier(dossierOf(facts));
  const folder = `incidents/${incident.id}/dossier`;
  const stored = await files.put(`${folder}/${version}.json`, json, 'application/json', now);
  await files.put(`${folder}/${version}.pdf`, render(facts), 'application/pdf', now);
  for (const { key, objectVersion } of incident.dossiers) {
    await files.extend(key, objectVersion, now);
    await files.extend(key.replace(/\.json$/, '.pdf'), undefined, now);
  }
  for (const { key } of await desk.store.files(incident.id)) await files.extend(key, undefined, now);
  for (const { key } of await desk.store.runs(incident.id)) await files.extend(key, undefined, now);
  for (const { document: letter } of await desk.store.people(incident.id))
    if (letter) await files.extend(letter.key, undefined, now);
  const dossier = { ...placeholder, ...stored };
  const after = await concluded(dossier);
  const receipt = await desk.keep(permit, incident, after, {
    reason: 'archived',
    resources: hashResources(stored.sha256),
  });
  const body = Released.facts({ version, sha256: stored.sha256, at: dossier.at, state: after.state }, receipt);
  return { status: 200, headers: entityTag(after.version), body };
}

async function release(exchange: Exchange): Promise<Answer> {
  const { permit, incident } = await desk.at(exchange);
  const after = await desk.take(permit, incident, { step: 'release' });
  const receipt = await desk.keep(permit, incident, after, { reason: 'released' });
  const body = Released.facts({ released_at: after.releasedAt, released_by: after.releasedBy }, receipt);
  return { status: 200, headers: entityTag(after.version), body };
}

async function gather(permit: Permit, incident: Incident): Promise<DossierFacts> {
  const [people, runs, kept, narratives] = await Promise.all([
    desk.store.people(incident.id),
    desk.store.runs(incident.id),
    desk.store.files(incident.id),
    desk.store.narratives(incident.id),
  ]);
  const opened = await Promise.all(narratives.map((item) => desk.open(item)));
  const receipt = await outbox.record(
    ...permit.events({ status: 200, resources: [resourceOf(incident), ...narratives.map(narrativeResource)] }),
  );
  const texts = opened.map((sealed) => Released.release(sealed, receipt, permit.access.request.id).toJSON());
  const newest = runs.at(-1);
  const scope = newest ? await proofsOf((await source.gather(newest.query as ScopeQuery)).events, archive) : [];
  const timeline = await proofsOf(
    await source.about(incident.id, authorsOf(incident, narratives), incident.openedAt),
    archive,
  );
  const { from, to } = around(incident, permit.access.now);
  return {
    incident,
    people,
    runs,
    documents: kept,
    narratives: narratives.map(({ id, kind, author, at }, index) => ({
      id,
      kind,
      author,
      at,
      text: texts[index] ?? '',
    })),
    timeline,
    scope,
    logs: (await operationalLogs(logs, logGroups(), from, to)) ?? [],
    origin: environment.AUDIT_ORIGIN,
    madeAt: permit.access.now,
    madeBy: permit.actor.sub,
  };
}

/** everybody who took a step: their part of the log has the incident's events */
function authorsOf(incident: Incident, narratives: readonly { readonly author: string }[]): string[] {
  const all = [
    incident.openedBy,
    incident.assessment?.by,
    incident.determination?.by,
    incident.releasedBy,
    incident.closedBy,
    ...incident.measures.map(({ by }) => by),
    ...incident.holds.map(({ by }) => by),
    ...Object.values(incident.proofs).map(({ by }) => by),
    ...narratives.map(({ author }) => author),
  ];
  return [...new Set(all.filter((sub): sub is NonNullable<AuditEvent['actor']>['sub'] => sub !== undefined))];
}

/** an hour before the breach began until it ended, or until now; 31 days at most */
function around(incident: Incident, now: Date): { readonly from: Date; readonly to: Date } {
  const from = new Date(`${incident.began ?? incident.discovered}T00:00:00.000Z`).getTime() - hourMilliseconds;
  const end = incident.ended ? Date.parse(`${incident.ended}T00:00:00.000Z`) + 25 * hourMilliseconds : now.getTime();
  return {
    from: new Date(Math.max(from, end - 31 * 24 * hourMilliseconds)),
    to: new Date(Math.min(end, now.getTime())),
  };
}

const render = (facts: DossierFacts): Buffer =>
  renderPdf([dossierBlocks(facts)], {
    title: `Dossier of incident ${facts.incident.id}`,
    at: facts.madeAt,
    footer: `${facts.incident.id}, made ${facts.madeAt.toISOString()}`,
  });

export const handler = runtime.serve({
  'incident.document': document,
  'incident.dossier': read,
  'incident.release': release,
});
