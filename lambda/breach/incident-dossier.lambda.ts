import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import type { Permit } from '../access/guard';
import { s3 } from '../audit/archive-client';
import { ArchiveStore } from '../audit/archive-store';
import { Archives } from '../audit/archives';
import { CheckpointSigner } from '../audit/checkpoint-signer';
import { LogError } from '../audit/log-error';
import { trustPinned } from '../audit/pinned-log';
import { Released } from '../audit/release';
import {
  type DossierEnvironment,
  dossierVariables,
  logGroups,
  type Predecessor,
  predecessor,
  readEnvironment,
} from '../environment';
import type { Answer, Exchange } from '../http/chain';
import { documents, kms, patience } from '../http/clients';
import { entityTag } from '../http/conditions';
import { Runtime } from '../http/runtime';
import { documentsStore } from './documents';
import { hashResources, sha256 } from './documents-store';
import { dossierOf, encodeDossier } from './dossier';
import { DossierArchive, renderDossier } from './dossier-archive';
import { type DossierFacts, unprovenAmong } from './dossier-facts';
import { DossierSource } from './dossier-source';
import { conclude, demandEvidence } from './incident-closing';
import { IncidentDesk, resourceOf } from './incident-desk';
import type { Incident } from './incident-model';
import type { ProvableLog } from './proofs';
import { ScopeIncomplete, ScopeSource } from './scope-source';
import { noticesOf } from './shown';

const environment = readEnvironment<DossierEnvironment>(...dossierVariables);
const runtime = new Runtime(environment);
const { clock, outbox } = runtime;
const desk = new IncidentDesk(runtime, environment, kms);
const files = documentsStore(environment);
const dossiers = new DossierArchive(files, desk.store);
const before = predecessor();
const signer = new CheckpointSigner(kms, environment.SIGNING_KEYS.split(' '));
/** nothing of a checkpoint is believed that neither the stage's keys nor the one that is pinned vouch for */
const log: ProvableLog = {
  origin: environment.AUDIT_ORIGIN,
  archive: new ArchiveStore(s3, environment.ARCHIVE_BUCKET),
  trust: async () => ({ keys: await signer.keys() }),
};
const source = new DossierSource({
  desk,
  outbox,
  scope: new ScopeSource({
    documents,
    indexTable: environment.AUDIT_INDEX_TABLE,
    auditTable: environment.AUDIT_TABLE,
    archive: new Archives(s3, environment.ARCHIVE_BUCKET, before),
    before: before?.archive,
    clock,
  }),
  log,
  ...(before && { before: pinned(before) }),
  logs: new CloudWatchLogsClient(patience),
  logGroups: logGroups(),
});

function pinned(each: Predecessor): ProvableLog {
  const archive = new ArchiveStore(s3, each.archive);
  return { origin: each.origin, archive, trust: () => trustPinned(archive, each) };
}

/** The officer reads it as it stands now; an auditor the newest archived one, and only when the officer has released it. */
async function read(exchange: Exchange): Promise<Answer> {
  const { permit, incident } = await desk.at(exchange);
  if (permit.actor.role === 'auditor') return archived(permit, incident);
  const facts = await gathered(permit, incident);
  const dossier = dossierOf(facts);
  const pdf = renderDossier(facts);
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
 * Archives the dossier under Object Lock, six years from this action on. Its hash is in the audit event, so whoever holds the
 * file can tell whether it is the one. What it rests on must be under a signed checkpoint before. 45 CFR 164.414(b).
 */
async function document(exchange: Exchange): Promise<Answer> {
  const { permit, incident } = await desk.at(exchange);
  const { now } = exchange.access;
  const people = noticesOf(await desk.store.people(incident.id));
  const version = incident.dossiers.length + 1;
  const unstored = { version, key: '', sha256: '', at: now.toISOString() };
  // Whether it is complete is asked before anything is stored that cannot be deleted again.
  const author = { by: permit.actor.sub, at: now };
  const concluded = (dossier: Incident['dossiers'][number]): Promise<Incident> =>
    desk.judged(permit, incident, () => conclude(incident, { step: 'document', dossier, people }, author));
  await concluded(unstored);
  const facts = await gathered(permit, incident);
  await desk.judged(permit, incident, () => demandEvidence(unprovenAmong(facts.scope, facts)));
  const stored = await dossiers.keep(facts, version);
  const dossier = { ...unstored, ...stored };
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

/** Evidence that does not hold together is in no dossier. */
async function gathered(permit: Permit, incident: Incident): Promise<DossierFacts> {
  try {
    return await source.gather(permit, incident);
  } catch (error) {
    if (!(error instanceof LogError) && !(error instanceof ScopeIncomplete)) throw error;
    return runtime.refuse(permit, 'integrity', {}, [resourceOf(incident)]);
  }
}

export const handler = runtime.serve({
  'incident.document': document,
  'incident.dossier': read,
  'incident.release': release,
});
