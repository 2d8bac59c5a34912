import { type FhirIssue, type FhirIssueCode, isObject, type JsonObject, own } from './issue';
import { mayContain } from './mapping';
import { isNarrative } from './narrative';
import { primitives } from './primitives';
import {
  type ElementDefinition,
  isElementName,
  resourceDefinition,
  resourceTypeNames,
  type TypeDefinition,
  typeDefinition,
} from './structure';

/** levels of objects in one resource; the deepest real resources have about a dozen */
export const depthLimit = 32;
/** issues told of one resource; a flood of them helps nobody */
export const issueLimit = 50;

interface Context {
  readonly issues: FhirIssue[];
  readonly rootType: string;
}

function report(context: Context, path: string, code: FhirIssueCode, message: string): void {
  if (context.issues.length < issueLimit) context.issues.push({ path, code, message });
  else if (context.issues.length === issueLimit)
    context.issues.push({
      path: context.rootType,
      code: 'too-many',
      message: `more than ${issueLimit} issues; the rest is not listed`,
    });
}

/**
 * Checks one resource against FHIR R4: known type and elements, required elements, arrays and single values, primitive types,
 * choices, required codes, contained resources, narrative and depth. It does not check slices, profiles, invariants or references
 * (references.ts). Decimals arrive here as numbers: a trailing zero (`1.50`) is gone since JSON.parse.
 * @param value parsed JSON of any shape
 * @returns what is wrong, at most `issueLimit` and one that says there are more; empty for a valid resource. No issue echoes a value.
 */
export function validateResource(value: unknown): FhirIssue[] {
  const type = own(value, 'resourceType');
  const context: Context = { issues: [], rootType: nameOfType(type) };
  checkResource(context, value, context.rootType, 1, false);
  return context.issues;
}

/**
 * Checks a datatype that stands by itself, such as an `Address`.
 * @param type a datatype of the table, also the name that paths begin with
 */
export function validateDatatype(type: string, value: unknown): FhirIssue[] {
  const definition = typeDefinition(type);
  if (definition === undefined) throw new TypeError('no such datatype');
  if (!isObject(value)) return [{ path: type, code: 'type', message: `${type} is a JSON object` }];
  const context: Context = { issues: [], rootType: type };
  checkObject(context, value, definition, type, 1, 'element');
  return context.issues;
}

/** A type's name may be shown if FHIR has it; any other is input. */
const nameOfType = (type: unknown): string =>
  typeof type === 'string' && resourceTypeNames.has(type) ? type : 'Resource';

function checkResource(context: Context, value: unknown, path: string, depth: number, isContained: boolean): void {
  if (!isObject(value)) {
    report(context, path, 'type', `${path} is a resource: an object with resourceType`);
    return;
  }
  const type = own(value, 'resourceType');
  if (type === undefined) {
    report(context, path, 'missing', `${path}.resourceType is required`);
    return;
  }
  if (typeof type !== 'string' || !resourceTypeNames.has(type)) {
    report(context, path, 'unknown-type', `${path}.resourceType is the name of a FHIR R4 resource type`);
    return;
  }
  const definition = resourceDefinition(type);
  if (definition === undefined) {
    report(context, path, 'not-kept', `${type} is not kept in a patient's record`);
    return;
  }
  if (isContained) checkContained(context, value, type, path);
  checkObject(context, value, definition, path, depth, isContained ? 'contained' : 'resource');
}

function checkContained(context: Context, value: JsonObject, type: string, path: string): void {
  if (!mayContain(context.rootType, type))
    report(context, path, 'contained', `${context.rootType} may not contain ${type}: give it as an entry of its own`);
  if (own(value, 'id') === undefined)
    report(context, `${path}.id`, 'missing', `${path}.id is required in a contained resource`);
  const meta = own(value, 'meta');
  for (const name of ['versionId', 'lastUpdated', 'security'])
    if (own(meta, name) !== undefined)
      report(context, `${path}.meta.${name}`, 'contained', `a contained resource has no meta.${name}`);
}

function checkObject(
  context: Context,
  value: JsonObject,
  definition: TypeDefinition,
  path: string,
  depth: number,
  kind: 'resource' | 'contained' | 'element',
): void {
  if (depth > depthLimit) {
    report(context, path, 'depth', `${path} lies deeper than ${depthLimit} levels`);
    return;
  }
  const keys = Object.keys(value);
  if (keys.length === (kind === 'element' ? 0 : 1)) report(context, path, 'empty', `${path} has no content`);
  const choices = new Map<string, string>();
  for (const [position, key] of keys.entries()) {
    if (key === 'resourceType' && kind !== 'element') continue;
    const property = key.startsWith('_') ? key.slice(1) : key;
    const element = definition.elements.get(property);
    if (element === undefined || (key !== property && !primitives.has(element.type))) {
      reportUnknown(context, definition, path, key, position);
      continue;
    }
    const chosen = choices.get(element.name);
    if (chosen !== undefined && chosen !== property)
      report(
        context,
        `${path}.${property}`,
        'choice',
        `${path}.${element.name} has one type only, not ${chosen} and ${property}`,
      );
    choices.set(element.name, property);
    if (element.name === 'contained' && kind === 'contained')
      report(context, `${path}.contained`, 'contained', 'a contained resource contains no other');
    else if (key === property) checkElement(context, value, element, `${path}.${property}`, depth);
    else checkPrimitiveExtensions(context, value, element, `${path}.${key}`, depth);
  }
  for (const { name, properties } of definition.required)
    if (!properties.some((property) => Object.hasOwn(value, property) || Object.hasOwn(value, `_${property}`)))
      report(context, `${path}.${name}`, 'missing', `${path}.${name} is required`);
  // ext-1
  if (definition === typeDefinition('Extension')) {
    const hasValue = choices.has('value[x]');
    if (hasValue === choices.has('extension'))
      report(context, path, 'choice', `${path} has either a value or extensions of its own`);
  }
}

