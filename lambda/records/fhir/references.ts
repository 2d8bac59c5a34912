import { asArray, type FhirIssue, isObject, type JsonObject, own } from './issue';
import { isImportable, subjectPathOf } from './mapping';
import {
  type ElementDefinition,
  resourceDefinition,
  resourceTypeNames,
  type TypeDefinition,
  typeDefinition,
} from './structure';

/** whose record it is, as references in it may spell it */
export interface Subject {
  /** fullUrl of the Patient's entry */
  readonly patientFullUrl?: string | undefined;
  /** Patient.id */
  readonly patientId?: string | undefined;
  /** Patient.identifier, so that a reference may repeat one of them */
  readonly identifiers?: readonly unknown[];
  /** fullUrl, and `Type/id`, of every entry that comes along, with its resource type */
  readonly entries?: ReadonlyMap<string, string>;
}

export interface FoundReference {
  readonly path: string;
  /** the path without array places and resource type: `participant.actor` */
  readonly element: string;
  readonly value: JsonObject;
  /** resource types that the element may name; empty: any */
  readonly targets: readonly string[];
  /** does it stand in a contained resource? */
  readonly isContained: boolean;
}

/** @returns every Reference in a valid resource: in backbone elements, datatypes, extensions (also those of primitive values) and contained resources */
export function findReferences(resource: JsonObject): FoundReference[] {
  const found: FoundReference[] = [];
  const visitValue = (
    value: unknown,
    element: ElementDefinition,
    path: string,
    name: string,
    isContained: boolean,
  ): void => {
    if (!isObject(value)) return;
    if (element.type === 'Reference') found.push({ path, element: name, value, targets: element.targets, isContained });
    if (element.type === 'Resource') visitResource(value, path, name, true);
    else visitObject(value, typeDefinition(element.type), path, name, isContained);
  };
  const visitObject = (
    value: JsonObject,
    definition: TypeDefinition | undefined,
    path: string,
    name: string,
    isContained: boolean,
  ): void => {
    for (const [key, child] of Object.entries(value)) {
      const property = key.startsWith('_') ? key.slice(1) : key;
      const known = definition?.elements.get(property);
      const element = known === undefined || key === property ? known : { ...known, type: 'Element' };
      if (element === undefined) continue;
      const at = `${path}.${key}`;
      const childName = name === '' ? key : `${name}.${key}`;
      if (Array.isArray(child))
        for (const [index, item] of child.entries())
          visitValue(item, element, `${at}[${index}]`, childName, isContained);
      else visitValue(child, element, at, childName, isContained);
    }
  };
  const visitResource = (value: JsonObject, path: string, name: string, isContained: boolean): void => {
    const type = own(value, 'resourceType');
    if (typeof type === 'string') visitObject(value, resourceDefinition(type), path, name, isContained);
  };
  const type = own(resource, 'resourceType');
  visitResource(resource, typeof type === 'string' ? type : 'Resource', '', false);
  return found;
}

/** What a reference leads to. `unclear`: written in a way that two readers could resolve to different things. */
type Target =
  | { readonly kind: 'resource'; readonly type: string; readonly isPatient: boolean }
  | { readonly kind: 'contained'; readonly id: string }
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'unclear' };

