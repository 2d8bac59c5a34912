/** Which function may do what: one declaration a function, in the room of its safeguard. */

import { access, people } from './functions/access';
import { associates } from './functions/associates';
import { losses, questions, sealing, verifiableLog } from './functions/audit';
import { signIn } from './functions/authentication';
import { breach } from './functions/breach';
import { disposal, restores } from './functions/contingency';
import type { FunctionDeclaration } from './functions/declaration';
import { keyRotation } from './functions/encryption';
import { exchange, patientRecords } from './functions/records';
import { governance } from './functions/table-grants';

export type * from './functions/declaration';
export { keyPurposes } from './functions/declaration';

/** Policies that name many functions name them in this order: a new one changes every template and grants nothing. */
export const functions = {
  ...people,
  ...signIn,
  ...patientRecords,
  ...keyRotation,
  ...disposal,
  ...access,
  ...exchange,
  ...questions,
  ...losses,
  ...breach,
  ...sealing,
  ...restores,
  ...verifiableLog,
  ...associates,
} as const;

/** Whoever decides on access remembers beside it that the person was here. 45 CFR 164.312(a)(2)(iii). */
function keepingSessions(declaration: FunctionDeclaration): FunctionDeclaration {
  const decides = declaration.tables.some(({ partitions }) => partitions.includes('SESSION#*'));
  return decides
    ? { ...declaration, tables: [...declaration.tables, governance.may(['SESSION#*'], 'UpdateItem')] }
    : declaration;
}

export type FunctionName = keyof typeof functions;
/** the user pool's trigger; it reads nothing and may do nothing */
export const preToken = 'pre-token';

export const declarations = Object.entries(functions).map(
  ([name, declaration]) => [name, keepingSessions(declaration)] as const,
) as readonly (readonly [FunctionName, FunctionDeclaration])[];
/** every `<name>` that needs a `lambda/**\/<name>.lambda.ts` */
export const entryPoints: readonly string[] = [...declarations.map(([name]) => name), preToken];

/**
 * The physical name of a function's role. Fixed, because the key policies of the data stack name the roles of the API
 * stack, which is deployed after it: docs/decisions/010.
 */
export const roleName = (stage: string, functionName: string): string => `ward-${stage}-${functionName}`;
