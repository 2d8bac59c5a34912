/** What a caller gave cannot be stored. Names each field and what it must be, never its value. */
export class InputError extends Error {
  constructor(readonly errors: readonly { readonly field: string; readonly message: string }[]) {
    super('invalid input');
    this.name = 'InputError';
  }
}
