import { randomUUID } from 'node:crypto';

/** Synthetic people of a drill: nobody in it lives. Numbers begin with 555-01, which is given to nobody. */
export interface DrillPatient {
  /** what the story calls them */
  readonly who: string;
  readonly demographics: Readonly<Record<string, unknown>>;
}

const preferred = { url: 'http://hl7.org/fhir/StructureDefinition/iso21090-preferred', valueBoolean: true };
const byEmail = { url: 'urn:ward:extension:notice-by-email', valueBoolean: true };
const home = (line: string, city: string, state: string, postalCode: string) => ({
  use: 'home',
  line: [line],
  city,
  state,
  postalCode,
  country: 'US',
});

const person = (family: string, given: string, more: Record<string, unknown>): Record<string, unknown> => ({
  identifier: [
    {
      type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR' }] },
      value: `DRILL-${randomUUID()}`,
    },
  ],
  name: [{ use: 'official', family, given: [given] }],
  birthDate: '1961-04-05',
  gender: 'unknown',
  ...more,
});

/** One for each way that a notice can go, and ten whom no letter reaches, so that a substitute notice is due. */
export function drillPatients(): DrillPatient[] {
  return [
    {
      who: 'Ines Vale, with a home in Ohio',
      demographics: person('Vale', 'Ines', { address: [home('2 Elm Street', 'Old Ferry', 'OH', '43004')] }),
    },
    {
      who: 'Tomáš Žižka, who asked for his letters to go to a post box',
      demographics: person('Žižka', 'Tomáš', {
        address: [
          home('9 Oak Lane', 'Larkspur Falls', 'MA', '01002'),
          {
            use: 'temp',
            type: 'postal',
            line: ['PO Box 77'],
            city: 'Amherst',
            state: 'MA',
            postalCode: '01003',
            extension: [preferred],
          },
        ],
      }),
    },
    {
      who: 'Mara Quist, who agreed to e-mail',
      demographics: person('Quist', 'Mara', {
        address: [home('4 Birch Road', 'Mill Hollow', 'OR', '97008')],
        telecom: [{ system: 'email', value: 'mara.quist@example.org', extension: [byEmail] }],
      }),
    },
    {
      who: 'Otto Grimm, who has died and whose daughter is on file',
      demographics: person('Grimm', 'Otto', {
        deceasedDateTime: '2025-11-02',
        address: [home('1 Mill Lane', 'Larkspur Falls', 'MA', '01002')],
        contact: [
          { name: { family: 'Grimm', given: ['Hedda'] }, address: home('30 Pine Court', 'Old Ferry', 'OH', '43004') },
        ],
      }),
    },
    ...Array.from({ length: 10 }, (_, index) => ({
      who: `somebody without an address (${index + 1} of 10)`,
      demographics: person('Nemo', `Number ${index + 1}`, {}),
    })),
  ];
}
