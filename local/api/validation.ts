import { Ajv } from 'ajv';

/** @returns undefined when valid, else which rule of the schema was broken; never a name or value of the input */
export type BodyValidator = (body: unknown) => string | undefined;

/**
 * Compiles a request model. API Gateway models are JSON Schema draft 4, which differs from ajv's draft 7 in `id`
 * and in the boolean `exclusiveMinimum` and `exclusiveMaximum`.
 * @throws Error naming a model that cannot be compiled
 */
export function compileModel(id: string, schema: unknown): BodyValidator {
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: false });
  let validate: ReturnType<typeof ajv.compile>;
  try {
    const modern = fromDraft4(schema);
    if (modern === null || typeof modern !== 'object') throw new Error('it is no object');
    validate = ajv.compile(modern);
  } catch (error) {
    throw new Error(`${id}: the model's schema is not emulated`, { cause: error });
  }
  return (body) => {
    if (validate(body)) return undefined;
    const [first] = validate.errors ?? [];
    return `${first?.keyword ?? 'unknown'} at ${first?.schemaPath ?? '#'}`;
  };
}

function fromDraft4(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(fromDraft4);
  if (node === null || typeof node !== 'object') return node;
  const schema = new Map(Object.entries(node).map(([key, value]) => [key, fromDraft4(value)]));
  schema.delete('$schema');
  if (typeof schema.get('id') === 'string') schema.delete('id');
  for (const [limit, exclusive] of [
    ['minimum', 'exclusiveMinimum'],
    ['maximum', 'exclusiveMaximum'],
  ] as const) {
    const flag = schema.get(exclusive);
    if (typeof flag !== 'boolean') continue;
    schema.delete(exclusive);
    if (!flag || !schema.has(limit)) continue;
    schema.set(exclusive, schema.get(limit));
    schema.delete(limit);
  }
  return Object.fromEntries(schema);
}
