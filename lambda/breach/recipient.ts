import { type Jurisdiction, jurisdictionOf } from './states';

/**
 * The demographics that the compliance officer sees of an affected patient, for a notice and nothing else: name, addresses,
 * telecom, next of kin, whether they have died, and how they wish to be reached. 45 CFR 164.502(b), 164.404(d).
 */
export const noticeFields = [
  'name',
  'address',
  'telecom',
  'contact',
  'communication',
  'birthDate',
  'deceasedBoolean',
  'deceasedDateTime',
] as const;

type Fields = Readonly<Record<string, unknown>>;
export type Residence = Jurisdiction | 'unknown';

/** Who gets a letter, where, and how. */
export interface Recipient {
  readonly name: string;
  readonly address: readonly string[];
  /** of the person affected, whose next of kin this is */
  readonly deceasedName?: string;
  /** only where the patient agreed to e-mail. 45 CFR 164.404(d)(1)(i) */
  readonly email?: string;
  readonly confidential: boolean;
}
export type RecipientProblem = 'no-name' | 'no-address' | 'next-of-kin-unknown' | 'script';
export type FoundRecipient =
  | { readonly kind: 'found'; readonly recipient: Recipient }
  | { readonly kind: 'unreachable'; readonly problem: RecipientProblem };

/** What the patient asked for under 45 CFR 164.522(b), where it is on file. */
export interface CommunicationPreference {
  /** lines of an address that is to be used instead of any other */
  readonly address?: readonly string[];
  readonly email?: string;
  /** agreed to notices by e-mail, and has not taken it back */
  readonly emailConsent: boolean;
}

/** FHIR's own mark of the address or number that is preferred over the others. */
const preferredUrl = 'http://hl7.org/fhir/StructureDefinition/iso21090-preferred';
/** set on an e-mail address by whoever took down that the patient agreed to be told by e-mail */
const emailConsentUrl = 'urn:ward:extension:notice-by-email';

/** @returns what the patient asked for, as their demographics have it */
export function preferenceOf(demographics: Fields): CommunicationPreference {
  const wished = addresses(demographics).find((address) => isSet(address, preferredUrl));
  const address = wished && linesOf(wished);
  const agreed = objects(demographics['telecom']).find(
    (telecom) => telecom['system'] === 'email' && !isOver(telecom['period']) && isSet(telecom, emailConsentUrl),
  );
  const email = agreed && clean(agreed['value']);
  return { ...(address && { address }), ...(email && { email }), emailConsent: email !== undefined };
}

const isSet = (element: Fields, url: string): boolean =>
  objects(element['extension']).some((each) => each['url'] === url && each['valueBoolean'] === true);

/** @returns the State of residence, from the home address that is valid now */
export function residenceOf(demographics: Fields): Residence {
  const [home] = addresses(demographics).filter(({ use }) => use !== 'work' && use !== 'temp');
  const state = home && typeof home['state'] === 'string' ? jurisdictionOf(home['state']) : undefined;
  return state ?? 'unknown';
}

/** @returns whom to write to, or why nobody can be */
export function recipientOf(demographics: Fields, preference: CommunicationPreference | undefined): FoundRecipient {
  const name = nameOf(demographics['name']);
  if (!name) return { kind: 'unreachable', problem: 'no-name' };
  const deceased = demographics['deceasedBoolean'] === true || typeof demographics['deceasedDateTime'] === 'string';
  if (deceased) return nextOfKin(demographics, name);
  const wished = preference?.address;
  const address = wished ?? mailing(addresses(demographics));
  if (!address) return { kind: 'unreachable', problem: 'no-address' };
  const email = preference?.emailConsent ? (preference.email ?? emailOf(demographics)) : undefined;
  return printable({ name, address, confidential: wished !== undefined, ...(email && { email }) });
}

/** 45 CFR 164.404(d)(1)(ii): only where the address of the next of kin or personal representative is on file. */
function nextOfKin(demographics: Fields, deceasedName: string): FoundRecipient {
  for (const contact of objects(demographics['contact'])) {
    const kin = nameOf(contact['name'] === undefined ? undefined : [contact['name']]);
    const address = mailing(objects(contact['address'] === undefined ? undefined : [contact['address']]));
    if (kin && address) return printable({ name: kin, address, deceasedName, confidential: false });
  }
  return { kind: 'unreachable', problem: 'next-of-kin-unknown' };
}

/** What the embedded font has letters for. A letter with empty boxes for a name is no notice. */
const script = /^[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Common}\p{Script=Inherited}]*$/u;
function printable(recipient: Recipient): FoundRecipient {
  const texts = [recipient.name, recipient.deceasedName ?? '', ...recipient.address];
  return texts.every((text) => script.test(text))
    ? { kind: 'found', recipient }
    : { kind: 'unreachable', problem: 'script' };
}

function addresses(demographics: Fields): Fields[] {
  return objects(demographics['address']).filter(({ use, period }) => use !== 'old' && !isOver(period));
}

/** A postal address before a physical one, home before anything else. */
function mailing(all: readonly Fields[]): string[] | undefined {
  const usable = all.filter((address) => linesOf(address) !== undefined && address['use'] !== 'billing');
  const rank = ({ type, use }: Fields): number =>
    type === 'postal' ? 0 : use === 'home' ? 1 : use === undefined ? 2 : 3;
  const [best] = [...usable].sort((a, b) => rank(a) - rank(b));
  return best && linesOf(best);
}

function linesOf(address: Fields): string[] | undefined {
  const lines = strings(address['line']);
  const [city, state, code, country] = ['city', 'state', 'postalCode', 'country'].map((name) => clean(address[name]));
  if (lines.length === 0 || !city) return undefined;
  const region = [state, code].filter(Boolean).join(' ');
  const abroad = country && !/^(us|usa|united states.*)$/i.test(country) ? [country] : [];
  return [...lines, region ? `${city}, ${region}` : city, ...abroad];
}

function nameOf(names: unknown): string | undefined {
  const all = objects(names).filter(({ use, period }) => use !== 'old' && use !== 'maiden' && !isOver(period));
  const best = all.find(({ use }) => use === 'official') ?? all.find(({ use }) => use === 'usual') ?? all[0];
  if (!best) return undefined;
  const parts = [
    ...strings(best['prefix']),
    ...strings(best['given']),
    clean(best['family']),
    ...strings(best['suffix']),
  ];
  return parts.filter(Boolean).join(' ') || clean(best['text']);
}

function emailOf(demographics: Fields): string | undefined {
  const found = objects(demographics['telecom']).find(({ system, period }) => system === 'email' && !isOver(period));
  return found && clean(found['value']);
}

const isOver = (period: unknown): boolean => isObject(period) && typeof period['end'] === 'string';
const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const objects = (value: unknown): Fields[] => (Array.isArray(value) ? value.filter(isObject) : []);
const strings = (value: unknown): string[] =>
  Array.isArray(value) ? value.map(clean).filter((text): text is string => text !== undefined) : [];
/** One line: a line break inside a name would forge a second line of an address. */
function clean(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  return (
    value
      .replace(/\p{Cc}+/gu, ' ')
      .trim()
      .slice(0, 200) || undefined
  );
}
