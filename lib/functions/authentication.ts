import type { FunctionDeclarations } from './declaration';
import { audits, governance } from './table-grants';

/** 45 CFR 164.308(a)(5)(ii)(C): every sign-in is evidence, and so is every one that failed. */
export const signIn = {
  'post-authentication': {
    concern: 'records each sign-in before it yields a token',
    calledBy: 'user-pool',
    tables: [
      audits,
      governance.may(['ACTOR#*', 'ACCOUNT#*'], 'GetItem'),
      governance.mayWithEvent(['SIGN-INS'], 'PutItem'),
    ],
    timeoutSeconds: 5, // Cognito waits no longer
  },
  'sign-in-log': {
    concern: 'records what the user pool tells of sign-ins: failures, challenges, risk',
    calledBy: 'logs',
    tables: [audits, governance.may(['ACTOR#*', 'ACCOUNT#*'], 'GetItem')],
    timeoutSeconds: 60,
    instances: 5,
  },
} as const satisfies FunctionDeclarations;
