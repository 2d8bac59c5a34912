import * as z from 'zod';
import { roles } from '../authentication/actor';
import { categories } from '../records/model';

/**
 * The audit event: one schema for every line of the log. Only well-formed ids and codes fit in, so neither PHI content
 * nor text of an attacker's choice can enter a log that is kept for six years. docs/auditor.md explains each field.
 * Source: 45 CFR 164.312(b); ASTM E2147; NIST SP 800-53 AU-3; ONC 170.315(d)(2).
 */
export const uuid = z.string().regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
export const hash = z.string().regex(/^[0-9a-f]{64}$/);
export const instant = z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/);
/** of a log: `ward/<organization>/<stage>` */
export const origin = z.string().regex(/^ward\/[a-z0-9-]+\/[a-z0-9-]+$/);
const code = z
  .string()
  .regex(/^[a-z][a-z0-9]*([.:-][a-z0-9]+)*$/)
  .max(64);

/** z.ipv6() takes whatever a URL takes; what enters the log has a pattern, by which a verifier reads it again. */
const address = z.union([
  z.string().regex(z.regexes.ipv4),
  z.string().regex(z.regexes.ipv6),
  z.string().regex(/^::ffff:(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/),
]);

export const purposes = ['TREAT', 'PAYMENT', 'OPERATIONS', 'REQUEST', 'BREACH', 'EMERGENCY'] as const;
export type Purpose = (typeof purposes)[number];
export const outcomes = ['permit', 'deny', 'error'] as const;

const resource = z.strictObject({
  /** of an entry; `main` for a structured category; a uuid for anything else */
  id: z.union([uuid, z.literal('main')]),
  type: code.or(z.enum(categories)),
  /** null where the resource has no versions */
  version: z.int().positive().nullable(),
});
export type EventResource = z.infer<typeof resource>;

const basis = z.union([
  z.enum(['care-team', 'self', 'representative', 'originator', 'role']),
  z.string().regex(/^emergency:[0-9a-f-]{36}$/),
]);
export type Basis = z.infer<typeof basis>;

/** What a safeguard says happened; the lane adds when, where and in which order. */
export const eventDraft = z.strictObject({
  action: code,
  actor: z
    .strictObject({
      mfa: z.boolean(),
      /** null: the governance table knows no such person */
      role: z.enum(roles).nullable(),
      /** null: of a sign-in itself, which has no token yet */
      session: uuid.nullable(),
      sub: uuid,
    })
    .nullable(),
  basis: basis.nullable(),
  categories: z.array(z.enum(categories)),
  outcome: z.enum(outcomes),
  patient: uuid.nullable(),
  purpose: z.enum(purposes),
  reason: code.nullable(),
  request: z
    .strictObject({
      id: uuid,
      ip: address.nullable(),
      method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
      /** the route's template, such as `/v1/patients/{id}`, never the path */
      route: z.union([
        z.string().regex(/^\/v1(\/([a-z-]+|\{[a-zA-Z]+\}))*$/),
        /** what the user pool tells of sign-ins; `id` is its own event id then */
        z.literal('user-pool'),
      ]),
      status: z.int().min(100).max(599),
    })
    .nullable(),
  resources: z.array(resource).max(100),
});
export type EventDraft = z.infer<typeof eventDraft>;

export const auditEvent = eventDraft.extend({
  at: instant,
  id: uuid,
  lane: uuid,
  origin,
  prev: hash,
  seq: z.int().positive(),
  v: z.literal(1),
});
export type AuditEvent = z.infer<typeof auditEvent>;
/** Events name at most this many resources; what is more continues in another event. */
export const resourcesPerEvent = 100;
