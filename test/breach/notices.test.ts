import * as fc from 'fast-check';
import { csv } from '../../lambda/breach/csv';
import { annualDue } from '../../lambda/breach/deadlines';
import {
  annualList,
  type Filing,
  filingInput,
  portalRow,
  type SheetFacts,
  sheetBlocks,
  submissionSheet,
} from '../../lambda/breach/hhs';
import {
  individualLetter,
  letterBlocks,
  mediaNotice,
  substituteNotice,
  textBlocks,
  tollFreeText,
} from '../../lambda/breach/letters';
import { type NoticeContent, noticeContent } from '../../lambda/breach/notice-content';
import { renderPdf } from '../../lambda/breach/pdf';
import { recipientOf, residenceOf } from '../../lambda/breach/recipient';
import { templateIds, templateOf } from '../../lambda/breach/templates';
import { fill, plainText, variablesOf } from '../../lambda/breach/templates/template';

const content: NoticeContent = noticeContent.parse({
  organization_name: 'Larkspur Clinic',
  organization_address: ['1 Mill Lane', 'Larkspur Falls, MA 01002'],
  what_happened: 'A member of our staff looked at your record without a reason to.',
  information: 'Your name, your date of birth and your diagnoses. Your Social Security number was not seen.',
  protect_yourself: 'Read the letters of your health plan. Tell us when something is in them that you do not know.',
  investigation: 'We went through every access of this person.',
  mitigation: 'We ended their access on the same day.',
  prevention: 'We now look into every access that nobody can explain.',
  toll_free: '1-800-555-0100',
  signatory: 'Rosa Quill, Privacy Officer',
});
const dates = { began: '2026-01-10', ended: '2026-01-12', discovered: '2026-01-15' };
const recipient = { name: 'Zoë Žižková', address: ['2 Elm St', 'Old Ferry, OH 43004'], confidential: false };
const filing: Filing = filingInput.parse({
  filer: 'covered-entity',
  entity: {
    name: 'Larkspur Clinic',
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
  actions_taken: ['Sanctioned workforce members'],
  attested_by: 'Rosa Quill',
});
const facts: SheetFacts = {
  incident: {
    ...dates,
    type: 'unauthorized-access-disclosure',
    locations: ['electronic-medical-record'],
    associateInvolved: false,
    scope: { run: 'r', individuals: 3, residents: { OH: 2, unknown: 1 }, at: '' },
  },
  content,
  filing,
  categories: ['diagnoses', 'demographics'],
  individualsNotified: ['2026-02-03', '2026-02-01'],
  substituteNotice: undefined,
  mediaNotices: [],
  madeOn: '2026-02-04',
};

describe('the letter to an individual', () => {
  const text = plainText(individualLetter(content, dates, recipient, '2026-02-01').text);

  test('has all that the rule asks for - 45 CFR 164.404(c)(1)(A)-(E)', () => {
    for (const part of [
      content.what_happened,
      'from January 10, 2026 to January 12, 2026',
      'January 15, 2026', // (A)
      content.information, // (B)
      content.protect_yourself, // (C)
      content.investigation,
      content.mitigation,
      content.prevention, // (D)
      '1-800-555-0100',
      '1 Mill Lane', // (E)
    ])
      expect(text).toContain(part);
  });

  test('is in plain language: its own sentences have at most 14 words on average, and none more than 30 - 45 CFR 164.404(c)(2)', () => {
    for (const id of templateIds) {
      const own = templateOf(id)
        .sections.flatMap(({ paragraphs }) => paragraphs)
        .join(' ');
      const sentences = own
        .replaceAll(/\{\{[a-z_]+\}\}/g, 'it')
        .split(/[.?!:]\s/)
        .map((each) => each.split(/\s+/).length);
      expect(Math.max(...sentences)).toBeLessThanOrEqual(30);
      expect(sentences.reduce((sum, count) => sum + count, 0) / sentences.length).toBeLessThanOrEqual(14);
    }
  });

  test('goes to the next of kin of who has died, and says so - 45 CFR 164.404(d)(1)(ii)', () => {
    const kin = individualLetter(content, dates, { ...recipient, deceasedName: 'Ada Old' }, '2026-02-01').text;
    expect(plainText(kin)).toContain('personal representative of Ada Old');
    expect(text).not.toContain('next of kin');
  });

  test('is not made with a hole in it: each missing variable is named', () => {
    for (const id of templateIds) {
      const template = templateOf(id);
      const whole = Object.fromEntries([...variablesOf(template)].map((name) => [name, 'x']));
      expect(() => fill(template, whole)).not.toThrow();
      for (const name of variablesOf(template)) {
        if (template.sections.some(({ when }) => when === name)) continue;
        expect(() => fill(template, { ...whole, deceased_name: undefined, [name]: ' ' })).toThrow(
          expect.objectContaining({ code: 'template-variable', field: name }),
        );
      }
    }
  });

  test('cannot be written to by a name: what looks like a variable in it stays as it is', () => {
    const letter = individualLetter(content, dates, { ...recipient, name: '{{signatory}} $& $1' }, '2026-02-01');
    expect(plainText(letter.text)).toContain('Dear {{signatory}} $& $1,');
  });

  test('becomes a PDF with its fonts in it, the same bytes each time', () => {
    const at = new Date('2026-02-01T00:00:00Z');
    const blocks = letterBlocks(individualLetter(content, dates, recipient, '2026-02-01'), content);
    const pdf = renderPdf([blocks], { title: 'Notice', at, footer: 'page' });
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    expect(pdf.toString('latin1')).toContain('/FontFile');
    expect(pdf.toString('latin1').match(/\/Type \/Page\n/g)).toHaveLength(1);
    expect(renderPdf([blocks], { title: 'Notice', at, footer: 'page' }).equals(pdf)).toBe(true);
    expect(
      renderPdf([blocks, blocks], { title: 'Bundle', at })
        .toString('latin1')
        .match(/\/Type \/Page\n/g),
    ).toHaveLength(2);
  });
});

test('a PDF may begin with any kind of block', () => {
  const at = new Date(0);
  for (const block of [
    { kind: 'title', text: 'T' },
    { kind: 'heading', text: 'H' },
    { kind: 'paragraph', text: 'P' },
    { kind: 'lines', lines: ['L'] },
    { kind: 'fields', fields: [['N', 'V']] },
  ] as const)
    for (const footer of [undefined, 'foot'])
      expect(
        renderPdf([[block]], { title: 'x', at, ...(footer && { footer }) })
          .subarray(0, 5)
          .toString(),
      ).toBe('%PDF-');
});

test('public notices say what they must, and nobody’s name', () => {
  expect(plainText(substituteNotice(content, dates, '2026-02-01'))).toContain('until May 2, 2026');
  expect(plainText(tollFreeText(content, dates, '2026-02-01'))).toContain('first have to be sure who you are');
  expect(plainText(mediaNotice(content, dates, 'OH', 501))).toContain('501 residents of Ohio');
  expect(textBlocks(mediaNotice(content, dates, 'OH', 501))[0]).toMatchObject({ kind: 'title' });
});

describe('the recipient', () => {
  const home = { use: 'home', line: ['2 Elm St'], city: 'Old Ferry', state: 'OH', postalCode: '43004' };
  const named = { name: [{ family: 'Vale', given: ['Ines'] }], address: [home] };

  test('lives where the home address says', () => {
    expect(residenceOf(named)).toBe('OH');
    expect(residenceOf({ address: [{ ...home, state: 'Massachusetts' }] })).toBe('MA');
    expect(residenceOf({ address: [{ ...home, use: 'old' }] })).toBe('unknown');
  });

  test('is written to where they asked to be - 45 CFR 164.522(b)', () => {
    const found = recipientOf(named, { address: ['PO Box 9', 'Elsewhere, MA 01002'], emailConsent: false });
    expect(found).toEqual({
      kind: 'found',
      recipient: { name: 'Ines Vale', address: ['PO Box 9', 'Elsewhere, MA 01002'], confidential: true },
    });
  });

  test('gets e-mail only with consent on file - 45 CFR 164.404(d)(1)(i)', () => {
    const mail = { ...named, telecom: [{ system: 'email', value: 'ines@example.org' }] };
    expect(recipientOf(mail, undefined)).not.toHaveProperty('recipient.email');
    expect(recipientOf(mail, { emailConsent: false })).not.toHaveProperty('recipient.email');
    expect(recipientOf(mail, { emailConsent: true })).toHaveProperty('recipient.email', 'ines@example.org');
  });

  test('who has died is written to through a next of kin with an address, or not at all', () => {
    const kin = { name: { text: 'Olga Vale' }, address: { line: ['3 Oak'], city: 'Old Ferry', state: 'OH' } };
    expect(recipientOf({ ...named, deceasedBoolean: true, contact: [kin] }, undefined)).toMatchObject({
      recipient: { name: 'Olga Vale', deceasedName: 'Ines Vale' },
    });
    expect(recipientOf({ ...named, deceasedDateTime: '2025' }, undefined)).toEqual({
      kind: 'unreachable',
      problem: 'next-of-kin-unknown',
    });
  });

  test('is never a guess: no name, no address, or letters that the font lacks are said', () => {
    expect(recipientOf({ name: [{ family: 'Vale' }] }, undefined)).toMatchObject({ problem: 'no-address' });
    expect(recipientOf({ address: [home] }, undefined)).toMatchObject({ problem: 'no-name' });
    expect(recipientOf({ ...named, name: [{ text: '王小明' }] }, undefined)).toMatchObject({ problem: 'script' });
  });

  test('cannot forge a line of the address', () => {
    const found = recipientOf({ ...named, name: [{ text: 'Ines\nVale' }] }, undefined);
    expect(found).toMatchObject({ recipient: { name: 'Ines Vale' } });
  });

  test('is found or said to be unreachable for whatever the record holds', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('name', 'address', 'contact', 'telecom', 'deceasedBoolean'), fc.jsonValue()),
        (record) => {
          expect(['found', 'unreachable']).toContain(recipientOf(record, undefined).kind);
          residenceOf(record);
        },
      ),
    );
  });
});

