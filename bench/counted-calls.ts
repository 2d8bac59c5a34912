import * as z from 'zod';
import type { Intercept } from '../local/intercept';

/** What the calls of some requests come to, in the units that AWS bills. */
export interface Units {
  reads: number;
  writes: number;
  keyCalls: number;
  /** calls on items and objects, each of which the trail records once at least */
  dataEvents: number;
  calls: Record<string, number>;
}

const item = z.record(z.string(), z.unknown());
const put = z.object({ Item: item });
const batch = z.object({ RequestItems: z.record(z.string(), z.object({ Keys: z.array(z.unknown()) })) });
const transaction = z.object({
  TransactItems: z.array(z.record(z.string(), z.looseObject({ Item: item.optional() }))),
});
const writeBatch = z.object({ RequestItems: z.record(z.string(), z.array(z.unknown())) });

/** Counts what functions ask of tables and keys. An item's size is that of its JSON, which is a little more than DynamoDB's. */
export class CountedCalls {
  #units: Units = nothing();

  readonly intercept: Intercept = async (service, call, next) => {
    const reply = await next(call);
    if (call.caller.kind !== 'role' || reply.status >= 300) return reply;
    const operation = String(call.headers['x-amz-target']).split('.').at(-1) ?? '';
    if (service === 'S3' || service === 'DYNAMODB') this.#units.dataEvents += 1;
    if (service !== 'DYNAMODB' && service !== 'KMS') return reply;
    const role = (call.caller.arn.split('/').at(-1) ?? '').replace('ward-local-', '');
    const name = `${role} ${operation}`;
    this.#units.calls[name] = (this.#units.calls[name] ?? 0) + 1;
    if (service === 'KMS') this.#units.keyCalls += 1;
    else this.#count(operation, JSON.parse(call.body.toString('utf8')), String(reply.body ?? '').length);
    return reply;
  };

  /** @returns what was counted since the last time */
  take(): Units {
    const taken = this.#units;
    this.#units = nothing();
    return taken;
  }

  #count(operation: string, input: unknown, answered: number): void {
    if (operation === 'GetItem' || operation === 'Query') this.#units.reads += Math.max(1, Math.ceil(answered / 4096));
    if (operation === 'BatchGetItem')
      for (const { Keys } of Object.values(batch.parse(input).RequestItems)) this.#units.reads += Keys.length;
    if (operation === 'PutItem') this.#units.writes += written(put.parse(input).Item);
    if (operation === 'UpdateItem' || operation === 'DeleteItem') this.#units.writes += 1;
    if (operation === 'BatchWriteItem')
      for (const all of Object.values(writeBatch.parse(input).RequestItems))
        this.#units.writes += all.map(written).reduce((sum, each) => sum + each, 0);
    if (operation === 'TransactWriteItems')
      for (const member of transaction.parse(input).TransactItems)
        for (const each of Object.values(member)) this.#units.writes += 2 * (each.Item ? written(each.Item) : 1);
  }
}

const written = (value: unknown): number => Math.ceil(JSON.stringify(value).length / 1024);
const nothing = (): Units => ({ reads: 0, writes: 0, keyCalls: 0, dataEvents: 0, calls: {} });
