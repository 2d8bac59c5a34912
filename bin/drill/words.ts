/** What the compliance officer writes in a drill. */
export const words = {
  description:
    'A nurse told us that a clinician talked about a neighbour’s visit. The access list shows records that were read one after the other, without an appointment.',
  containment: 'The clinician is suspended until the review is over.',
  determination:
    'Records were viewed without a reason by a member of the workforce, and nothing rules out that they were passed on.',
  closing: 'Everybody is notified, HHS is told, the clinician was sanctioned, and the care-team review was changed.',
} as const;

const factor = (answers: Record<string, string>, reason: string) => ({ answers, reason });
export const assessment = {
  nature: factor(
    { identifiers: 'direct', sensitivity: 'clinical' },
    'Names, birth dates and diagnoses were on the screen.',
  ),
  person: factor(
    { obligation: 'workforce', motive: 'curiosity' },
    'A member of the workforce who had no reason to look.',
  ),
  acquired: factor({ viewed: 'viewed' }, 'The audit log has a read of each record.'),
  mitigation: factor(
    { assurance: 'oral-assurance', containment: 'ended' },
    'The clinician says that nothing was passed on.',
  ),
  probability: 'not-low',
  conclusion: 'The records were viewed, and an oral assurance does not make a compromise improbable.',
} as const;

export const content = {
  organization_name: 'Larkspur Clinic (drill)',
  organization_address: ['1 Mill Lane', 'Larkspur Falls, MA 01002'],
  what_happened: 'A member of our staff looked at your record without a reason to do so.',
  information: 'Your name, your date of birth and your diagnoses. Your Social Security number was not seen.',
  protect_yourself:
    'Read the letters of your health plan. Tell us when you find something in them that you do not know.',
  investigation: 'We looked into every access of this person.',
  mitigation: 'We ended their access on the day that we found out.',
  prevention: 'From now on a second person looks into accesses that no appointment explains.',
  toll_free: '1-800-555-0100',
  email: 'privacy@example.org',
  signatory: 'Rosa Quill, Privacy Officer',
} as const;

export const filing = {
  filer: 'covered-entity',
  entity: {
    name: 'Larkspur Clinic (drill)',
    type: 'Healthcare Provider',
    street: '1 Mill Lane',
    city: 'Larkspur Falls',
    state: 'MA',
    zip: '01002',
    contact_name: 'Rosa Quill',
    contact_email: 'privacy@example.org',
    contact_phone: '555-555-0100',
  },
  safeguards_before: ['Security Rule Technical Safeguards (Access Controls, Transmission Security, etc.)'],
  actions_taken: ['Sanctioned workforce members involved', 'Changed the review of care teams'],
  attested_by: 'Rosa Quill',
} as const;
