import { v4 } from 'uuid';
import * as z from 'zod';
import { joinByRegistering } from '../access/care-team';
import type { Permit } from '../access/guard';
import { rememberCreation } from '../access/idempotency';
import { Released } from '../audit/release';
import { lookupsOf } from '../encryption/patient-lookups';
import { Vault } from '../encryption/vault';
import { type RecordsEnvironment, readEnvironment, recordsVariables } from '../environment';
import type { Answer, Exchange } from '../http/chain';
import { documents, kms } from '../http/clients';
import { entityTag, idempotencyToken } from '../http/conditions';
import { Runtime } from '../http/runtime';
import { registeredEntries } from './demographics';
import { resourceOf } from './model';
import { PatientStore } from './patient-store';
import { RecordStore } from './store';
import { Writes } from './transaction';

const environment = readEnvironment<RecordsEnvironment>(...recordsVariables);
const runtime = new Runtime(environment);
const store = new RecordStore(documents, environment.RECORDS_TABLE, runtime.clock);
const patients = new PatientStore(environment.RECORDS_TABLE);
const vault = new Vault({ documents, kms, environment, clock: runtime.clock, mayBind: true });

const registration = z.strictObject({
  demographics: z.record(z.string(), z.unknown()),
  ssn: z
    .string()
    .regex(/^\d{3}-?\d{2}-?\d{4}$/, 'must be nine digits')
    .optional(),
  billing_address: z.record(z.string(), z.unknown()).optional(),
  insurance_id: z.array(z.record(z.string(), z.unknown())).max(10).optional(),
});
async function register(exchange: Exchange): Promise<Answer> {
  const token = idempotencyToken(exchange);
  const permit = await runtime.guard.permit(exchange.access, token ? { idempotencyToken: token } : {});
  const created = permit.state.created;
  if (created) return registered(permit, created.resource, created.version);
  const { demographics, ssn, ...more } = exchange.body(registration);
  const entries = registeredEntries({ demographics, ...(ssn ? { ssn } : {}), ...more });
  const patient = v4();
  const [{ ring, items: keys }, lookups] = await Promise.all([
    vault.register(patient),
    vault.withLookupKeys((keys) => lookupsOf(keys, patient, demographics, ssn)),
  ]);
  const at = exchange.access.now.toISOString();
  const author = permit.actor.sub;
  const sealed = await Promise.all(
    entries.map(({ category, entry, value }) =>
      vault.seal(ring, { patient, category, entry, version: 1, createdAt: at, updatedAt: at, author }, value),
    ),
  );
  const writes = new Writes<'patient' | 'keys' | 'mrn' | 'lookups' | 'entries' | 'idempotency' | 'care-team'>()
    .add('patient', patients.create({ patient, at, author, lookups, importSequence: 0 }))
    .add('keys', ...keys)
    .add(
      'mrn',
      ...patients.lookups(
        lookups.filter(({ unique }) => unique),
        patient,
      ),
    )
    .add(
      'lookups',
      ...patients.lookups(
        lookups.filter(({ unique }) => !unique),
        patient,
      ),
    )
    .add('entries', ...sealed.map((item) => store.create(item)))
    .add(
      'idempotency',
      ...(token ? [rememberCreation(environment.GOVERNANCE_TABLE, token, patient, exchange.access.now)] : []),
    )
    .add(
      'care-team',
      ...(permit.actor.role === 'clinician'
        ? joinByRegistering(environment.GOVERNANCE_TABLE, patient, author, exchange.access.now)
        : []),
    );
  const categories = [...new Set(entries.map(({ category }) => category))];
  const receipt = await runtime.store(
    permit,
    permit.event({ status: 201, patient, categories, resources: sealed.map(resourceOf) }),
    writes,
    (refused) => (refused.has('mrn') ? 'mrn-in-use' : 'conflict'),
  );
  return { status: 201, headers: entityTag(1), body: Released.facts({ id: patient, version: 1 }, receipt) };
}

/** The same creation again: it is permitted and recorded like the first, and makes nothing. */
async function registered(permit: Permit, patient: string, version: number): Promise<Answer> {
  const receipt = await runtime.outbox.record(permit.event({ status: 201, patient, reason: 'replay' }));
  return { status: 201, headers: entityTag(version), body: Released.facts({ id: patient, version }, receipt) };
}

export const handler = runtime.serve({ 'patient.register': register });
