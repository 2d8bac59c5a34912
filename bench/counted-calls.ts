import * as z from 'zod';
import type { Intercept } from '../local/intercept';

/** What the calls of some requests come to, in the units that AWS bills. */
export interface Units {
  reads: number;
  writes: number;
  keyCalls: number;
  /** calls on items and objects, each of which the trail records once at least */
  dataEvents: number;
}

const consumed = z.object({ CapacityUnits: z.number() });
const answer = z.object({ ConsumedCapacity: z.union([consumed.transform((one) => [one]), z.array(consumed)]) });

/** Counts what functions ask of tables and keys. A table says itself what each call consumes, and is asked to. */
export class CountedCalls {
  #units: Units = nothing();

  readonly intercept: Intercept = async (service, call, next) => {
    if (call.caller.kind !== 'role') return next(call);
    const table = service === 'DYNAMODB';
    const reply = await next(table ? { ...call, body: asking(call.body) } : call);
    if (reply.status >= 300) return reply;
    if (service === 'S3' || table) this.#units.dataEvents += 1;
    if (service === 'KMS') this.#units.keyCalls += 1;
    if (table) {
      const { ConsumedCapacity } = answer.parse(JSON.parse(String(reply.body)));
      const operation = String(call.headers['x-amz-target']).split('.').at(-1) ?? '';
      this.#units[/Get|Query|Scan/.test(operation) ? 'reads' : 'writes'] += ConsumedCapacity.reduce(
        (sum, { CapacityUnits }) => sum + CapacityUnits,
        0,
      );
    }
    return reply;
  };

  /** @returns what was counted since the last time */
  take(): Units {
    const taken = this.#units;
    this.#units = nothing();
    return taken;
  }
}

const asking = (body: Buffer): Buffer =>
  Buffer.from(JSON.stringify({ ...JSON.parse(body.toString('utf8')), ReturnConsumedCapacity: 'TOTAL' }));
const nothing = (): Units => ({ reads: 0, writes: 0, keyCalls: 0, dataEvents: 0 });
