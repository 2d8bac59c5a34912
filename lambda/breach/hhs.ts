import * as z from 'zod';
import type { Category } from '../records/model';
import { type Day, portalDay } from './calendar';
import { csv } from './csv';
import { hhsImmediateFrom, individualsOf } from './deadlines';
import { breachLocations, breachTypes, type Incident } from './incident-model';
import type { NoticeContent } from './notice-content';
import type { Block } from './pdf';
import { type Jurisdiction, jurisdictionCodes, jurisdictions } from './states';

const entityTypes = ['Healthcare Provider', 'Health Plan', 'Healthcare Clearing House', 'Business Associate'] as const;
const line = z.string().trim().min(1).max(200);
const phone = z.string().regex(/^\+?[\d ().-]{10,20}$/, 'must be a telephone number');
const contact = {
  name: line,
  street: line,
  city: line,
  state: z.enum(jurisdictionCodes),
  zip: z.string().regex(/^\d{5}(-\d{4})?$/, 'must be a ZIP code'),
};

/** What the form of HHS asks that no other part of the incident knows. 45 CFR 164.408 */
export const filingInput = z.strictObject({
  filer: z.enum(['covered-entity', 'associate-for-covered-entity', 'covered-entity-for-associate']),
  entity: z.strictObject({
    ...contact,
    type: z.enum(entityTypes),
    contact_name: line,
    contact_email: z.email(),
    contact_phone: phone,
  }),
  associate: z
    .strictObject({ ...contact, contact_name: line, contact_email: z.email(), contact_phone: phone })
    .optional(),
  /** of a report that this one adds to */
  addendum_to: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,40}$/, 'must be a tracking number')
    .optional(),
  safeguards_before: z
    .array(
      z.enum([
        'None',
        'Privacy Rule Safeguards (Training, Policies and Procedures, etc.)',
        'Security Rule Administrative Safeguards (Risk Analysis, Risk Management, etc.)',
        'Security Rule Physical Safeguards (Facility Access Controls, Workstation Security, etc.)',
        'Security Rule Technical Safeguards (Access Controls, Transmission Security, etc.)',
      ]),
    )
    .min(1),
  actions_taken: z.array(line).min(1).max(20),
  actions_other: z.string().trim().max(4000).optional(),
  attested_by: line,
});
export type Filing = z.infer<typeof filingInput>;

/** The kinds of information on the form, by Ward's categories. */
const informationTypes: Readonly<Record<'Clinical' | 'Demographic' | 'Financial' | 'Other', readonly Category[]>> = {
  Clinical: ['medical_history', 'diagnoses', 'prescriptions', 'notes', 'psychotherapy_notes', 'claim_clinical'],
  Demographic: ['demographics', 'ssn'],
  Financial: ['billing_address', 'payment_history', 'insurance_id'],
  Other: [],
};

export interface SheetFacts {
  readonly incident: Pick<
    Incident,
    'began' | 'ended' | 'discovered' | 'type' | 'locations' | 'scope' | 'associateInvolved'
  >;
  readonly content: NoticeContent;
  readonly filing: Filing;
  readonly categories: readonly Category[];
  /** days of the notices that were given */
  readonly individualsNotified: readonly Day[];
  readonly substituteNotice: Day | undefined;
  readonly mediaNotices: readonly { readonly state: Jurisdiction; readonly on: Day }[];
  /** the day on which the sheet was made */
  readonly madeOn: Day;
}

/** The submission sheet: every field of the portal's form in its order, for a person to type in. There is no API. */
export interface SubmissionSheet {
  readonly general: Readonly<Record<string, string>>;
  readonly contact: Readonly<Record<string, string>>;
  readonly breach: Readonly<Record<string, string>>;
  readonly notice_and_actions: Readonly<Record<string, string>>;
  readonly attestation: Readonly<Record<string, string>>;
}

