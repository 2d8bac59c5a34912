import type { FunctionDeclarations } from './declaration';
import { audits, decides, governance, idempotency, idempotentCreation } from './table-grants';

/** 45 CFR 164.308(b): who gets PHI from the organization, under which agreement. */
export const associates = {
  associates: {
    concern: 'keeps the register of business associates and their agreements',
    tables: [
      decides(idempotency, 'ASSOCIATES'),
      audits,
      governance.may(['ASSOCIATES'], 'Query'),
      governance.mayWithEvent(['ASSOCIATES'], 'PutItem'),
      idempotentCreation,
    ],
    instances: 3,
  },
  'agreement-sweep': {
    concern: 'counts the agreements that end soon or have ended',
    calledBy: 'schedule',
    tables: [governance.may(['ASSOCIATES'], 'Query')],
    timeoutSeconds: 60,
    instances: 1,
  },
} as const satisfies FunctionDeclarations;
