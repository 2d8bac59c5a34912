import { failure } from './failure';

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';
const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
]);
const MAXIMUM_DEPTH = 8;
/** An opening, closing or empty tag; attributes (a namespace, a type) are passed over. */
const TAG = /^(\/?)([A-Za-z][A-Za-z0-9]*)(?:\s+[\w:]+\s*=\s*(?:"[^"]*"|'[^']*'))*\s*(\/?)$/;

/** Children that are `undefined` are left out. */
export type XmlContent = string | number | boolean | readonly (Xml | undefined)[];
export type Xml = readonly [name: string, content: XmlContent];

export interface Element {
  readonly name: string;
  readonly text: string;
  readonly children: readonly Element[];
}

export function document(name: string, content: XmlContent): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${name} xmlns="${NAMESPACE}">${render(content)}</${name}>`;
}

/** S3's errors are the one document without a namespace. */
export function errorDocument(code: string, message: string, requestId: string): string {
  const content = render([
    ['Code', code],
    ['Message', message],
    ['RequestId', requestId],
  ]);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${content}</Error>`;
}

function render(content: XmlContent): string {
  if (typeof content === 'object')
    return content.map((child) => (child ? `<${child[0]}>${render(child[1])}</${child[0]}>` : '')).join('');
  return [...String(content)].map(escapeCharacter).join('');
}

/** Control characters too: a key name may hold a line break, which a parser would otherwise take for a space. */
function escapeCharacter(character: string): string {
  return /[&<>"']|\p{Cc}/u.test(character) ? `&#${character.codePointAt(0)};` : character;
}

/**
 * Reads a request's XML: elements, text and entities. Declarations of types and entities, comments and CDATA are
 * refused, so nothing expands and nothing is hidden.
 *
 * @throws ServiceError MalformedXML
 */
export function parseXml(source: string): Element {
  const tokens = source.replace(/^\uFEFF?\s*<\?xml [^?]*\?>/, '').matchAll(/<([^<>]*)>|([^<>]+)|[<>]/g);
  const root: Open = { name: '', text: '', children: [] };
  const stack: Open[] = [root];
  for (const [whole, tag, text] of tokens) {
    const parent = stack.at(-1);
    if (!parent || stack.length > MAXIMUM_DEPTH) throw failure('MalformedXML');
    if (text !== undefined) {
      parent.text += decodeEntities(text);
      continue;
    }
    const [, close, name, empty] = TAG.exec(tag ?? '') ?? [];
    if (name === undefined || whole === '<' || whole === '>') throw failure('MalformedXML');
    if (close) {
      if (stack.pop()?.name !== name || stack.length === 0) throw failure('MalformedXML');
      continue;
    }
    const element: Open = { name, text: '', children: [] };
    parent.children.push(element);
    if (!empty) stack.push(element);
  }
  const [element, ...more] = root.children;
  if (!element || more.length > 0 || stack.length !== 1 || root.text.trim() !== '') throw failure('MalformedXML');
  return element;
}

interface Open extends Element {
  text: string;
  children: Open[];
}

/** @returns the text of the only child of this name, or undefined when there is none
 * @throws ServiceError MalformedXML when there are several */
export function childText(element: Element, name: string): string | undefined {
  const [child, ...more] = element.children.filter((each) => each.name === name);
  if (more.length > 0) throw failure('MalformedXML');
  return child?.text;
}

function decodeEntities(text: string): string {
  return text.replace(/&([^;&]{0,10});?/g, (whole, name: string) => {
    const code = /^#x([0-9a-fA-F]{1,6})$/.exec(name)?.[1];
    const point = code ? Number.parseInt(code, 16) : Number(/^#(\d{1,7})$/.exec(name)?.[1] ?? Number.NaN);
    const character = point <= 0x10ffff ? String.fromCodePoint(point) : ENTITIES.get(name);
    if (character === undefined || !whole.endsWith(';')) throw failure('MalformedXML');
    return character;
  });
}
