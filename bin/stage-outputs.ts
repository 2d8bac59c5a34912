import { join } from 'node:path';
import * as z from 'zod';
import { readJson } from './json-file';

/** Outputs of all stacks of a stage, by name: no two stacks have one of the same name. */
export type StageOutputs = Readonly<Record<string, string>>;

const stacks = z
  .record(z.string(), z.record(z.string(), z.string()))
  .transform((each): StageOutputs => Object.assign({}, ...Object.values(each)));
const cloudFile = z.object({
  outputs: stacks,
  region: z.string(),
  urls: z.object({
    api: z.string(),
    cognito: z.string(),
    dynamodb: z.string(),
    kms: z.string(),
    s3: z.string(),
    logs: z.string(),
  }),
  credentials: z.object({ accessKeyId: z.string(), secretAccessKey: z.string(), sessionToken: z.string() }),
});
/** The laptop cloud as it runs: its outputs, its addresses, and the credentials of its root. */
export type LaptopCloud = z.infer<typeof cloudFile>;

/** @param file of `cdk deploy --outputs-file`. @throws Error in one sentence */
export const readStageOutputs = (file: string): StageOutputs =>
  parse(file, stacks, 'written by cdk deploy --outputs-file');

/** @param data the folder of the laptop cloud. @throws Error in one sentence when it does not run there */
export const readLaptopCloud = (data: string): LaptopCloud =>
  parse(
    join(data, 'cloud.json'),
    cloudFile,
    'written by npm start: Ward does not run here; start it, or name a deployed stage with --outputs',
  );

/** @returns the outputs that the schema names. @throws Error naming what they must hold */
export function demandOutputs<Schema extends z.ZodObject>(outputs: StageOutputs, schema: Schema): z.infer<Schema> {
  const found = schema.safeParse(outputs);
  if (found.success) return found.data;
  const needed = Object.entries(schema.shape).flatMap(([name, shape]) =>
    z.safeParse(shape, undefined).success ? [] : [name],
  );
  throw new Error(`the outputs name no Ward of this version; they must hold ${needed.join(', ')}`);
}

function parse<Schema extends z.ZodType>(file: string, schema: Schema, origin: string): z.infer<Schema> {
  const found = schema.safeParse(readJson(file, origin));
  if (found.success) return found.data;
  throw new Error(`${file} is of another form (${origin})`);
}
