import { BreachError } from '../breach-error';
import { individual1 } from './individual-1';
import { associate1, media1, substitute1, tollFree1 } from './public-1';
import type { Template } from './template';

/** Every version that a notice was ever made from stays here, so that a letter can be made again as it was. */
const all: ReadonlyMap<string, Template> = new Map(
  [individual1, substitute1, tollFree1, media1, associate1].map((template) => [template.id, template]),
);
export const templateIds = [...all.keys()];
/** what a new letter is made from */
export const newest = {
  individual: individual1.id,
  substitute: substitute1.id,
  tollFree: tollFree1.id,
  media: media1.id,
  associate: associate1.id,
} as const;

/** @throws BreachError `template-unknown` */
export function templateOf(id: string): Template {
  const template = all.get(id);
  if (!template) throw new BreachError('template-unknown', 'template', 'is none that there is');
  return template;
}
