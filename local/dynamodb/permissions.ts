import type { Condition, Expression, Item, Operand, Request } from 'dynalite/db';
import type { Access } from '../service';
import { keyText } from './items';
import type { Table, Tables } from './tables';

/** How a call touches the data of a table, for the key that encrypts the table. */
export type Use = 'read' | 'write';

type Enclosing = 'TransactWriteItems' | 'TransactGetItems';

const KEY_ACTIONS: Readonly<Record<Use, readonly string[]>> = {
  read: ['kms:Decrypt'],
  write: ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey'],
};

/** Works out what IAM would be asked before an operation is served (DynamoDB developer guide, fine-grained access). */
export class Permissions {
  readonly #tables: Tables;
  readonly #region: string;
  readonly #account: string;
  readonly #tableKey: (table: string) => string | undefined;

  constructor(options: {
    tables: Tables;
    region: string;
    account: string;
    tableKey: (table: string) => string | undefined;
  }) {
    this.#tables = options.tables;
    this.#region = options.region;
    this.#account = options.account;
    this.#tableKey = options.tableKey;
  }

  /** PutItem, UpdateItem, DeleteItem or ConditionCheckItem of one item. */
  write(action: string, request: Request, enclosing?: Enclosing): Access {
    const named = request.Item ?? request.Key ?? {};
    return this.#access(action, request.TableName, {
      'dynamodb:LeadingKeys': this.#leadingKeys(request.TableName, [named]),
      'dynamodb:Attributes': attributes(request, Object.keys(named)),
      'dynamodb:ReturnValues': request.ReturnValues ?? 'NONE',
      ...enclosedBy(enclosing),
    });
  }

  /** GetItem of one item. */
  get(request: Request, enclosing?: Enclosing): Access {
    const key = request.Key ?? {};
    return this.#access('GetItem', request.TableName, {
      'dynamodb:LeadingKeys': this.#leadingKeys(request.TableName, [key]),
      'dynamodb:Attributes': attributes(request, Object.keys(key)),
      'dynamodb:Select': selection(request),
      ...enclosedBy(enclosing),
    });
  }

  /** BatchGetItem of one table's keys. */
  batchGet(table: string, request: Request, keys: readonly Item[]): Access {
    return this.#access('BatchGetItem', table, {
      'dynamodb:LeadingKeys': this.#leadingKeys(table, keys),
      'dynamodb:Attributes': attributes(request, keys.flatMap(Object.keys)),
      'dynamodb:Select': selection(request),
    });
  }

  /** BatchWriteItem of one table's items (puts) and keys (deletes). */
  batchWrite(table: string, named: readonly Item[]): Access {
    return this.#access('BatchWriteItem', table, {
      'dynamodb:LeadingKeys': this.#leadingKeys(table, named),
      'dynamodb:Attributes': [...new Set(named.flatMap(Object.keys))],
    });
  }

  /** Query, on the table or on the index that it names; a leading key of an index is the index's partition key. */
  query(request: Request): Access {
    const hash = this.#keySchema(request)?.[0]?.AttributeName;
    const equal = Object.entries(request.KeyConditions ?? {})
      .filter(([name, { ComparisonOperator }]) => name === hash && ComparisonOperator === 'EQ')
      .flatMap(([, { AttributeValueList }]) => AttributeValueList.map(keyText).filter((text) => text !== undefined));
    return this.#access(
      'Query',
      request.TableName,
      {
        'dynamodb:LeadingKeys': equal,
        'dynamodb:Attributes': attributes(request, Object.keys(request.KeyConditions ?? {})),
        'dynamodb:Select': selection(request),
      },
      request.IndexName,
    );
  }

  /** Scan has no leading keys: it reads all of them. */
  scan(request: Request): Access {
    const context = { 'dynamodb:Attributes': attributes(request, []), 'dynamodb:Select': selection(request) };
    return this.#access('Scan', request.TableName, context, request.IndexName);
  }

  /** An operation on a table as a whole. */
  table = (action: string, table: string): Access => this.#access(action, table, {});

  /** What DynamoDB does with the table's customer key in the caller's name; nothing where AWS owns the key. */
  key(table: string, use: Use): Access[] {
    const resource = this.#tableKey(table);
    if (resource === undefined) return [];
    const context = {
      'kms:ViaService': `dynamodb.${this.#region}.amazonaws.com`,
      'kms:EncryptionContext:aws:dynamodb:tableName': table,
      'kms:EncryptionContext:aws:dynamodb:subscriberId': this.#account,
    };
    return KEY_ACTIONS[use].map((action) => ({ action, resource, context }));
  }

  #access(action: string, table: string, context: NonNullable<Access['context']>, index?: string): Access {
    const resource = index === undefined ? this.#tables.arn(table) : this.#tables.indexArn(table, index);
    return { action: `dynamodb:${action}`, resource, context };
  }

  #leadingKeys(name: string, named: readonly Item[]): string[] {
    const hash = this.#tables.find(name)?.table.KeySchema[0]?.AttributeName;
    const values = hash === undefined ? [] : named.map((item) => keyText(item[hash]));
    return [...new Set(values.filter((text) => text !== undefined))];
  }

  #keySchema(request: Request): Table['table']['KeySchema'] | undefined {
    const table = this.#tables.find(request.TableName)?.table;
    if (request.IndexName === undefined) return table?.KeySchema;
    return table?.GlobalSecondaryIndexes?.find(({ IndexName }) => IndexName === request.IndexName)?.KeySchema;
  }
}

const enclosedBy = (enclosing: Enclosing | undefined): Record<string, string> =>
  enclosing ? { 'dynamodb:EnclosingOperation': enclosing } : {};

/** What a read returns when it does not say: a policy that allows chosen attributes only must see "all" here. */
function selection(request: Request): string {
  if (request.Select) return request.Select;
  if (request._projection) return 'SPECIFIC_ATTRIBUTES';
  return request.IndexName === undefined ? 'ALL_ATTRIBUTES' : 'ALL_PROJECTED_ATTRIBUTES';
}

/** The top-level attributes that a request names anywhere, each once. */
function attributes(request: Request, named: readonly string[]): string[] {
  const names = new Set(named);
  const addPath = (path: readonly (string | number)[] | string): void => {
    const head = typeof path === 'string' ? path : path[0];
    if (typeof head === 'string') names.add(head);
  };
  const addOperand = (operand: Operand): void => {
    if (Array.isArray(operand)) addPath(operand);
    else if ('args' in operand) for (const argument of (operand as Expression).args) addOperand(argument);
  };
  const addCondition = (condition: Condition | undefined): void => {
    if (condition) addOperand(condition.expression);
  };
  addCondition(request._condition);
  addCondition(request._filter);
  request._projection?.paths.forEach(addPath);
  for (const { path, val } of request._updates?.sections ?? []) {
    addPath(path);
    if (val) addOperand(val);
  }
  return [...names];
}
