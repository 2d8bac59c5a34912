import { parse } from 'lossless-json';
import { Problem } from './problem';

const deepest = 64;

/**
 * Parses a request body more strictly than JSON.parse: a name that stands twice, `__proto__`, deep nesting and numbers
 * that a double cannot hold are refused, because two readers could understand them differently.
 * @throws Problem malformed-body
 */
export function parseJson(text: string): unknown {
  if (nesting(text) > deepest) throw new Problem('malformed-body', { detail: `nested deeper than ${deepest}` });
  try {
    return parse(
      text,
      (name, value) => {
        if (name === '__proto__') throw new SyntaxError('a reserved name');
        return value;
      },
      {
        parseNumber: finite,
        onDuplicateKey: () => {
          throw new SyntaxError('a name that stands twice');
        },
      },
    );
  } catch (cause) {
    throw new Problem('malformed-body', {}, { cause });
  }
}

function finite(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value)) throw new SyntaxError('a number out of range');
  return value;
}

/** counts brackets outside of strings, so that a hostile body cannot exhaust the parser's stack */
function nesting(text: string): number {
  let depth = 0;
  let most = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (inString) {
      if (character === '\\') index++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '{' || character === '[') most = Math.max(most, ++depth);
    else if (character === '}' || character === ']') depth--;
  }
  return most;
}
