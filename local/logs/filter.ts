import { ServiceError } from '../service';

/**
 * A filter pattern of plain terms: each must be in the message; `-term` must not; of `?term`s one must. Terms with other
 * characters than letters, digits and underscores are quoted.
 *
 * @throws ServiceError InvalidParameterException for the JSON, column and regular expression patterns, not emulated
 */
export function parseFilter(pattern: string): (message: string) => boolean {
  const terms = pattern.match(/[-?]?"(?:[^"\\]|\\.)*"|\S+/g) ?? [];
  const required: string[] = [];
  const excluded: string[] = [];
  const optional: string[] = [];
  for (const term of terms) {
    const [, sign, quoted, bare] = /^([-?]?)(?:"((?:[^"\\]|\\.)*)"|(\w+))$/.exec(term) ?? [];
    const text = quoted?.replace(/\\(.)/g, '$1') ?? bare;
    if (text === undefined) throw new ServiceError('InvalidParameterException', 'this filter pattern is not emulated');
    (sign === '-' ? excluded : sign === '?' ? optional : required).push(text);
  }
  return (message) =>
    required.every((term) => message.includes(term)) &&
    !excluded.some((term) => message.includes(term)) &&
    (optional.length === 0 || optional.some((term) => message.includes(term)));
}
