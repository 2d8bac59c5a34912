import { type FhirIssue, isObject, type JsonObject, own } from './issue';
import { type ClaimType, isClaim } from './mapping';

/**
 * A claim repeats the patient's diagnoses and procedures, often in words, and the billing office may not read those. So a claim is
 * kept in two halves: payment_history holds only what this file lists, claim_clinical all the rest. Deny by default: an element that
 * the list does not name, and a value that does not look as expected, is clinical. 45 CFR 164.502(b).
 */
type Rule =
  | { readonly kind: 'value'; readonly accepts: (value: string | number | boolean) => boolean }
  | {
      readonly kind: 'object';
      readonly elements: ReadonlyMap<string, Rule>;
      readonly accepts: (value: JsonObject) => boolean;
    }
  | { readonly kind: 'array'; readonly item: Rule };

const value = (accepts: (value: string | number | boolean) => boolean): Rule => ({ kind: 'value', accepts });
const object = (elements: Record<string, Rule>, accepts: (value: JsonObject) => boolean = () => true): Rule => ({
  kind: 'object',
  elements: new Map(Object.entries(elements)),
  accepts,
});
const array = (item: Rule): Rule => ({ kind: 'array', item });
const text = (pattern: RegExp): Rule => value((one) => typeof one === 'string' && pattern.test(one));

