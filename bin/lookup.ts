import { setTimeout as sleep } from 'node:timers/promises';
import { SingleBar } from 'cli-progress';
import * as z from 'zod';
import { type ApiClient, ApiError } from './api-client';

const rotation = z.object({
  step: z.enum(['settle', 'write', 'switch', 'remove', 'done']),
  to: z.int(),
  done: z.int(),
  ready_at: z.string().optional(),
});
const words = {
  settle: 'waiting until every instance knows the next key',
  write: 'writing tokens under the next key',
  switch: 'waiting until every instance searches under it',
  remove: 'removing the tokens of the retired key',
  done: 'done',
} as const;

/**
 * Moves the blind index to a new key, beside live traffic. Ward itself remembers how far it is: cut off, it goes on with the
 * next call, from any machine.
 * @returns the version of the key that is current now
 * @throws ApiError; started again, it goes on
 */
export async function rotateLookupKey(client: ApiClient): Promise<number> {
  const bar = new SingleBar({
    format: 'lookup key {bar} {value} patients, {step}',
    noTTYOutput: true,
    notTTYSchedule: 60_000,
    hideCursor: true,
  });
  bar.start(0, 0, { step: words.settle });
  try {
    let state = await call(client, { begin: true });
    for (; state.step !== 'done'; state = await call(client, {})) {
      bar.setTotal(state.done);
      bar.update(state.done, { step: words[state.step] });
      const wait = state.ready_at === undefined ? 0 : Date.parse(state.ready_at) - Date.now();
      if (wait > 0) await sleep(Math.min(wait, 5000));
    }
    bar.setTotal(state.done);
    bar.update(state.done, { step: words.done });
    return state.to;
  } finally {
    bar.stop();
  }
}

async function call(client: ApiClient, body: { readonly begin?: true }): Promise<z.infer<typeof rotation>> {
  try {
    return rotation.parse((await client.call('POST', '/v1/lookup-rotation', body)).body);
  } catch (error) {
    // Somebody else does the same: what they did counts, and the next call says where it is.
    if (error instanceof ApiError && error.status === 409) return call(client, {});
    throw error;
  }
}