const history = '(?:/_history/[A-Za-z0-9.-]{1,64})?';
const relativeForm = new RegExp(`^([A-Za-z]+)/([A-Za-z0-9.-]{1,64})${history}$`);
// No user, query, fragment, percent sign or dot segment: those are ways to write one address and mean another.
const absoluteForm = new RegExp(
  `^(https?://[A-Za-z0-9.-]+(?::\\d+)?(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/([A-Za-z]+)/[A-Za-z0-9.-]{1,64})${history}$`,
);
const urnForm = /^urn:(uuid:[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|oid:[0-2](\.(0|[1-9][0-9]*))+)$/;
const conditionalForm = /^([A-Za-z]+)\?\S+$/;

function resolve(reference: string, subject: Subject): Target {
  if (reference.startsWith('#')) return { kind: 'contained', id: reference.slice(1) };
  const [, relativeType, id] = relativeForm.exec(reference) ?? [];
  if (relativeType !== undefined) {
    if (!resourceTypeNames.has(relativeType)) return { kind: 'unclear' };
    return { kind: 'resource', type: relativeType, isPatient: relativeType === 'Patient' && id === subject.patientId };
  }
  const [, url, absoluteType] = absoluteForm.exec(reference) ?? [];
  if (url !== undefined && absoluteType !== undefined) {
    if (!resourceTypeNames.has(absoluteType)) return { kind: 'unclear' };
    return {
      kind: 'resource',
      type: absoluteType,
      isPatient: absoluteType === 'Patient' && url === subject.patientFullUrl,
    };
  }
  if (urnForm.test(reference)) {
    if (reference === subject.patientFullUrl) return { kind: 'resource', type: 'Patient', isPatient: true };
    const type = subject.entries?.get(reference);
    return type === undefined ? { kind: 'elsewhere' } : { kind: 'resource', type, isPatient: false };
  }
  // A search in place of an address (`Practitioner?identifier=…`) may find whoever is meant later, never a patient.
  const [, searched] = conditionalForm.exec(reference) ?? [];
  if (
    searched !== undefined &&
    isImportable(searched) &&
    subjectPathOf(searched) === undefined &&
    searched !== 'Patient'
  )
    return { kind: 'resource', type: searched, isPatient: false };
  return { kind: 'unclear' };
}

/**
 * Finds every way in which a resource speaks of a patient other than the one whose record it enters, or fails to say that it
 * speaks of that one. The adversary hands in an import or an entry that carries another person's data, or that makes this
 * patient's data appear as another's.
 * @param resource valid by validateResource
 */
export function subjectIssues(resource: JsonObject, subject: Subject): FhirIssue[] {
  const issues: FhirIssue[] = [];
  const type = String(own(resource, 'resourceType'));
  const subjectPath = subjectPathOf(type);
  const contained = new Map(
    asArray(own(resource, 'contained')).map((one) => [own(one, 'id'), own(one, 'resourceType')]),
  );
  let namesPatient = false;

  for (const found of findReferences(resource)) {
    const isSubject = !found.isContained && found.element === subjectPath;
    const verdict = judge(found, isSubject, subject, contained, type);
    if (verdict === 'patient' && isSubject) namesPatient = true;
    else if (verdict === 'companion' && isSubject && type === 'Provenance') namesPatient = true;
    else if (typeof verdict === 'object') issues.push(verdict);
  }
  for (const path of hiddenReferences(resource, type, subject))
    if (!issues.some((issue) => path.startsWith(issue.path)))
      issues.push({ path, code: 'subject', message: `${path} names a patient other than the one of this record` });
  if (subjectPath !== undefined && !namesPatient && issues.length === 0)
    issues.push({
      path: `${type}.${subjectPath}`,
      code: 'subject',
      message: `${type}.${subjectPath} names the patient of this record`,
    });
  return issues;
}

/** @returns `patient`: it names the patient; `companion`: something else of this import; `fine`: nothing to say of it */
function judge(
  { path, value, targets, isContained }: FoundReference,
  isSubject: boolean,
  subject: Subject,
  contained: ReadonlyMap<unknown, unknown>,
  container: string,
): 'patient' | 'companion' | 'fine' | FhirIssue {
  const other = {
    path,
    code: 'subject',
    message: `${path} names the patient of this record by reference, or nobody's`,
  } as const;
  const reference = own(value, 'reference');
  const declared = own(value, 'type');
  const declaresPatient = typeof declared === 'string' && /(^|\/)Patient$/i.test(declared);
  const mayBePatient = targets.length === 0 || targets.includes('Patient');
  const identifier = own(value, 'identifier');

  if (reference === undefined) {
    if (declaresPatient || (isSubject && container !== 'Appointment')) return other;
    // A logical reference without a type could be to any patient: nothing here can look an identifier up.
    if (identifier !== undefined && mayBePatient && declared === undefined)
      return { path, code: 'reference', message: `${path} says by type what its identifier identifies` };
    return 'fine';
  }
  const target: Target = typeof reference === 'string' ? resolve(reference, subject) : { kind: 'unclear' };
  const repeatsIdentifier =
    identifier === undefined || (subject.identifiers ?? []).some((one) => sameIdentifier(one, identifier));
  switch (target.kind) {
    case 'unclear':
      return {
        path,
        code: 'reference',
        message: `${path} is a reference of the form Type/id, http(s)://host/path/Type/id, urn:uuid:…, urn:oid:… or #id`,
      };
    case 'contained': {
      const named = target.id === '' ? container : contained.get(target.id);
      if (named === undefined)
        return { path, code: 'reference', message: `${path} leads to a contained resource that is not there` };
      if (target.id === '' && container === 'Patient') return 'patient';
      return named === 'Patient' || declaresPatient || (isSubject && container !== 'Appointment') ? other : 'fine';
    }
    case 'elsewhere':
      // It leads to no entry at hand: where a patient may stand, that might be another one.
      if (declaresPatient || isSubject || targets.includes('Patient')) return other;
      return 'fine';
    case 'resource': {
      if (target.type === 'Patient') {
        if (!target.isPatient || !repeatsIdentifier || (declared !== undefined && !declaresPatient)) return other;
        return !mayBePatient ? wrongTarget(path, targets) : 'patient';
      }
      if (declaresPatient) return other;
      // Whom a single subject names is who the record is about; lists of participants and provenance name others beside the patient.
      if (
        isSubject &&
        !isContained &&
        !['Appointment', 'AppointmentResponse', 'Provenance', 'Account'].includes(container)
      )
        return other;
      if (targets.length > 0 && !targets.includes(target.type)) return wrongTarget(path, targets);
      return typeof reference === 'string' && subject.entries?.has(reference) === true ? 'companion' : 'fine';
    }
  }
}

const wrongTarget = (path: string, targets: readonly string[]): FhirIssue => ({
  path,
  code: 'reference',
  message: `${path} leads to one of ${targets.join(', ')}`,
});

const sameIdentifier = (a: unknown, b: unknown): boolean =>
  own(a, 'value') !== undefined && own(a, 'value') === own(b, 'value') && own(a, 'system') === own(b, 'system');

/** `Patient/x` anywhere in plain values (a valueUri, a canonical, a URL in a string): links that an app would follow */
function hiddenReferences(resource: JsonObject, type: string, subject: Subject): string[] {
  const paths: string[] = [];
  const visit = (value: unknown, path: string): void => {
    if (typeof value === 'string') {
      if (!/^(\S*\/)?Patient[/?]\S+$/.test(value)) return;
      const target = resolve(value, subject);
      if (target.kind !== 'resource' || !target.isPatient) paths.push(path);
    } else if (Array.isArray(value)) for (const [index, item] of value.entries()) visit(item, `${path}[${index}]`);
    else if (isObject(value)) for (const [key, child] of Object.entries(value)) visit(child, `${path}.${key}`);
  };
  visit(resource, type);
  return paths;
}
