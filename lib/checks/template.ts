import { readFileSync } from 'node:fs';
import * as z from 'zod';

/** A resource of a template as it is synthesized, intrinsic functions and all. */
export interface TemplateResource {
  readonly id: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly deletionPolicy: string | undefined;
}

const template = z.looseObject({
  Resources: z
    .record(
      z.string(),
      z.looseObject({
        Type: z.string(),
        Properties: z.record(z.string(), z.unknown()).default({}),
        DeletionPolicy: z.string().optional(),
      }),
    )
    .default({}),
});

/** @throws ZodError when the file is no template */
export function resourcesOf(path: string): readonly TemplateResource[] {
  const { Resources } = template.parse(JSON.parse(readFileSync(path, 'utf8')));
  return Object.entries(Resources).map(([id, { Type, Properties, DeletionPolicy }]) => ({
    id,
    type: Type,
    properties: Properties,
    deletionPolicy: DeletionPolicy,
  }));
}
