import { inspect } from 'node:util';
import { combine, Sealed, type SealedResource, transform } from '../../lambda/encryption/sealed';
import { contentsOf } from '../../lambda/encryption/sealed-contents';

const resource = (rest: Partial<SealedResource> = {}): SealedResource => ({
  patient: 'p',
  type: 'notes',
  id: 'e',
  version: 1,
  ...rest,
});
const secret = 'Ann Smith';
const sealed = new Sealed(resource(), { name: secret });

describe('a sealed value', () => {
  it('shows nothing, however it is printed, serialized, cloned or taken apart. 45 CFR 164.312(b)', () => {
    const shown = [
      inspect(sealed, { depth: null, showHidden: true, customInspect: false }),
      inspect(sealed),
      inspect({ in: [sealed] }),
      String(sealed),
      `${JSON.stringify(sealed)}`,
      JSON.stringify({ in: sealed, and: [sealed] }),
      JSON.stringify({ ...sealed }),
      JSON.stringify(Object.assign({}, sealed)),
      inspect(structuredClone(sealed)),
      inspect(Object.getOwnPropertyDescriptors(sealed)),
      Reflect.ownKeys(sealed).join(),
      String(new Error('x', { cause: sealed }).cause),
      inspect(new Error('x', { cause: sealed })),
    ];
    for (const text of shown) expect(text).not.toContain(secret);
    expect(JSON.stringify(sealed)).toBeUndefined();
    expect(inspect(sealed)).toBe('[Sealed]');
    expect(contentsOf(sealed)).toEqual({ name: secret });
  });

  it('has no content in a copy or a forgery', () => {
    const forged = Object.create(Sealed.prototype) as Sealed<string>;
    const copy = Object.assign(Object.create(Object.getPrototypeOf(sealed)), sealed) as Sealed<string>;
    for (const other of [forged, copy]) {
      expect(() => contentsOf(other)).toThrow(TypeError);
      expect(other.resources).toEqual([]);
    }
  });

  it('stays bound to its resource through every change', () => {
    const changed = transform(
      transform(sealed, ({ name }) => name.length),
      (length) => length * 2,
    );
    expect(contentsOf(changed)).toBe(secret.length * 2);
    expect(changed.resources).toEqual([resource()]);
    expect(() =>
      transform(sealed, () => {
        throw new RangeError('invalid');
      }),
    ).toThrow(RangeError);
  });

  it('is combined with others of the patient into one that needs all their resources recorded', () => {
    const other = new Sealed(resource({ type: 'ssn', id: 'main', version: 7 }), 12);
    const both = combine(sealed, other);
    expect(contentsOf(both)).toEqual([{ name: secret }, 12]);
    expect(both.resources).toEqual([resource(), resource({ type: 'ssn', id: 'main', version: 7 })]);
    expect(combine().resources).toEqual([]);
  });

  it('is not combined with what is another patient’s', () => {
    const foreign = new Sealed(resource({ patient: 'q' }), 1);
    expect(() => combine(sealed, foreign)).toThrow(expect.objectContaining({ code: 'argument' }));
  });
});