/** An element's name is shown only if FHIR knows it: a key may hold a patient's name as well as a value may. */
function reportUnknown(
  context: Context,
  definition: TypeDefinition,
  path: string,
  key: string,
  position: number,
): void {
  const bare = key.startsWith('_') ? key.slice(1) : key;
  const shown = isElementName(bare);
  const meant = [...definition.elements.keys()].find((name) => name.toLowerCase() === bare.toLowerCase());
  const where = shown ? `${path}.${key}` : path;
  const what = shown ? where : `property ${position + 1} of ${path}`;
  const hint = meant === undefined || meant === key ? '' : `; ${meant} is`;
  report(context, where, 'unknown-element', `${what} is not an element of FHIR R4${hint}`);
}

function checkElement(
  context: Context,
  owner: JsonObject,
  element: ElementDefinition,
  path: string,
  depth: number,
): void {
  const value = owner[element.property];
  if (!element.repeats) {
    if (Array.isArray(value)) {
      report(context, path, 'cardinality', `${path} is a single value, not an array`);
      return;
    }
    checkValue(context, value, element, path, depth);
    return;
  }
  if (!Array.isArray(value)) {
    report(context, path, 'cardinality', `${path} is an array`);
    return;
  }
  if (value.length === 0) {
    report(context, path, 'empty', `${path} has no content: leave it out`);
    return;
  }
  const extensions = own(owner, `_${element.property}`);
  for (const [index, item] of value.entries()) {
    const isPlaceholder = item === null && Array.isArray(extensions) && isObject(extensions[index]);
    if (!isPlaceholder) checkValue(context, item, element, `${path}[${index}]`, depth);
  }
}

function checkValue(context: Context, value: unknown, element: ElementDefinition, path: string, depth: number): void {
  const { type } = element;
  const primitive = primitives.get(type);
  if (primitive !== undefined) {
    if (
      typeof value !== primitive.json ||
      (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
    ) {
      report(context, path, 'type', `${path} is a ${type}: a JSON ${primitive.json}`);
      return;
    }
    if (!primitive.isValid(value)) report(context, path, 'format', `${path} is a ${type}: ${primitive.form}`);
    else if (element.codes !== undefined && typeof value === 'string' && !element.codes.has(value))
      report(context, path, 'code', `${path} is one of ${[...element.codes].join(', ')}`);
  } else if (type === 'xhtml') {
    if (typeof value !== 'string') report(context, path, 'type', `${path} is XHTML in a JSON string`);
    else if (!isNarrative(value))
      report(
        context,
        path,
        'narrative',
        `${path} is one XHTML div with formatting only: no script, style sheet, frame, form or remote image`,
      );
  } else if (type === 'Resource') {
    checkResource(context, value, path, depth + 1, true);
  } else {
    const definition = typeDefinition(type);
    if (definition === undefined || !isObject(value)) {
      report(context, path, 'type', `${path} is a ${type}: a JSON object`);
      return;
    }
    checkObject(context, value, definition, path, depth + 1, 'element');
    if (element.codes !== undefined) checkBoundCodes(context, value, element.codes, path);
  }
}

/** A concept or coding under a required binding has at least one code of the value set. */
function checkBoundCodes(context: Context, value: JsonObject, codes: ReadonlySet<string>, path: string): void {
  const coding = own(value, 'coding');
  const candidates = Array.isArray(coding) ? coding : [value];
  const has = candidates.some((one) => {
    const code = own(one, 'code');
    return typeof code === 'string' && codes.has(code);
  });
  if (!has) report(context, path, 'code', `${path} has one of the codes ${[...codes].join(', ')}`);
}

/** `_birthDate` beside `birthDate`: id and extensions of a primitive value; for an array, one place for each of its items. */
function checkPrimitiveExtensions(
  context: Context,
  owner: JsonObject,
  element: ElementDefinition,
  path: string,
  depth: number,
): void {
  const definition = typeDefinition('Element');
  const value = owner[`_${element.property}`];
  const checkOne = (item: unknown, at: string): void => {
    if (definition === undefined || !isObject(item)) {
      report(context, at, 'type', `${at} is an object with id or extension`);
      return;
    }
    checkObject(context, item, definition, at, depth + 1, 'element');
  };
  if (!element.repeats) {
    checkOne(value, path);
    return;
  }
  if (!Array.isArray(value) || value.length === 0) {
    report(context, path, 'cardinality', `${path} is an array that is not empty`);
    return;
  }
  const values = own(owner, element.property);
  for (const [index, item] of value.entries()) {
    const isPlaceholder = item === null && Array.isArray(values) && index < values.length && values[index] !== null;
    if (!isPlaceholder) checkOne(item, `${path}[${index}]`);
  }
}
