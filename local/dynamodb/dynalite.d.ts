/** What Ward uses of dynalite 4.0.0, which ships no types. */

declare module 'dynalite/db' {
  type AttributeType = 'S' | 'N' | 'B';
  interface KeyElement {
    AttributeName: string;
    KeyType: 'HASH' | 'RANGE';
  }
  /** An attribute value as it travels in JSON: binary is base64. */
  interface AttributeValue {
    S?: string;
    N?: string;
    B?: string;
    BOOL?: boolean;
    NULL?: boolean;
    SS?: string[];
    NS?: string[];
    BS?: string[];
    L?: AttributeValue[];
    M?: Item;
  }
  interface Item {
    [attribute: string]: AttributeValue;
  }
  interface IndexDescription {
    IndexName: string;
    KeySchema: KeyElement[];
    Projection: { ProjectionType: 'ALL' | 'KEYS_ONLY' | 'INCLUDE'; NonKeyAttributes?: string[] | undefined };
  }
  interface TableDescription {
    TableName: string;
    KeySchema: KeyElement[];
    AttributeDefinitions: { AttributeName: string; AttributeType: AttributeType }[];
    GlobalSecondaryIndexes?: IndexDescription[] | undefined;
  }
  /** A path (`['a', 0, 'b']`), a literal value, or an operator with its arguments. */
  type Operand = (string | number)[] | AttributeValue | Expression;
  interface Expression {
    type: string;
    name?: string;
    args: Operand[];
  }
  interface Condition {
    expression: Expression;
    pathHeads: Record<string, boolean>;
  }
  interface CapacityUnits {
    TableName: string;
    CapacityUnits: number;
    [detail: string]: unknown;
  }
  /** A request after validation; the members with an underscore are its parsed expressions. */
  interface Request {
    TableName: string;
    Key?: Item;
    Item?: Item;
    IndexName?: string;
    Select?: string;
    Limit?: number;
    ScanIndexForward?: boolean;
    ExclusiveStartKey?: Item;
    ConsistentRead?: boolean;
    ReturnValues?: string;
    ReturnConsumedCapacity?: string;
    KeyConditions?: Record<string, { ComparisonOperator: string; AttributeValueList: AttributeValue[] }>;
    _condition?: Condition;
    _filter?: Condition;
    _projection?: { paths: ((string | number)[] | string)[]; nestedPaths: Record<string, boolean> };
    _updates?: { sections: { path: (string | number)[]; val?: Operand }[]; nestedPaths: Record<string, boolean> };
  }
  interface DynaliteError extends Error {
    statusCode?: number;
    body?: { __type: string; message?: string; Message?: string };
  }
  interface Range {
    gt?: string;
    gte?: string;
    lt?: string;
    lte?: string;
    reverse?: boolean;
    limit?: number;
  }
  type Operation = { type: 'put'; key: string; value: unknown } | { type: 'del'; key: string };
  interface Level {
    open(): Promise<void>;
    get(key: string): Promise<unknown>;
    getMany(keys: string[]): Promise<unknown[]>;
    batch(operations: Operation[]): Promise<void>;
    clear(range: Range): Promise<void>;
    values(range: Range): AsyncIterable<unknown> & { all(): Promise<unknown[]> };
    iterator(range: Range): AsyncIterable<[string, unknown]>;
    keys(range: Range): AsyncIterable<string>;
    close(): Promise<void>;
  }
  type Callback<T> = (error: DynaliteError | null | undefined, value?: T) => void;
  interface SubLevel {
    get?(key: string, callback: Callback<unknown>): void;
    put?(key: string, value: unknown, callback: Callback<void>): void;
    del?(key: string, callback: Callback<void>): void;
    lock?(key: string, run: (release: <T>(callback: T) => T) => void): void;
    createValueStream?(range: Range): NodeJS.ReadableStream;
  }
  /** What dynalite's actions ask of a store. */
  interface Store {
    options: { maxItemSize: number };
    getTable(
      name: string,
      checkStatus: boolean | Callback<TableDescription>,
      callback?: Callback<TableDescription>,
    ): void;
    getItemDb(table: string): SubLevel;
    getIndexDb(type: string, table: string, index: string): SubLevel;
  }
  function create(options: { path?: string | undefined }): Store & { db: Level };
  function validateKey(key: Item, table: TableDescription): DynaliteError | null | undefined;
  function validateItem(item: Item, table: TableDescription): DynaliteError | null | undefined;
  function validateKeyPaths(
    paths: Record<string, boolean> | undefined,
    table: TableDescription,
  ): DynaliteError | null | undefined;
  function createKey(item: Item, table: TableDescription, keySchema?: KeyElement[]): string;
  function checkConditional(request: Request, item: Item | undefined): DynaliteError | null | undefined;
  function capacityUnits(item: Item | undefined, isRead: boolean, isConsistent: boolean | undefined): number;
  function mapPaths(paths: ((string | number)[] | string)[], item: Item): Item;
}

declare module 'dynalite/validations' {
  type Types = Record<string, unknown>;
  function checkTypes(input: object, types: Types): object;
  function checkValidations(
    input: object,
    types: Types,
    custom: ((input: object, store: object) => string | undefined) | undefined,
    store: object,
  ): void;
}

declare module 'dynalite/validations/*' {
  export const types: Record<string, unknown>;
  export const custom: ((input: object, store: object) => string | undefined) | undefined;
}

declare module 'dynalite/actions/*' {
  import type { Callback, Request, Store } from 'dynalite/db';

  const action: (store: Store, request: Request, callback: Callback<Record<string, unknown>>) => void;
  export = action;
}
