import deleteItem from 'dynalite/actions/deleteItem';
import getItem from 'dynalite/actions/getItem';
import putItem from 'dynalite/actions/putItem';
import query from 'dynalite/actions/query';
import scan from 'dynalite/actions/scan';
import updateItem from 'dynalite/actions/updateItem';
import type { DynaliteError, Expression, Operand, Request, Store } from 'dynalite/db';
import { checkTypes, checkValidations } from 'dynalite/validations';
import * as batchGetItemRules from 'dynalite/validations/batchGetItem';
import * as batchWriteItemRules from 'dynalite/validations/batchWriteItem';
import * as createTableRules from 'dynalite/validations/createTable';
import * as deleteItemRules from 'dynalite/validations/deleteItem';
import * as getItemRules from 'dynalite/validations/getItem';
import * as putItemRules from 'dynalite/validations/putItem';
import * as queryRules from 'dynalite/validations/query';
import * as scanRules from 'dynalite/validations/scan';
import * as updateItemRules from 'dynalite/validations/updateItem';
import { ServiceError } from '../service';

const actions = {
  GetItem: getItem,
  PutItem: putItem,
  UpdateItem: updateItem,
  DeleteItem: deleteItem,
  Query: query,
  Scan: scan,
};
const rules = {
  GetItem: getItemRules,
  PutItem: putItemRules,
  UpdateItem: updateItemRules,
  DeleteItem: deleteItemRules,
  Query: queryRules,
  Scan: scanRules,
  BatchGetItem: batchGetItemRules,
  BatchWriteItem: batchWriteItemRules,
  CreateTable: createTableRules,
};

export type ActionName = keyof typeof actions;

/** AWS allows an item 400 KB; Ward counts the bytes itself (items.ts), because dynalite counts characters. */
export const ITEM_LIMIT_BYTES = 409_600;
const limits = { options: { maxItemSize: Number.POSITIVE_INFINITY } };

export const invalid = (message: string): ServiceError => new ServiceError('ValidationException', message);

/** What dynalite refuses, as the error that the AWS SDK shows; anything else stays what it is. */
export function asServiceError(error: unknown): unknown {
  const { body, statusCode } = (error ?? {}) as DynaliteError;
  if (!body) return error;
  const code = body.__type.slice(body.__type.indexOf('#') + 1);
  return new ServiceError(code, body.message ?? body.Message ?? '', statusCode ?? 400);
}

/** @throws ServiceError when dynalite's helper returned an error */
export function demand(error: DynaliteError | null | undefined): void {
  if (error) throw asServiceError(error);
}

/** Parameters from before expressions existed; Ward sends none, and each would need its own rules for authorization. */
const LEGACY = [
  'AttributesToGet',
  'AttributeUpdates',
  'ConditionalOperator',
  'Expected',
  'KeyConditions',
  'QueryFilter',
  'ScanFilter',
];

/** @throws ServiceError ValidationException that names the parameter */
export function refuseLegacy(input: object): void {
  const legacy = LEGACY.find((name) => Object.hasOwn(input, name));
  if (legacy) throw invalid(`The legacy parameter ${legacy} is not emulated: use an expression`);
}

/**
 * Checks an operation's input as AWS does and parses its expressions.
 *
 * @returns a copy that holds only members known to the operation
 * @throws ServiceError ValidationException or SerializationException
 */
export function validate(operation: keyof typeof rules, input: object): Request {
  refuseLegacy(input);
  const { types, custom } = rules[operation];
  let request: Request;
  try {
    request = checkTypes({ ...input }, types) as Request;
    checkValidations(request, types, custom, limits);
  } catch (error) {
    throw asServiceError(error);
  }
  for (const condition of [request._condition, request._filter])
    if (condition) refuseDocumentComparison(condition.expression);
  // Indexes of a list name its elements before the update, but dynalite removes one after the other: last element first.
  request._updates?.sections.sort((a, b) => removalRank(a) - removalRank(b));
  return request;
}

function removalRank(section: { type?: string; path: (string | number)[] }): number {
  const last = section.path.at(-1);
  if (section.type !== 'remove') return Number.NEGATIVE_INFINITY;
  return typeof last === 'number' ? -last : 1;
}

const isExpression = (operand: Operand): operand is Expression => 'type' in operand && 'args' in operand;

/** dynalite compares lists and maps by identity, so `=` would never hold and `<>` always: better no answer than a wrong one. */
function refuseDocumentComparison(expression: Expression): void {
  const compares = ['=', '<>', 'in'].includes(expression.type) || expression.name === 'contains';
  for (const operand of expression.args) {
    if (Array.isArray(operand)) continue;
    if (isExpression(operand)) refuseDocumentComparison(operand);
    else if (compares && ('L' in operand || 'M' in operand))
      throw invalid('Comparing a whole list or map in a condition is not emulated');
  }
}

/** Runs one of dynalite's actions against a store. @throws ServiceError what dynalite refuses */
export function run(action: ActionName, store: Store, request: Request): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    actions[action](store, request, (error, result) => {
      if (error) reject(asServiceError(error));
      else resolve(result ?? {});
    });
  });
}
