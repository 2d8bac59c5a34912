import type { ImportPlan } from './import-plan';
import { asArray, type JsonObject, own } from './issue';

/** A visit or a claim of a bundle, as what somebody had or has to do for the patient. Times are UTC, ISO 8601. */
export interface PlannedTask {
  /** of the resource, as in import-plan.ts */
  readonly identity: string;
  readonly kind: 'appointment' | 'claim';
  readonly from: string;
  /** of a visit; a claim has no end */
  readonly until?: string;
  /** `sub` of the person whose visit it is, where the bundle names them by it */
  readonly user?: string;
}

/** system of an identifier that names a member of the workforce by their id in Ward */
const userSystem = 'urn:ward:user';
const never = ['cancelled', 'entered-in-error', 'draft'];

/** @returns a task for each Encounter with a period and each Claim with a date, of which something came or is to come */
export function tasksIn({ resources }: ImportPlan): PlannedTask[] {
  return resources.flatMap(({ identity, resourceType, pieces }): PlannedTask[] => {
    const parts = pieces.map(({ body }) => body.resource);
    if (parts.some((part) => never.includes(String(own(part, 'status'))))) return [];
    if (resourceType === 'Encounter') return visit(identity, parts[0] ?? {});
    if (resourceType === 'Claim') return claim(identity, parts);
    return [];
  });
}

function visit(identity: string, encounter: JsonObject): PlannedTask[] {
  const period = own(encounter, 'period');
  const from = instantOf(own(period, 'start'));
  if (from === undefined) return [];
  const end = instantOf(own(period, 'end')) ?? from;
  const user = asArray(own(encounter, 'participant'))
    .map((participant) => own(own(participant, 'individual'), 'identifier'))
    .filter((identifier) => own(identifier, 'system') === userSystem)
    .map((identifier) => own(identifier, 'value'))
    .find((value) => typeof value === 'string');
  return [{ identity, kind: 'appointment', from, until: end < from ? from : end, ...(user ? { user } : {}) }];
}

function claim(identity: string, parts: readonly JsonObject[]): PlannedTask[] {
  const dates = [
    ...parts.map((part) => own(part, 'created')),
    ...parts.map((part) => own(own(part, 'billablePeriod'), 'start')),
  ];
  const from = dates.map(instantOf).find((at) => at !== undefined);
  return from === undefined ? [] : [{ identity, kind: 'claim', from }];
}

/** @returns the first instant of a FHIR dateTime, which may be a year, a month or a day */
function instantOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const at = new Date(value);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}
