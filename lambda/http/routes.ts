import { exceptions, explanations, patientAccess } from './routes/access';
import { associates } from './routes/associates';
import { questions } from './routes/audit';
import { breach } from './routes/breach';
import { disposal } from './routes/contingency';
import { keys } from './routes/encryption';
import { people } from './routes/people';
import { exchange, patientRecords } from './routes/records';
import type { Route } from './routes/route';

export type { Route } from './routes/route';

/**
 * The API in one table, each row in the room of its function: lib/api.ts makes the REST API of it, the handlers look their route
 * up in it, docs/api.md lists it in this order.
 */
export const routes = [
  ...people,
  ...patientRecords,
  ...patientAccess,
  ...keys,
  ...exceptions,
  ...disposal,
  ...explanations,
  ...associates,
  ...exchange,
  ...questions,
  ...breach,
] as const satisfies readonly Route[];
