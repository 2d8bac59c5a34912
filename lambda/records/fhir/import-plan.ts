import type { Category } from '../model';
import { asArray, type FhirIssue, isObject, type JsonObject, own } from './issue';
import { categoryOf, isImportable } from './mapping';
import { type Demographics, mrnOf, type SsnPart, splitPatient } from './patient';
import { type Subject, subjectIssues } from './references';
import { splitClaim } from './split';
import { ssnIssues } from './ssn';
import { validateResource } from './validate';

export const importLimits = {
  entries: 5_000,
  /** of one resource as compact JSON in UTF-8: sealed and with its keys it stays below what a DynamoDB item holds, 400 KB */
  resourceBytes: 200_000,
  totalBytes: 20_000_000,
  /** issues told of one import */
  issues: 200,
} as const;

export interface ImportEntry {
  readonly fullUrl?: unknown;
  readonly resource: unknown;
  readonly request?: unknown;
}

export interface ImportIssue extends FhirIssue {
  /** place of the entry in the bundle, from 0; -1: the bundle as a whole */
  readonly entry: number;
  readonly resourceType?: string;
  /** only if it is well-formed */
  readonly id?: string;
}

export interface PlannedResource {
  /** `Type/id`, or `Type/fullUrl` without an id: the same at every import of this resource */
  readonly identity: string;
  readonly resourceType: string;
  readonly fullUrl?: string;
  /** one; two for a claim, with the halves of splitClaim */
  readonly pieces: readonly {
    readonly category: Category;
    readonly body: { readonly fullUrl?: string; readonly resource: JsonObject };
  }[];
}

export interface PlannedPatient {
  readonly demographics: Demographics;
  readonly ssn?: SsnPart;
  readonly fullUrl?: string;
  /** as it came */
  readonly resource: JsonObject;
}

export type ImportPlan = { readonly patient: PlannedPatient; readonly resources: readonly PlannedResource[] };

/**
 * Decides what an import stores, all of it or nothing: exactly one Patient with one MRN, every resource valid and about that patient, no
 * identity twice, nothing but creations. Resources come back as they were, decimals as JSON.parse left them (`1.50` is 1.5).
 * @param entries of a bundle, in its order
 * @returns the plan; or every reason against it, at most `importLimits.issues`
 */
export function planImport(entries: readonly ImportEntry[]): ImportPlan | { readonly issues: readonly ImportIssue[] } {
  const whole = sizeIssues(entries);
  if (whole.length > 0) return { issues: whole };
  const issues = entries.flatMap((entry, index) => entryIssues(entry).map((issue) => locate(issue, entry, index)));
  const patients = entries.flatMap(({ resource }, index) =>
    own(resource, 'resourceType') === 'Patient' ? [index] : [],
  );
  const place = patients[0] ?? -1;
  const entry = entries[place];
  if (patients.length !== 1) issues.push(ofWhole('patient', 'an import has exactly one Patient'));
  // References and identities mean something only among valid resources.
  if (issues.length > 0 || entry === undefined || !isObject(entry.resource)) return refuse(issues);

  const split = splitPatient(entry.resource);
  if ('issues' in split) return refuse(split.issues.map((issue) => locate(issue, entry, place)));
  const mrn = mrnOf(split.demographics);
  if ('issue' in mrn) issues.push(locate(mrn.issue, entry, place));
  issues.push(...duplicateIssues(entries));
  const subject: Subject = {
    patientFullUrl: textOf(entry.fullUrl),
    patientId: textOf(own(entry.resource, 'id')),
    identifiers: asArray(split.demographics['identifier']),
    entries: new Map(
      entries.flatMap((one) => {
        const type = String(own(one.resource, 'resourceType'));
        return [textOf(one.fullUrl), relativeUrl(one)].flatMap((url) =>
          url === undefined ? [] : [[url, type] as const],
        );
      }),
    ),
  };
  const digits = split.ssn === undefined ? {} : { digits: split.ssn.value };
  for (const [index, one] of entries.entries()) {
    if (!isObject(one.resource)) continue;
    const found = subjectIssues(one.resource, subject);
    if (index !== place) found.push(...ssnIssues(one.resource, String(own(one.resource, 'resourceType')), digits));
    issues.push(...found.map((issue) => locate(issue, one, index)));
  }
  if (issues.length > 0) return refuse(issues);
  const fullUrl = textOf(entry.fullUrl);
  return {
    patient: { ...split, ...(fullUrl === undefined ? {} : { fullUrl }), resource: entry.resource },
    resources: entries.flatMap((one, index) =>
      index === place || !isObject(one.resource) ? [] : [plan(one.resource, one)],
    ),
  };
}

