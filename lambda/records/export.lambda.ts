import { v4 } from 'uuid';
import * as z from 'zod';
import { withheld } from '../access/guard';
import { Released } from '../audit/release';
import { combine, transform } from '../encryption/sealed';
import { Vault } from '../encryption/vault';
import { type RecordsEnvironment, readEnvironment, recordsVariables } from '../environment';
import { type Answer, check, type Exchange } from '../http/chain';
import { documents, kms } from '../http/clients';
import { Runtime } from '../http/runtime';
import { exportBundle } from './fhir/export-bundle';
import { categories, patientId, resourceOf } from './model';
import { exportedValue } from './opened-entry';
import { RecordStore } from './store';

const environment = readEnvironment<RecordsEnvironment>(...recordsVariables);
const runtime = new Runtime(environment);
const store = new RecordStore(documents, environment.RECORDS_TABLE, runtime.clock);
const vault = new Vault({ documents, kms, environment, clock: runtime.clock, mayBind: false });

/** 45 CFR 164.524: the designated record set as a FHIR R4 bundle, as far as the asking role may see it. */
async function exportRecord(exchange: Exchange): Promise<Answer> {
  const { id } = check(z.object({ id: patientId }), exchange.parameters);
  const [permit, found, ring] = await Promise.all([
    runtime.guard.permit(exchange.access, { patient: id, categories }),
    store.record(id),
    vault.ring(id),
  ]);
  const items = found.items.filter(
    (item) => permit.decision.categories.includes(item.category) && !withheld(permit, item),
  );
  if (!found.patient || ring?.state !== 'active' || items.length === 0)
    return runtime.refuse(permit, vault.absence(ring));
  const opened = await Promise.all(
    items.map(async (item) =>
      transform(await vault.open(ring, item), (value) => ({
        category: item.category,
        entry: item.entry,
        value: exportedValue(item.category, value),
      })),
    ),
  );
  const bundle = transform(combine(...opened), (entries) =>
    exportBundle({ patient: id, id: v4(), now: exchange.access.now, entries }),
  );
  const receipt = await runtime.outbox.record(
    ...permit.events({
      status: 200,
      categories: [...new Set(items.map(({ category }) => category))],
      resources: items.map(resourceOf),
    }),
  );
  return {
    status: 200,
    headers: { 'content-type': 'application/fhir+json' },
    body: Released.release(bundle, receipt, exchange.access.request.id),
  };
}

export const handler = runtime.serve({ 'patient.export': exportRecord });
