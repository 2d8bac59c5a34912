import { emit } from '../audit/metrics';
import { dayOf } from '../breach/calendar';
import { type AgreementsEnvironment, agreementsVariables, readEnvironment } from '../environment';
import { documents } from '../http/clients';
import { needsRenewal } from './associate';
import { allAssociates } from './associate-store';

const environment = readEnvironment<AgreementsEnvironment>(...agreementsVariables);

/** Counts the associates whose agreement ends soon or has ended, for the alarm that calls somebody. 45 CFR 164.308(b). */
export async function handler(): Promise<void> {
  const now = new Date();
  const associates = await allAssociates(documents, environment.GOVERNANCE_TABLE);
  const due = associates.filter((associate) => needsRenewal(associate, dayOf(now)));
  emit(environment.STAGE, now, { ExpiringAgreements: due.length });
}
