import { BreachError } from '../breach-error';

/** A text with `{{names}}` to be filled in. A version is never changed once a notice was made from it: a new text is a new version. */
export interface Template {
  /** such as `individual-1` */
  readonly id: string;
  readonly subject: string;
  readonly sections: readonly Section[];
}
export interface Section {
  readonly heading?: string;
  /** left out when the variable of this name is absent */
  readonly when?: string;
  /** … when it is there */
  readonly unless?: string;
  readonly paragraphs: readonly string[];
}
export interface Text {
  readonly template: string;
  readonly subject: string;
  readonly sections: readonly { readonly heading?: string; readonly paragraphs: readonly string[] }[];
}

const placeholder = /\{\{([a-z_]+)\}\}/g;

/** @returns every variable that the template asks for */
export function variablesOf(template: Template): ReadonlySet<string> {
  const texts = [
    template.subject,
    ...template.sections.flatMap(({ heading = '', paragraphs }) => [heading, ...paragraphs]),
  ];
  return new Set(texts.flatMap((text) => [...text.matchAll(placeholder)].map(([, name = '']) => name)));
}

/**
 * @returns the text with every variable in its place
 * @throws BreachError `template-variable` naming a variable that is missing or empty: a letter with a hole in it is not sent
 */
export function fill(template: Template, variables: Readonly<Record<string, string | undefined>>): Text {
  const put = (text: string): string =>
    text.replace(placeholder, (_, name: string) => {
      const value = variables[name]?.trim();
      if (!value) throw new BreachError('template-variable', name, 'is asked for by the template and missing');
      return value;
    });
  const given = (name: string): boolean => (variables[name]?.trim() ?? '') !== '';
  const sections = template.sections
    .filter(({ when, unless }) => (when === undefined || given(when)) && (unless === undefined || !given(unless)))
    .map(({ heading, paragraphs }) => ({ ...(heading && { heading: put(heading) }), paragraphs: paragraphs.map(put) }));
  return { template: template.id, subject: put(template.subject), sections };
}

/** @returns the text as a plain mail or posting */
export function plainText({ sections }: Text): string {
  return sections
    .map(({ heading, paragraphs }) => [...(heading ? [heading.toUpperCase()] : []), ...paragraphs].join('\n\n'))
    .join('\n\n');
}
