import { SingleBar } from 'cli-progress';
import * as z from 'zod';
import { type ApiClient, ApiError } from './api-client';
import type { Place } from './place';

const rotated = z.object({ id: z.uuid(), version: z.int() });
const page = z.object({
  patients: z.array(z.object({ id: z.uuid(), version: z.int(), since: z.string() })),
  next: z.string().optional(),
});
/** requests at once: enough to be quick, too few to be in anybody's way */
const atOnce = 4;

/** @returns the version of the patient's new key */
export async function rotateKey(client: ApiClient, patient: string): Promise<number> {
  const { body } = await client.call('POST', `/v1/patients/${encodeURIComponent(patient)}/keys`, {});
  return rotated.parse(body).version;
}

/**
 * Gives every patient a next key whose newest is older than this rotation. What was cut off goes on where it was: it
 * remembers the page, and a patient who was reached already has a key that is new enough.
 * @returns how many keys were made
 * @throws ApiError; started again, it goes on
 */
export async function rotateAll(client: ApiClient, place: Place, now: () => Date = () => new Date()): Promise<number> {
  let { startedAt, after, done } = place.read() ?? { startedAt: now().toISOString(), done: 0, after: undefined };
  const bar = new SingleBar({
    format: 'keys {bar} {value} patients, {rotated} keys made',
    noTTYOutput: true,
    notTTYSchedule: 60_000,
    hideCursor: true,
  });
  let made = 0;
  bar.start(done, done, { rotated: made });
  try {
    do {
      const { patients, next } = page.parse((await client.call('POST', '/v1/key-rotations', { after })).body);
      bar.setTotal(done + patients.length);
      const waiting = [...patients];
      const work = async () => {
        for (let patient = waiting.pop(); patient; patient = waiting.pop()) {
          if (patient.since < startedAt && (await rotateFrom(client, patient))) made += 1;
          bar.update(++done, { rotated: made });
        }
      };
      await Promise.all(Array.from({ length: atOnce }, work));
      after = next;
      if (after !== undefined) place.remember({ startedAt, step: 'rotate', done, after });
    } while (after !== undefined);
    place.forget();
    return made;
  } finally {
    bar.stop();
  }
}

/** @returns whether it was this call that made the next key */
async function rotateFrom(client: ApiClient, { id, version }: { readonly id: string; readonly version: number }) {
  try {
    await client.call('POST', `/v1/patients/${id}/keys`, { from: version });
    return true;
  } catch (error) {
    // Somebody else made the next one, or the patient was disposed of meanwhile.
    if (error instanceof ApiError && [404, 409, 410].includes(error.status)) return false;
    throw error;
  }
}
