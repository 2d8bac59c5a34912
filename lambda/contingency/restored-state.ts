import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { allActors } from '../access/actors-store';
import { type Approval, approvalItem } from '../access/approvals';
import { allControls } from '../access/controls-store';
import { EmergencyStore } from '../access/emergency-store';
import {
  governanceKeys,
  type MemberItem,
  memberItem,
  type RepresentativeItem,
  representativeItem,
} from '../access/governance';
import { allAssociates } from '../associates/associate-store';
import type { AuditEvent } from '../audit/event';
import { readKeyRing } from '../encryption/key-store';
import { consistentQuery } from '../records/consistent-queries';
import { ConsistentReads } from '../records/consistent-reads';
import type { RecordStore } from '../records/store';
import { type LegalHold, readLegalHold } from './legal-hold';
import type { RestoredState } from './replay';
import { ruleOf } from './replay-rules';

export interface RestoredTables {
  readonly documents: DynamoDBDocumentClient;
  readonly governance: string;
  readonly keys: string;
  readonly records: RecordStore;
}

/** Reads what the restored tables hold of everything that the events speak of. All reads are consistent. */
export async function readRestoredState(
  { documents, governance, keys, records }: RestoredTables,
  events: readonly AuditEvent[],
): Promise<RestoredState> {
  const reads = ConsistentReads.of(documents);
  const members: MemberItem[] = [];
  for (const [patient, sub] of placesOf(events, 'membership')) {
    const item = await reads.get(governance, governanceKeys.member(patient, sub));
    if (item) members.push(memberItem.parse(item));
  }
  const representatives: RepresentativeItem[] = [];
  for (const [patient, sub] of placesOf(events, 'representation')) {
    const item = await reads.get(governance, governanceKeys.representative(patient, sub));
    if (item) representatives.push(representativeItem.parse(item));
  }
  const undisposed: string[] = [];
  for (const patient of patientsOf(events, 'dispose')) {
    const [ring, record] = await Promise.all([readKeyRing(documents, keys, patient), records.patient(patient)]);
    if (ring?.state === 'active' || (record && record.disposedAt === undefined)) undisposed.push(patient);
  }
  const holds: LegalHold[] = [];
  for (const patient of patientsOf(events, 'legal-hold')) {
    const hold = await readLegalHold(documents, governance, patient);
    if (hold) holds.push(hold);
  }
  const emergencies = await new EmergencyStore(documents, governance).newest();
  return {
    people: await allActors(documents, governance),
    members,
    representatives,
    undisposed,
    holds,
    associates: await allAssociates(documents, governance),
    controls: await allControls(documents, governance),
    approvals: await approvals(documents, governance),
    emergencies: emergencies.flatMap(({ patient, sub, state, endsAt }) =>
      state === 'opened' && endsAt !== undefined ? [{ patient, sub, endsAt }] : [],
    ),
  };
}

/** @returns patient and person of every event of a rule, once each */
function placesOf(events: readonly AuditEvent[], rule: 'membership' | 'representation'): [string, string][] {
  const type = { membership: 'care-team-member', representation: 'representative' }[rule];
  const places = new Map<string, [string, string]>();
  for (const { action, patient, resources } of events)
    if (patient && ruleOf(action) === rule)
      for (const each of resources) if (each.type === type) places.set(`${patient} ${each.id}`, [patient, each.id]);
  return [...places.values()];
}

const patientsOf = (events: readonly AuditEvent[], rule: 'dispose' | 'legal-hold'): Set<string> =>
  new Set(events.flatMap(({ action, patient }) => (patient && ruleOf(action) === rule ? [patient] : [])));

async function approvals(documents: DynamoDBDocumentClient, table: string): Promise<Approval[]> {
  const listed = await consistentQuery(documents, { table, PK: governanceKeys.listedApproval('').PK });
  const keys = listed.map(({ SK }) => governanceKeys.approval(String(SK)));
  const items = await ConsistentReads.of(documents).all(table, keys);
  return items.map((item) => approvalItem.parse(item));
}
