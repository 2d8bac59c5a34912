import { importableTypes } from './mapping';
import table from './structure.json';

/** One element of a resource or datatype. A choice such as `onset[x]` is one definition for each of its types. */
export interface ElementDefinition {
  /** the JSON property, for a choice with its type: `onsetDateTime` */
  readonly property: string;
  /** as the specification names it: `onset[x]` */
  readonly name: string;
  readonly required: boolean;
  readonly repeats: boolean;
  /** a datatype, a primitive type, `Resource`, or the path of a backbone element such as `Claim.item` */
  readonly type: string;
  /** resource types that a Reference may name; empty: any */
  readonly targets: readonly string[];
  /** the codes of a required binding */
  readonly codes?: ReadonlySet<string>;
}

export interface TypeDefinition {
  /** by JSON property */
  readonly elements: ReadonlyMap<string, ElementDefinition>;
  /** what an instance must have: for a choice, one of several properties */
  readonly required: readonly { readonly name: string; readonly properties: readonly string[] }[];
}

type ElementTable = Readonly<Record<string, string>>;
const resourceTables: ReadonlyMap<string, ElementTable> = new Map(Object.entries(table.resources));
const typeTables: ReadonlyMap<string, ElementTable> = new Map(Object.entries(table.types));
const codeTables: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries(table.codes).map(([name, codes]) => [name, new Set(codes.split(' '))]),
);

/** the names of all resource types of FHIR R4, also of those that Ward does not keep */
export const resourceTypeNames: ReadonlySet<string> = new Set(table.typeNames.split(' '));

/** An element's line is `min..max types [=value set]`, such as `0..1 Range|Reference(Patient,Group)` or `1..1 code =fm-status`. */
function parse(name: string, line: string): ElementDefinition[] {
  const [cardinality = '', types = '', binding] = line.split(' ');
  const codes = binding === undefined ? undefined : codeTables.get(binding.slice(1));
  const isChoice = name.endsWith('[x]');
  return types.split('|').map((spelled) => {
    const [type = '', targets] = spelled.replace(')', '').split('(');
    return {
      property: isChoice ? `${name.slice(0, -3)}${type.charAt(0).toUpperCase()}${type.slice(1)}` : name,
      name,
      required: !cardinality.startsWith('0'),
      repeats: cardinality.endsWith('*'),
      type,
      targets: targets?.split(',') ?? [],
      ...(codes === undefined ? {} : { codes }),
    };
  });
}

function compile(elements: ElementTable): TypeDefinition {
  const { '^': base = '', ...own } = elements;
  const inherited = base === '' ? undefined : typeDefinition(base);
  const lists = Object.entries(own).map(([name, line]) => parse(name, line));
  return {
    elements: new Map([
      ...(inherited?.elements ?? []),
      ...lists.flat().map((element) => [element.property, element] as const),
    ]),
    required: [
      ...(inherited?.required ?? []),
      ...lists.flatMap((list) =>
        list[0]?.required === true ? [{ name: list[0].name, properties: list.map((one) => one.property) }] : [],
      ),
    ],
  };
}

function cached(tables: ReadonlyMap<string, ElementTable>): (name: string) => TypeDefinition | undefined {
  const compiled = new Map<string, TypeDefinition>();
  return (name) => {
    const known = compiled.get(name);
    const elements = tables.get(name);
    if (known !== undefined || elements === undefined) return known;
    const definition = compile(elements);
    compiled.set(name, definition);
    return definition;
  };
}

/** @returns the elements of a resource type that Ward keeps, compiled at first use */
export const resourceDefinition = cached(resourceTables);
/** @returns the elements of a datatype or backbone element; undefined for a primitive type */
export const typeDefinition = cached(typeTables);

let names: ReadonlySet<string> | undefined;
/** Is this an element of any type in the table? Names that are may be shown in an error; others are input and may not. */
export function isElementName(name: string): boolean {
  names ??= new Set([
    ...importableTypes.flatMap((type) => [...(resourceDefinition(type)?.elements.keys() ?? [])]),
    ...[...typeTables.keys()].flatMap((type) => [...(typeDefinition(type)?.elements.keys() ?? [])]),
  ]);
  return names.has(name);
}
