import { randomInt } from 'node:crypto';

export interface PasswordPolicy {
  readonly minimumLength: number;
  readonly uppercase: boolean;
  readonly lowercase: boolean;
  readonly numbers: boolean;
  readonly symbols: boolean;
  /** how many earlier passwords may not come again */
  readonly historySize: number;
  readonly temporaryValidityDays: number;
}

const symbol = /[\^$*.[\]{}()?"!@#%&/\\,><':;|_~`=+ -]/;

/** Whether a password meets the pool's policy; at most 256 characters and no space at either end, as user pools have it. */
export function meetsPolicy(policy: PasswordPolicy, password: string): boolean {
  return (
    password.length >= policy.minimumLength &&
    password.length <= 256 &&
    !/^\s|\s$/.test(password) &&
    (!policy.uppercase || /[A-Z]/.test(password)) &&
    (!policy.lowercase || /[a-z]/.test(password)) &&
    (!policy.numbers || /\d/.test(password)) &&
    (!policy.symbols || symbol.test(password))
  );
}

const classes = ['ABCDEFGHJKLMNPQRSTUVWXYZ', 'abcdefghijkmnpqrstuvwxyz', '23456789', '!@#%*?+='];

/** @returns a random password that meets every policy of its length: over 90 bits, without letters that look alike */
export function createTemporaryPassword(policy: PasswordPolicy): string {
  const length = Math.max(policy.minimumLength, 16);
  const pick = (alphabet: string) => alphabet.charAt(randomInt(alphabet.length));
  const characters = [
    ...classes.map(pick),
    ...Array.from({ length: length - classes.length }, () => pick(classes.join(''))),
  ];
  for (let last = characters.length - 1; last > 0; last--) {
    const other = randomInt(last + 1);
    const moved = characters[last] ?? '';
    characters[last] = characters[other] ?? '';
    characters[other] = moved;
  }
  return characters.join('');
}