export function submissionSheet(facts: SheetFacts): SubmissionSheet {
  const { incident, content, filing, individualsNotified, mediaNotices, substituteNotice } = facts;
  const individuals = individualsOf(incident.scope?.residents ?? {});
  const days = [...individualsNotified].sort();
  const { entity, associate } = filing;
  return {
    general: {
      'Report type': filing.addendum_to ? 'Addendum to Previous Report' : 'Initial Breach Report',
      'Breach tracking number': filing.addendum_to ?? '',
      'Breach affecting': individuals >= hhsImmediateFrom ? '500 or More Individuals' : 'Fewer Than 500 Individuals',
    },
    contact: {
      'Filing as': {
        'covered-entity': 'Covered entity, filing on its own behalf',
        'associate-for-covered-entity': 'Business associate, filing on behalf of a covered entity',
        'covered-entity-for-associate': 'Covered entity, because of a breach at a business associate',
      }[filing.filer],
      'Name of covered entity': entity.name,
      'Type of covered entity': entity.type,
      'Street address': entity.street,
      City: entity.city,
      State: jurisdictions[entity.state],
      ZIP: entity.zip,
      'Contact name': entity.contact_name,
      'Contact e-mail': entity.contact_email,
      'Contact phone': entity.contact_phone,
      'Name of business associate': associate?.name ?? '',
      'Business associate address': associate
        ? `${associate.street}, ${associate.city}, ${jurisdictions[associate.state]} ${associate.zip}`
        : '',
      'Business associate contact': associate
        ? [associate.contact_name, associate.contact_email, associate.contact_phone].join(', ')
        : '',
    },
    breach: {
      'Breach start date': incident.began ? portalDay(incident.began) : '',
      'Breach end date': incident.ended ? portalDay(incident.ended) : '',
      'Discovery start date': portalDay(incident.discovered),
      'Discovery end date': portalDay(incident.discovered),
      'Approximate number of individuals affected': String(individuals),
      'Type of breach': breachTypes[incident.type],
      'Location of breach': incident.locations.map((location) => breachLocations[location]).join(', '),
      'Type of protected health information': informationOf(facts.categories).join(', '),
      'Brief description': content.what_happened,
      'Safeguards in place prior to breach': filing.safeguards_before.join('; '),
    },
    notice_and_actions: {
      'Individual notice provided, start date': days[0] ? portalDay(days[0]) : '',
      'Individual notice provided, projected or actual end date': days.at(-1) ? portalDay(days.at(-1) ?? '') : '',
      'Substitute notice required': substituteNotice ? `Yes, ${portalDay(substituteNotice)}` : 'No',
      'Media notice required': mediaNotices.length > 0 ? 'Yes' : 'No',
      'States in which media notice was provided': mediaNotices
        .map(({ state, on }) => `${jurisdictions[state]} (${portalDay(on)})`)
        .join(', '),
      'Actions taken in response to breach': filing.actions_taken.join('; '),
      'Other actions taken': filing.actions_other ?? '',
    },
    attestation: {
      Name: filing.attested_by,
      Date: portalDay(facts.madeOn),
    },
  };
}

function informationOf(categories: readonly Category[]): string[] {
  return Object.entries(informationTypes)
    .filter(([, members]) => members.some((category) => categories.includes(category)))
    .map(([type]) => type);
}

export function sheetBlocks(sheet: SubmissionSheet): Block[] {
  const part = (title: string, fields: Readonly<Record<string, string>>): Block[] => [
    { kind: 'heading', text: title },
    { kind: 'fields', fields: Object.entries(fields) },
  ];
  return [
    { kind: 'title', text: 'Breach report to the Secretary of Health and Human Services' },
    {
      kind: 'paragraph',
      text: 'For whoever files it at ocrportal.hhs.gov: the portal takes typing, not files. Record the tracking number in Ward afterwards.',
    },
    ...part('General', sheet.general),
    ...part('Contact', sheet.contact),
    ...part('Breach', sheet.breach),
    ...part('Notice of breach and actions taken', sheet.notice_and_actions),
    ...part('Attestation', sheet.attestation),
  ];
}

const portalColumns = [
  'Name of Covered Entity',
  'State',
  'Covered Entity Type',
  'Individuals Affected',
  'Breach Submission Date',
  'Type of Breach',
  'Location of Breached Information',
  'Business Associate Present',
  'Web Description',
] as const;

/** @returns the row as the public portal of HHS shows it, under its nine columns */
export function portalRow({ incident, content, filing }: SheetFacts, submitted: Day): string {
  const row = [
    filing.entity.name,
    filing.entity.state,
    filing.entity.type,
    String(individualsOf(incident.scope?.residents ?? {})),
    portalDay(submitted),
    breachTypes[incident.type],
    incident.locations.map((location) => breachLocations[location]).join(', '),
    incident.associateInvolved ? 'Yes' : 'No',
    content.what_happened,
  ];
  return csv([portalColumns, row]);
}

/** One breach of fewer than 500 individuals, as the log of the year has it. 45 CFR 164.408(c) */
export interface SmallBreach {
  readonly incident: string;
  readonly discovered: Day;
  readonly individuals: number;
  readonly type: keyof typeof breachTypes;
  readonly due: Day;
  readonly trackingNumber: string | undefined;
}

/** @returns the breaches of fewer than 500 that were discovered in the year, oldest first */
export function annualList(
  year: number,
  incidents: readonly Pick<
    Incident,
    'id' | 'discovered' | 'type' | 'scope' | 'determination' | 'proofs' | 'associate'
  >[],
  annualDue: (discovered: Day) => Day,
): SmallBreach[] {
  return incidents
    .filter(({ determination, associate }) => determination?.outcome === 'breach' && !associate)
    .map(({ id, discovered, type, scope, proofs }) => ({
      incident: id,
      discovered,
      individuals: individualsOf(scope?.residents ?? {}),
      type,
      due: annualDue(discovered),
      trackingNumber: proofs['hhs']?.reference,
    }))
    .filter(({ discovered, individuals }) => discovered.startsWith(`${year}-`) && individuals < hhsImmediateFrom)
    .sort((a, b) => (a.discovered < b.discovered ? -1 : 1));
}
