import * as z from 'zod';
import { Released } from '../audit/release';
import { relationTokensOf } from '../encryption/relation-tokens';
import { Vault } from '../encryption/vault';
import { type RecordsEnvironment, readEnvironment, recordsVariables } from '../environment';
import { type Answer, check, type Exchange } from '../http/chain';
import { documents, kms } from '../http/clients';
import { entityTag } from '../http/conditions';
import { Runtime } from '../http/runtime';
import { ConsistentReads } from '../records/consistent-reads';
import { patientId } from '../records/model';
import { PatientStore } from '../records/patient-store';
import { Writes } from '../records/transaction';
import { actorStands } from './actors';
import { actorItem, governanceKeys } from './governance';
import { type RelationsItem, relationsItem, setRelations } from './relations';
import { department } from './tasks';

const environment = readEnvironment<RecordsEnvironment>(...recordsVariables);
const runtime = new Runtime(environment);
const patients = new PatientStore(environment.RECORDS_TABLE);
const vault = new Vault({ documents, kms, environment, clock: runtime.clock, mayBind: true });
const table = environment.GOVERNANCE_TABLE;

const text = z.string().trim().min(1).max(200);
const relating = z.strictObject({
  /** names that the person has or had */
  family_names: z.array(text).max(5).default([]),
  home_addresses: z
    .array(z.strictObject({ line: z.array(text).min(1).max(4), postal_code: text }))
    .max(3)
    .default([]),
  /** the person's own record, where they are a patient here */
  employee_patient: patientId.optional(),
  department: department.optional(),
});

/** 45 CFR 164.308(a)(1)(ii)(D): what reviews of accesses compare. It replaces what was said before; nobody says it of themselves. */
async function relate(exchange: Exchange): Promise<Answer> {
  const { userId } = check(z.object({ userId: z.uuid() }), exchange.parameters);
  const reads = ConsistentReads.of(documents);
  const [permit, person, known] = await Promise.all([
    runtime.guard.permit(exchange.access),
    reads.get(table, governanceKeys.actor(userId)).then((item) => item && actorItem.parse(item)),
    reads.get(table, governanceKeys.relations(userId)).then((item) => item && relationsItem.parse(item)),
  ]);
  const given = exchange.body(relating);
  if (!person) return runtime.refuse(permit, 'not-found');
  if (person.sub === permit.actor.sub) return runtime.refuse(permit, 'not-allowed', { detail: 'own-matter' });
  if (person.role === 'patient')
    return runtime.refuse(permit, 'not-allowed', {
      errors: [{ field: 'userId', message: 'must be of the workforce' }],
    });
  const addresses = given.home_addresses.map(({ line, postal_code: postalCode }) => ({ lines: line, postalCode }));
  const tokens = await vault.withConstantKey((key) => relationTokensOf(key, given.family_names, addresses));
  const item: RelationsItem = {
    sub: person.sub,
    family: [...tokens.family],
    address: [...tokens.address],
    ...(given.employee_patient ? { patient: given.employee_patient } : {}),
    ...(given.department ? { department: given.department } : {}),
    setBy: permit.actor.sub,
    setAt: exchange.access.now.toISOString(),
    version: (known?.version ?? 0) + 1,
  };
  const writes = new Writes<'relations' | 'person' | 'patient'>()
    .add('relations', ...setRelations(table, known, item))
    .add('person', actorStands(table, person))
    .add('patient', ...(item.patient ? [patients.exists(item.patient)] : []));
  const event = permit.event({
    status: 200,
    patient: item.patient ?? null,
    resources: [{ id: person.sub, type: 'user', version: person.version }],
  });
  const receipt = await runtime.store(permit, event, writes, (refused) =>
    refused.has('patient') ? 'not-allowed' : 'conflict',
  );
  return { status: 200, headers: entityTag(item.version), body: Released.facts(shown(item), receipt) };
}

/** How much is known, never what. */
const shown = (item: RelationsItem) => ({
  user: item.sub,
  family_names: item.family.length,
  home_addresses: item.address.length,
  employee_patient: item.patient,
  department: item.department,
  set_by: item.setBy,
  set_at: item.setAt,
});

export const handler = runtime.serve({ 'user.relate': relate });
