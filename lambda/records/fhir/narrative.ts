/**
 * Is this the XHTML that a narrative may be? An app will put it into a page, so it is held to what FHIR allows:
 * formatting elements, no script, style sheet, frame, form, event handler, or link that runs or loads something.
 * Source: http://hl7.org/fhir/R4/narrative.html#xhtml
 */
export function isNarrative(value: string): boolean {
  if (!value.startsWith('<div') || !value.trimEnd().endsWith('</div>')) return false;
  const open: string[] = [];
  let position = 0;
  for (const match of value.matchAll(tag)) {
    // A "<" that begins no whole tag is where a browser's parser and ours would part ways.
    if (value.slice(position, match.index).includes('<')) return false;
    position = match.index + match[0].length;
    const [, closing, name = '', attributes = '', selfClosing] = match;
    if (!elements.has(name) || !areHarmless(attributes)) return false;
    if (closing === '/') {
      if (open.pop() !== name) return false;
      if (open.length === 0 && value.slice(position).trim() !== '') return false;
    } else if (selfClosing !== '/') open.push(name);
  }
  return open.length === 0 && !value.slice(position).includes('<') && position > 0;
}

const tag = /<(\/?)([a-z][a-z0-9]*)((?:\s+[a-zA-Z:_-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/g;
const attribute = /([a-zA-Z:_-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

const elements: ReadonlySet<string> = new Set(
  'a abbr acronym b big blockquote br caption cite code col colgroup dd dfn div dl dt em h1 h2 h3 h4 h5 h6 hr i img li ol p pre q samp small span strong sub sup table tbody td tfoot th thead tr tt ul var'.split(
    ' ',
  ),
);
const attributeNames: ReadonlySet<string> = new Set(
  'abbr align alt axis border cellhalign cellpadding cellspacing cellvalign char charoff charset cite class colspan compact dir frame headers height href hreflang id lang name nowrap rel rev rowspan rules scope span src start style summary title type valign value width xml:lang xmlns'.split(
    ' ',
  ),
);

function areHarmless(attributes: string): boolean {
  for (const [, name = '', double, single] of attributes.matchAll(attribute)) {
    const value = double ?? single ?? '';
    if (!attributeNames.has(name)) return false;
    // An image from elsewhere would tell its host that this record is being read.
    if (name === 'src' && !/^(#[A-Za-z0-9.-]+|data:image\/(png|jpeg|gif);base64,[A-Za-z0-9+/=\s]+)$/.test(value))
      return false;
    if ((name === 'href' || name === 'cite') && !/^(https?:\/\/|mailto:|tel:|#)[^\s]*$/.test(value)) return false;
    if (name === 'style' && /url|expression|position|import|behaviou?r|binding|[\\@&]|\/\*/i.test(value)) return false;
    if (name === 'xmlns' && value !== 'http://www.w3.org/1999/xhtml') return false;
  }
  return true;
}
