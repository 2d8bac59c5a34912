import { readFileSync } from 'node:fs';
import * as z from 'zod';
import type { Json } from './intrinsics';

export const manifestSchema = z.object({
  artifacts: z.record(
    z.string(),
    z.looseObject({ type: z.string(), environment: z.string().optional(), properties: z.looseObject({}).optional() }),
  ),
});
export const stackArtifact = z.looseObject({ templateFile: z.string(), stackName: z.string().optional() });
export const assetArtifact = z.looseObject({ file: z.string() });
export const assetsSchema = z.looseObject({
  files: z.record(z.string(), z.looseObject({ source: z.looseObject({ path: z.string().optional() }) })).default({}),
});
const json: z.ZodType<Json> = z.json();
export const templateSchema = z.looseObject({
  Resources: z
    .record(
      z.string(),
      z.looseObject({
        Type: z.string(),
        Properties: z.record(z.string(), json).optional(),
        Condition: z.string().optional(),
      }),
    )
    .default({}),
  Outputs: z
    .record(
      z.string(),
      z.looseObject({
        Value: json,
        Export: z.looseObject({ Name: json }).optional(),
        Condition: z.string().optional(),
      }),
    )
    .default({}),
  Parameters: z.record(z.string(), z.looseObject({ Type: z.string(), Default: json.optional() })).default({}),
  Conditions: z.record(z.string(), json).default({}),
  Mappings: z.record(z.string(), z.record(z.string(), z.record(z.string(), json))).default({}),
});
export const functionSchema = z.looseObject({
  Role: z.string(),
  Handler: z.string(),
  Code: z.looseObject({ S3Key: z.string().optional() }),
  Environment: z.object({ Variables: z.record(z.string(), z.coerce.string()).default({}) }).optional(),
  Timeout: z.number().default(3),
  MemorySize: z.number().default(128),
  TracingConfig: z.object({ Mode: z.enum(['Active', 'PassThrough']) }).optional(),
  LoggingConfig: z.looseObject({ LogGroup: z.string().optional() }).optional(),
});

export const issues = (error: z.ZodError | undefined): string =>
  error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ') ?? 'it has no ARN';

/** @throws Error naming the file that cannot be read, or what in it is not as the CDK writes it */
export function read<T>(file: string, schema: z.ZodType<T>): T {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new Error(`${file} cannot be read; run "npm run synth" again`, { cause });
  }
  const parsed = schema.safeParse(content);
  if (!parsed.success) throw new Error(`${file} is not what the laptop reads (${issues(parsed.error)})`);
  return parsed.data;
}
