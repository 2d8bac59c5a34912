import type { Category } from '../model';
import { isObject, type JsonObject, own } from './issue';
import { subjectPathOf } from './mapping';
import { joinPatient, type SsnPart } from './patient';
import { joinClaim } from './split';

/** One opened entry. Its value is what was sealed: the fields of a structured category, or `{ fullUrl?, resource }`. */
export interface ExportedEntry {
  readonly category: Category;
  readonly entry: string;
  readonly value: unknown;
}

export interface Bundle {
  readonly resourceType: 'Bundle';
  readonly id: string;
  readonly type: 'collection';
  readonly timestamp: string;
  readonly entry: readonly { readonly fullUrl: string; readonly resource: JsonObject }[];
}

/**
 * Makes a FHIR R4 collection of what a reader may see of one record: the Patient first, fullUrls as they came, the halves of a claim
 * joined by their entry id. A half whose other half the reader may not see is left out. What is no FHIR resource comes as a
 * DocumentReference with its JSON attached, so that the export is complete. 45 CFR 164.524(c)(2)
 * @param patient Ward's id
 * @param id of the bundle
 */
export function exportBundle({
  patient,
  entries,
  id,
  now,
}: {
  readonly patient: string;
  readonly entries: readonly ExportedEntry[];
  readonly id: string;
  readonly now: Date;
}): Bundle {
  const structured = (category: Category): unknown => entries.find((entry) => entry.category === category)?.value;
  const found: { fullUrl?: string; entry: string; resource: JsonObject }[] = [];
  for (const { category, entry, value } of entries) {
    if (category === 'demographics' || category === 'ssn' || category === 'claim_clinical') continue;
    const resource = own(value, 'resource');
    const url = own(value, 'fullUrl');
    const place = { entry, ...(typeof url === 'string' ? { fullUrl: url } : {}) };
    if (!isObject(resource) || own(resource, 'resourceType') === undefined) {
      const content = category === 'billing_address' ? value : resource;
      if (isObject(content)) found.push({ ...place, resource: attached(patient, category, content) });
    } else if (category === 'payment_history') {
      const other = entries.find((one) => one.category === 'claim_clinical' && one.entry === entry);
      const clinical = own(other?.value, 'resource');
      if (isObject(clinical)) found.push({ ...place, resource: joinClaim(resource, clinical) });
    } else found.push({ ...place, resource });
  }

  const demographics = structured('demographics');
  const used = new Set<string>();
  const addressed = (fullUrl: string | undefined, otherwise: string, resource: JsonObject) => {
    const url = fullUrl === undefined || used.has(fullUrl) ? `urn:uuid:${otherwise}` : fullUrl;
    used.add(url);
    return { fullUrl: url, resource };
  };
  // What was written here refers to the patient by Ward's id, which only this bundle's Patient entry can resolve.
  const url = patientUrl(found);
  const resolvable = (resource: JsonObject): JsonObject =>
    url === undefined ? resource : renamed(resource, `Patient/${patient}`, url);
  return {
    resourceType: 'Bundle',
    id,
    type: 'collection',
    timestamp: now.toISOString(),
    entry: [
      ...(isObject(demographics)
        ? [addressed(url, patient, joinPatient(demographics, ssnPart(structured('ssn'))))]
        : []),
      ...found.map(({ fullUrl, entry, resource }) => addressed(fullUrl, entry, resolvable(resource))),
    ],
  };
}

function renamed(resource: JsonObject, from: string, to: string): JsonObject {
  const text = JSON.stringify(resource);
  if (!text.includes(from)) return resource;
  return JSON.parse(text, (name, value: unknown) => (name === 'reference' && value === from ? to : value));
}

/** Every resource of an import names its patient; where it does so by an absolute address, that was the Patient's fullUrl. */
function patientUrl(found: readonly { readonly resource: JsonObject }[]): string | undefined {
  for (const { resource } of found) {
    const path = subjectPathOf(String(own(resource, 'resourceType')));
    const reference = path === undefined ? undefined : own(own(resource, path), 'reference');
    if (typeof reference === 'string' && /^(urn:|https?:)/.test(reference))
      return reference.replace(/\/_history\/.*$/, '');
  }
  return undefined;
}

function ssnPart(value: unknown): SsnPart | undefined {
  const digits = own(value, 'value');
  if (typeof digits !== 'string') return undefined;
  const [identifier, index, narrative] = [own(value, 'identifier'), own(value, 'index'), own(value, 'narrative')];
  return {
    value: digits,
    ...(identifier === undefined ? {} : { identifier }),
    ...(typeof index === 'number' ? { index } : {}),
    ...(narrative === undefined ? {} : { narrative }),
  };
}

function attached(patient: string, category: Category, content: JsonObject): JsonObject {
  return {
    resourceType: 'DocumentReference',
    status: 'current',
    type: { text: category.replaceAll('_', ' ') },
    subject: { reference: `urn:uuid:${patient}`, type: 'Patient' },
    content: [
      {
        attachment: {
          contentType: 'application/json',
          data: Buffer.from(JSON.stringify(content), 'utf8').toString('base64'),
        },
      },
    ],
  };
}
