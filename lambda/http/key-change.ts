/**
 * A write met a key that was rotated or destroyed after the operation had read it: the transaction's check refused it, and
 * nothing is stored.
 */
export class KeyChanged extends Error {
  /** @param refuse puts the refusal on record and answers it */
  constructor(readonly refuse: () => Promise<never>) {
    super('the key changed');
    this.name = 'KeyChanged';
  }
}

/**
 * Makes an operation again, once, when the patient's key changed under it. That is safe because nothing was stored, and
 * right because everything is read and decided anew: after a rotation it writes under the new key, after a disposal it
 * answers that the record is gone.
 * @throws what `refuse` throws when the key changed a second time
 */
export async function againUnderNewKey<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    if (!(error instanceof KeyChanged)) throw error;
  }
  try {
    return await operation();
  } catch (error) {
    if (error instanceof KeyChanged) return error.refuse();
    throw error;
  }
}