function plan(resource: JsonObject, entry: ImportEntry): PlannedResource {
  const resourceType = String(own(resource, 'resourceType'));
  const fullUrl = textOf(entry.fullUrl);
  const keepUrl = fullUrl === undefined ? {} : { fullUrl };
  const kept = (category: Category, part: JsonObject) => ({ category, body: { ...keepUrl, resource: part } });
  const category = categoryOf(resourceType);
  const head = { identity: identityOf(entry), resourceType, ...keepUrl };
  if (category === 'split') {
    const { payment, clinical } = splitClaim(resource);
    return { ...head, pieces: [kept('payment_history', payment), kept('claim_clinical', clinical)] };
  }
  if (category === 'patient') throw new TypeError('a Patient is no entry');
  return { ...head, pieces: [kept(category, resource)] };
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

const identityOf = ({ resource, fullUrl }: ImportEntry): string =>
  `${String(own(resource, 'resourceType'))}/${String(own(resource, 'id') ?? fullUrl)}`;

function relativeUrl({ resource }: ImportEntry): string | undefined {
  const id = own(resource, 'id');
  return id === undefined ? undefined : `${String(own(resource, 'resourceType'))}/${String(id)}`;
}

/** what is wrong with an entry by itself */
function entryIssues({ fullUrl, resource, request }: ImportEntry): FhirIssue[] {
  const issues = [...validateResource(resource), ...requestIssues(request)];
  if (issues.length > 0) return issues;
  if (byteLength(resource) > importLimits.resourceBytes)
    return [
      {
        path: 'Bundle.entry.resource',
        code: 'size',
        message: `a resource has at most ${importLimits.resourceBytes} bytes`,
      },
    ];
  return [...fullUrlIssues(fullUrl, resource), ...sensitivityIssues(resource)];
}

/** An import only adds: an entry that asks to delete, patch or read something says that the sender expects something else. */
function requestIssues(request: unknown): FhirIssue[] {
  if (request === undefined) return [];
  const method = own(request, 'method');
  if (method === 'POST' || method === 'PUT') return [];
  return [
    { path: 'Bundle.entry.request.method', code: 'request', message: 'Bundle.entry.request.method is POST or PUT' },
  ];
}

const urn = /^urn:(uuid:[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|oid:[0-2](\.(0|[1-9][0-9]*))+)$/;

/** A fullUrl that reads as another resource's address would make references to that one lead here. */
function fullUrlIssues(fullUrl: unknown, resource: unknown): FhirIssue[] {
  const id = own(resource, 'id');
  if (fullUrl === undefined)
    return id === undefined
      ? [{ path: 'Bundle.entry', code: 'missing', message: 'an entry has a fullUrl or its resource an id' }]
      : [];
  const type = String(own(resource, 'resourceType'));
  const isValid =
    typeof fullUrl === 'string' &&
    fullUrl.length <= 500 &&
    (urn.test(fullUrl) ||
      (/^https?:\/\/[A-Za-z0-9.:/_~-]+$/.test(fullUrl) &&
        fullUrl.endsWith(`/${type}/${String(id)}`) &&
        !fullUrl.includes('/../')));
  if (isValid) return [];
  const message =
    'Bundle.entry.fullUrl is urn:uuid:…, urn:oid:…, or an http(s) address that ends in the type and id of its resource';
  return [{ path: 'Bundle.entry.fullUrl', code: 'format', message }];
}

/** 45 CFR 164.501: psychotherapy notes are read by their originator alone, whom an import does not know. */
function sensitivityIssues(resource: unknown): FhirIssue[] {
  const labels = [
    ...asArray(own(own(resource, 'meta'), 'security')),
    ...asArray(own(resource, 'securityLabel')).flatMap((label) => asArray(own(label, 'coding'))),
  ];
  if (!labels.some((label) => own(label, 'code') === 'PSYTHPN')) return [];
  const type = String(own(resource, 'resourceType'));
  return [
    {
      path: type,
      code: 'psychotherapy',
      message: 'psychotherapy notes (PSYTHPN) are not imported: their originator enters them',
    },
  ];
}

function duplicateIssues(entries: readonly ImportEntry[]): ImportIssue[] {
  const seen = new Set<string>();
  return entries.flatMap((entry, index) => {
    const keys = [identityOf(entry), ...(entry.fullUrl === undefined ? [] : [`fullUrl ${String(entry.fullUrl)}`])];
    const isRepeated = keys.some((key) => seen.has(key));
    for (const key of keys) seen.add(key);
    if (!isRepeated) return [];
    return [
      locate(
        {
          path: 'Bundle.entry',
          code: 'duplicate',
          message: 'an earlier entry has the same type and id, or the same fullUrl',
        },
        entry,
        index,
      ),
    ];
  });
}

function sizeIssues(entries: readonly ImportEntry[]): ImportIssue[] {
  if (entries.length > importLimits.entries)
    return [ofWhole('size', `an import has at most ${importLimits.entries} entries`)];
  const total = entries.reduce((sum, { resource }) => sum + byteLength(resource), 0);
  return total > importLimits.totalBytes
    ? [ofWhole('size', `an import has at most ${importLimits.totalBytes} bytes`)]
    : [];
}

/** @returns 0 for what is nested too deeply to be written as JSON: the validator refuses it by its depth */
function byteLength(value: unknown): number {
  try {
    return Buffer.byteLength(JSON.stringify(value) ?? '');
  } catch (error) {
    if (error instanceof RangeError) return 0;
    throw error;
  }
}

const ofWhole = (code: FhirIssue['code'], message: string): ImportIssue => ({
  entry: -1,
  path: 'Bundle',
  code,
  message,
});

function locate(issue: FhirIssue, { resource }: ImportEntry, entry: number): ImportIssue {
  const type = own(resource, 'resourceType');
  const id = own(resource, 'id');
  return {
    entry,
    ...(typeof type === 'string' && isImportable(type) ? { resourceType: type } : {}),
    ...(typeof id === 'string' && /^[A-Za-z0-9.-]{1,64}$/.test(id) ? { id } : {}),
    ...issue,
  };
}

function refuse(issues: readonly ImportIssue[]): { issues: readonly ImportIssue[] } {
  if (issues.length <= importLimits.issues) return { issues };
  const more = ofWhole('too-many', `more than ${importLimits.issues} issues; the rest is not listed`);
  return { issues: [...issues.slice(0, importLimits.issues), more] };
}
