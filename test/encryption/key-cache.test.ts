import { randomBytes } from 'node:crypto';
import { KeyCache } from '../../lambda/encryption/key-cache';

const minute = 60_000;
let now = 0;
const clock = () => new Date(now);
const cacheOf = (maximum = 3) => new KeyCache({ clock, ttlMilliseconds: 5 * minute, maximum });
const wrapped = Buffer.from('wrapped');
const allZero = (bytes: Buffer) => bytes.every((byte) => byte === 0);

/** @returns a loader and what it has loaded */
function loader() {
  const loaded: Buffer[] = [];
  const load = async () => {
    const bytes = randomBytes(32);
    loaded.push(bytes);
    return bytes;
  };
  return { loaded, load };
}
const first = ([bytes]: readonly Buffer[]): Buffer => bytes ?? Buffer.from('never loaded');

beforeEach(() => {
  now = 0;
});

describe('plaintext keys in memory', () => {
  it('are unwrapped once, however many ask at once and afterwards', async () => {
    const { loaded, load } = loader();
    const cache = cacheOf();
    const all = await Promise.all(Array.from({ length: 12 }, () => cache.get('a', wrapped, load)));
    await cache.get('a', wrapped, load);
    expect(loaded).toHaveLength(1);
    expect(new Set(all.map(({ bytes }) => bytes)).size).toBe(1);
  });

  it('are kept for five minutes and no longer, and are wiped then', async () => {
    const { loaded, load } = loader();
    const cache = cacheOf();
    (await cache.get('a', wrapped, load)).release();
    now = 5 * minute - 1;
    (await cache.get('a', wrapped, load)).release();
    expect(loaded).toHaveLength(1);
    now = 5 * minute;
    (await cache.get('b', wrapped, load)).release(); // asking for any key drops all that have expired
    expect(allZero(first(loaded))).toBe(true);
    (await cache.get('a', wrapped, load)).release();
    expect(loaded).toHaveLength(3);
  });

  it('are not kept longer for being used', async () => {
    const { loaded, load } = loader();
    const cache = cacheOf();
    for (now = 0; now < 5 * minute; now += minute) (await cache.get('a', wrapped, load)).release();
    (await cache.get('a', wrapped, load)).release();
    expect(loaded).toHaveLength(2);
  });

  it('are kept in a bounded number, the least recently used leaving first, wiped', async () => {
    const loaders = ['a', 'b', 'c', 'd'].map((name) => ({ name, ...loader() }));
    const cache = cacheOf(3);
    for (const { name, load } of loaders.slice(0, 3)) (await cache.get(name, wrapped, load)).release();
    const [a, b, c, d] = loaders;
    if (!a || !b || !c || !d) throw new Error('four');
    (await cache.get('a', wrapped, a.load)).release();
    (await cache.get('d', wrapped, d.load)).release();
    expect(cache.size).toBe(3);
    expect(allZero(first(b.loaded))).toBe(true);
    expect([a, c, d].map(({ loaded }) => allZero(first(loaded)))).toEqual([false, false, false]);
  });

  it('are not wiped under whoever is using them, but as soon as the last lets go', async () => {
    const { loaded, load } = loader();
    const cache = cacheOf();
    const [one, two] = await Promise.all([cache.get('a', wrapped, load), cache.get('a', wrapped, load)]);
    cache.forget(() => true);
    expect(cache.size).toBe(0);
    expect(allZero(first(loaded))).toBe(false);
    one.release();
    expect(allZero(first(loaded))).toBe(false);
    two.release();
    expect(allZero(first(loaded))).toBe(true);
  });

  it('reach everyone who waits unwiped, even when the next key evicts them at once', async () => {
    const cache = cacheOf(1);
    const loaders = Array.from({ length: 5 }, loader);
    const held = await Promise.all(
      loaders.flatMap(({ load }, index) => [
        cache.get(`${index}`, wrapped, load),
        cache.get(`${index}`, wrapped, load),
      ]),
    );
    expect(held.map(({ bytes }) => allZero(bytes))).toEqual(Array.from({ length: 10 }, () => false));
    for (const material of held) material.release();
    expect(loaders.filter(({ loaded }) => allZero(first(loaded)))).toHaveLength(4);
    expect(cache.size).toBe(1);
  });

  it('are unwrapped anew when the wrapped form is another, as after a lost race to store one', async () => {
    const { loaded, load } = loader();
    const cache = cacheOf();
    (await cache.get('a', wrapped, load)).release();
    (await cache.get('a', Buffer.from('replaced'), load)).release();
    expect(loaded).toHaveLength(2);
    expect(allZero(first(loaded))).toBe(true);
    const flights = await Promise.all([cache.get('b', wrapped, load), cache.get('b', Buffer.from('replaced'), load)]);
    expect(flights[0].bytes.equals(flights[1].bytes)).toBe(false);
  });

  it('are asked for again after a failure, which all who waited see', async () => {
    const { load } = loader();
    const cache = cacheOf();
    let failures = 0;
    const failing = async (): Promise<Buffer> => {
      failures += 1;
      throw new Error('throttled');
    };
    const results = await Promise.allSettled(Array.from({ length: 12 }, () => cache.get('a', wrapped, failing)));
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
    expect(failures).toBe(1);
    expect((await cache.get('a', wrapped, load)).bytes).toHaveLength(32);
  });

  it('are refused unless they have 32 bytes', async () => {
    await expect(cacheOf().get('a', wrapped, async () => Buffer.alloc(31))).rejects.toThrow();
  });
});