/** ids, codes, numbers and URLs: no white space, so no words */
const token = text(/^[\w.:/|#=-]{1,200}$/);
const lowerCaseCode = text(/^[a-z][a-z-]{1,40}$/);
const number = value((one) => typeof one === 'number');
const flag = value((one) => typeof one === 'boolean');
const date = text(/^\d{4}[\dTZ:.+-]{0,36}$/);
const period = object({ start: date, end: date });
const money = object({ value: number, currency: text(/^[A-Z]{3}$/) });
const reference = object({ reference: token, type: token });
/** the payer's name is what billing needs; every other display may carry words */
const payer = object({ reference: token, type: token, display: text(/^.{1,200}$/) });

/** Code systems that speak of money and process. A code of any other system may be a diagnosis, whatever element it stands in. */
const paymentSystems: ReadonlySet<unknown> = new Set([
  ...[
    'adjudication',
    'claim-type',
    'ex-paymenttype',
    'ex-relatedclaimrelationship',
    'fundsreserve',
    'payeetype',
    'processpriority',
  ].map((name) => `http://terminology.hl7.org/CodeSystem/${name}`),
  'http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBAdjudication',
  'http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBAdjudicationDiscriminator',
  'http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBPayeeType',
  'http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBPayerAdjudicationStatus',
  'https://bluebutton.cms.gov/resources/codesystem/adjudication',
  'https://x12.org/codes/claim-adjustment-group-codes',
]);
const concept = object({
  coding: array(
    object({ system: token, version: token, code: token }, (coding) => paymentSystems.has(own(coding, 'system'))),
  ),
});

const identifier = object({ use: lowerCaseCode, system: token, value: token, period });
const adjudication = array(object({ category: concept, amount: money, value: number }));
const amounts = {
  sequence: number,
  quantity: object({ value: number }),
  unitPrice: money,
  factor: number,
  net: money,
};
const lines = (name: 'detail' | 'subDetail', inner: Record<string, Rule>): Record<string, Rule> => ({
  [name]: array(object({ ...amounts, adjudication, ...inner })),
});
const services = { servicedDate: date, servicedPeriod: period };
const details = lines('detail', lines('subDetail', {}));

const common = {
  resourceType: token,
  id: token,
  identifier: array(identifier),
  status: lowerCaseCode,
  type: concept,
  use: lowerCaseCode,
  patient: reference,
  billablePeriod: period,
  created: date,
  enterer: reference,
  insurer: payer,
  provider: reference,
  priority: concept,
  fundsReserve: concept,
  related: array(object({ claim: reference, relationship: concept })),
  payee: object({ type: concept, party: reference }),
};

const rules: Record<ClaimType, Rule> = {
  Claim: object({
    ...common,
    insurance: array(object({ sequence: number, focal: flag, coverage: payer, claimResponse: reference })),
    item: array(object({ ...amounts, ...services, ...details })),
    total: money,
  }),
  ExplanationOfBenefit: object({
    ...common,
    fundsReserveRequested: concept,
    claim: reference,
    claimResponse: reference,
    outcome: lowerCaseCode,
    preAuthRefPeriod: array(period),
    precedence: number,
    insurance: array(object({ focal: flag, coverage: payer })),
    item: array(object({ ...amounts, ...services, ...details, adjudication })),
    addItem: array(
      object({
        ...amounts,
        ...services,
        ...details,
        adjudication,
        itemSequence: array(number),
        detailSequence: array(number),
      }),
    ),
    adjudication,
    total: array(object({ category: concept, amount: money })),
    payment: object({ type: concept, adjustment: money, date, amount: money, identifier }),
    benefitPeriod: period,
  }),
};

/** what both halves carry, so that neither can be joined to another claim's */
const shared = ['resourceType', 'id'] as const;

interface Halves {
  readonly payment?: unknown;
  readonly clinical?: unknown;
}

/** An absent half is no property at all; null is only a place in an array whose item lies in the other half. */
function divide(node: unknown, rule: Rule | undefined): Halves {
  const clinical = { clinical: node };
  if (rule === undefined) return clinical;
  if (rule.kind === 'value') {
    const isPrimitive = typeof node === 'string' || typeof node === 'number' || typeof node === 'boolean';
    return isPrimitive && rule.accepts(node) ? { payment: node } : clinical;
  }
  if (rule.kind === 'array') {
    if (!Array.isArray(node)) return clinical;
    const items = node.map((item: unknown) => divide(item, rule.item));
    if (!items.some(hasPayment)) return clinical;
    return {
      payment: items.map((item) => (hasPayment(item) ? item.payment : null)),
      ...(items.some(hasClinical) ? { clinical: items.map((item) => (hasClinical(item) ? item.clinical : null)) } : {}),
    };
  }
  if (!isObject(node) || !rule.accepts(node)) return clinical;
  const parts = Object.entries(node).map(([key, child]) => [key, divide(child, rule.elements.get(key))] as const);
  if (!parts.some(([, part]) => hasPayment(part))) return clinical;
  const half = (name: 'payment' | 'clinical'): JsonObject =>
    Object.fromEntries(parts.flatMap(([key, part]) => (Object.hasOwn(part, name) ? [[key, part[name]] as const] : [])));
  return {
    payment: half('payment'),
    ...(parts.some(([, part]) => hasClinical(part)) ? { clinical: half('clinical') } : {}),
  };
}
const hasPayment = (part: Halves): boolean => Object.hasOwn(part, 'payment');
const hasClinical = (part: Halves): boolean => Object.hasOwn(part, 'clinical');

export interface ClaimHalves {
  readonly payment: JsonObject;
  readonly clinical: JsonObject;
}

/**
 * Divides a Claim or ExplanationOfBenefit. Both halves name its type and id; where an array is divided, both arrays have its length
 * and null stands for an item that lies whole in the other half.
 * @throws TypeError for any other resource type
 */
export function splitClaim(resource: JsonObject): ClaimHalves {
  const type = own(resource, 'resourceType');
  if (typeof type !== 'string' || !isClaim(type)) throw new TypeError('only a Claim or ExplanationOfBenefit is split');
  const halves = divide(resource, rules[type]);
  const both = Object.fromEntries(
    shared.flatMap((key) => (Object.hasOwn(resource, key) ? [[key, resource[key]] as const] : [])),
  );
  const { id: _, ...withoutId } = both;
  const payment = isObject(halves.payment) ? halves.payment : { resourceType: type };
  const clinical = isObject(halves.clinical) ? halves.clinical : {};
  // An id that is no token is left where the rules put it, in the clinical half alone.
  return { payment, clinical: { ...(own(payment, 'id') === undefined ? withoutId : both), ...clinical } };
}

/**
 * Joins what `splitClaim` divided.
 * @returns a resource deep-equal to the one that was split. If a half was changed since, the payment half wins where both have a value.
 * @throws TypeError if the halves are of different claims
 */
export function joinClaim(payment: JsonObject, clinical: JsonObject): JsonObject {
  if (own(payment, 'resourceType') !== own(clinical, 'resourceType'))
    throw new TypeError('these halves are of different claims');
  if (own(payment, 'id') !== undefined && own(payment, 'id') !== own(clinical, 'id'))
    throw new TypeError('these halves are of different claims');
  const joined = merge(payment, clinical);
  return isObject(joined) ? joined : payment;
}

function merge(payment: unknown, clinical: unknown): unknown {
  if (Array.isArray(payment) && Array.isArray(clinical)) {
    const length = Math.max(payment.length, clinical.length);
    const items = Array.from({ length }, (_, index): unknown => {
      const [ours, theirs]: unknown[] = [payment[index] ?? null, clinical[index] ?? null];
      if (ours === null || theirs === null) return ours ?? theirs;
      return merge(ours, theirs);
    });
    // Only a half that was changed since has another length; a place that is then empty in both is nobody's.
    return payment.length === clinical.length ? items : items.filter((item) => item !== null);
  }
  if (!isObject(payment) || !isObject(clinical)) return payment;
  const keys = new Set([...Object.keys(payment), ...Object.keys(clinical)]);
  return Object.fromEntries(
    [...keys].map((key) => {
      if (!Object.hasOwn(payment, key)) return [key, clinical[key]] as const;
      if (!Object.hasOwn(clinical, key)) return [key, payment[key]] as const;
      return [key, merge(payment[key], clinical[key])] as const;
    }),
  );
}

/**
 * Checks a payment half that someone writes through the API: a claim of which nothing belongs to the clinical half. Otherwise billing
 * could store, and read back, what the split exists to keep from it.
 */
export function paymentIssues(body: unknown): FhirIssue[] {
  const type = own(body, 'resourceType');
  if (!isObject(body) || typeof type !== 'string' || !isClaim(type))
    return [
      {
        path: 'Claim',
        code: 'type',
        message: 'a payment is a Claim or ExplanationOfBenefit without its clinical elements',
      },
    ];
  const { clinical } = divide(body, rules[type]);
  const issues: FhirIssue[] = [];
  const refuse = (path: string): void => {
    issues.push({
      path,
      code: 'unknown-element',
      message: `${path} has content that is not of the payment half of a ${type}`,
    });
  };
  const visit = (node: unknown, path: string): void => {
    if (Array.isArray(node)) for (const [index, item] of node.entries()) visit(item, `${path}[${index}]`);
    else if (isObject(node))
      for (const [key, child] of Object.entries(node))
        if (listedNames.has(key)) visit(child, `${path}.${key}`);
        else refuse(path);
    else if (node !== null) refuse(path);
  };
  visit(clinical, type);
  return issues;
}

function names(rule: Rule): Set<string> {
  if (rule.kind === 'array') return names(rule.item);
  if (rule.kind === 'value') return new Set();
  return new Set([...rule.elements.keys(), ...[...rule.elements.values()].flatMap((inner) => [...names(inner)])]);
}
/** An element's name is shown only if it is listed above: a key is input as well. */
const listedNames: ReadonlySet<string> = new Set(Object.values(rules).flatMap((rule) => [...names(rule)]));