describe('the report to HHS', () => {
  const sheet = submissionSheet(facts);

  test('has every part of the form', () => {
    expect(Object.keys(sheet)).toEqual(['general', 'contact', 'breach', 'notice_and_actions', 'attestation']);
    expect(sheet.breach).toMatchObject({
      'Breach start date': '01/10/2026',
      'Approximate number of individuals affected': '3',
      'Type of breach': 'Unauthorized Access/Disclosure',
      'Type of protected health information': 'Clinical, Demographic',
    });
    expect(sheet.general['Breach affecting']).toBe('Fewer Than 500 Individuals');
    expect(sheet.notice_and_actions['Individual notice provided, start date']).toBe('02/01/2026');
    expect(sheetBlocks(sheet).length).toBeGreaterThan(10);
  });

  test('is 500 or more at 500', () => {
    const many = {
      ...facts,
      incident: { ...facts.incident, scope: { run: 'r', individuals: 500, residents: { OH: 500 }, at: '' } },
    };
    expect(submissionSheet(many).general['Breach affecting']).toBe('500 or More Individuals');
  });

  test('has a row of nine columns for the public portal', () => {
    const [head, row] = portalRow(facts, '2026-02-04').split('\r\n');
    expect(head?.split(',')).toHaveLength(9);
    expect(row).toBe(
      'Larkspur Clinic,MA,Healthcare Provider,3,02/04/2026,Unauthorized Access/Disclosure,Electronic Medical Record,No,A member of our staff looked at your record without a reason to.',
    );
  });

  test('of small breaches is a list of the year of discovery - 45 CFR 164.408(c)', () => {
    const incident = (
      id: string,
      discovered: string,
      individuals: number,
      outcome: 'breach' | 'not-a-breach' = 'breach',
    ) => ({
      id,
      discovered,
      type: 'loss' as const,
      associate: false,
      proofs: {},
      scope: { run: 'r', individuals, residents: { OH: individuals }, at: '' },
      determination: { outcome, by: '', approval: '', approvedBy: '', at: '' },
    });
    const all = [
      incident('b', '2026-06-01', 499),
      incident('a', '2026-02-01', 1),
      incident('c', '2025-12-31', 1),
      incident('d', '2026-03-01', 500),
      incident('e', '2026-03-01', 1, 'not-a-breach'),
    ];
    expect(annualList(2026, all, annualDue).map(({ incident: id, due }) => [id, due])).toEqual([
      ['a', '2027-03-01'],
      ['b', '2027-03-01'],
    ]);
  });
});

test('a name that a spreadsheet would run stays text, and quotes survive', () => {
  expect(csv([['=HYPERLINK("x")', '-1', 'a "b", c', '+1 555']])).toBe(
    '"\'=HYPERLINK(""x"")",-1,"a ""b"", c",\'+1 555\r\n',
  );
  // Some spreadsheets run fullwidth letters as well.
  expect(csv([['＝1+1', ' ＋1', '－a', '＠SUM']])).toBe("'＝1+1,' ＋1,'－a,'＠SUM\r\n");
});
