import * as z from 'zod';
import { validateDatatype } from '../../lambda/records/fhir/validate';

/** A datatype by Ward's own check of FHIR R4 structure. */
const datatype = (type: string) =>
  z.looseObject({}).superRefine((value, context) => {
    for (const { path, message } of validateDatatype(type, value))
      context.addIssue({ code: 'custom', message: `${path}: ${message}` });
  });
const coding = datatype('Coding').and(z.looseObject({ system: z.url(), code: z.string() }));
const codeableConcept = datatype('CodeableConcept');
const reference = datatype('Reference');
const extensions = z.array(datatype('Extension')).min(1);
const text = z.string().min(1);

const network = z.strictObject({
  address: text.optional(),
  _address: z.strictObject({ extension: extensions }).optional(),
  type: z.enum(['1', '2', '3', '4', '5']),
});
const agent = z.strictObject({
  type: codeableConcept.optional(),
  role: z.array(codeableConcept).min(1).optional(),
  who: reference.optional(),
  requestor: z.boolean(),
  network: network.optional(),
  purposeOfUse: z.array(codeableConcept).min(1).optional(),
});
const entity = z
  .strictObject({
    what: reference.optional(),
    type: coding.optional(),
    role: coding.optional(),
    name: text.optional(),
    description: text.optional(),
    query: z.base64().min(1).optional(),
    detail: z
      .array(z.strictObject({ type: text, valueString: text }))
      .min(1)
      .optional(),
  })
  .refine(({ name, query }) => name === undefined || query === undefined, 'sev-1: either a name or a query');
const operationOutcome = z.strictObject({
  resourceType: z.literal('OperationOutcome'),
  id: text,
  issue: z
    .array(
      z.strictObject({
        severity: z.enum(['fatal', 'error', 'warning', 'information']),
        code: z.enum(['forbidden', 'business-rule', 'exception']),
        details: codeableConcept.optional(),
      }),
    )
    .min(1),
});

/** FHIR R4 (4.0.1) AuditEvent, as far as Ward writes it and stricter: no member that Ward does not write. */
export const auditEventR4 = z
  .strictObject({
    resourceType: z.literal('AuditEvent'),
    id: z.string().regex(/^[A-Za-z0-9.-]{1,64}$/),
    meta: datatype('Meta').optional(),
    contained: z.array(operationOutcome).min(1).optional(),
    extension: extensions.optional(),
    type: coding,
    subtype: z.array(coding).min(1).optional(),
    action: z.enum(['C', 'R', 'U', 'D', 'E']),
    recorded: z.iso.datetime({ offset: true }),
    outcome: z.enum(['0', '4', '8', '12']),
    outcomeDesc: text.optional(),
    purposeOfEvent: z.array(codeableConcept).min(1).optional(),
    agent: z.array(agent).min(1),
    source: z.strictObject({ site: text.optional(), observer: reference, type: z.array(coding).min(1).optional() }),
    entity: z.array(entity).min(1).optional(),
  })
  .refine(
    ({ contained = [], entity: entities = [] }) =>
      contained.every(({ id }) => entities.some(({ what }) => what?.['reference'] === `#${id}`)),
    'dom-3: what is contained is referred to',
  );
export type AuditEventR4 = z.infer<typeof auditEventR4>;
