import type { Category } from '../records/model';
import type { Day } from './calendar';
import { csv } from './csv';
import { annualDue, hhsImmediateFrom, individualsOf, mediaAbove, substituteFrom } from './deadlines';
import { annualList, type Filing, portalRow, type SheetFacts, sheetBlocks, submissionSheet } from './hhs';
import type { Incident } from './incident-model';
import { concerned, type Person } from './incident-store';
import { associateReport, mediaNotice, substituteNotice, textBlocks, tollFreeText } from './letters';
import type { NoticeContent } from './notice-content';
import { type Block, renderPdf } from './pdf';
import { type Jurisdiction, jurisdictionOf } from './states';

/** A document of an incident that is not one person's letter. */
export interface Sheet {
  /** such as `hhs.pdf`, `media-CA.pdf`, `substitute.pdf` */
  readonly name: string;
  readonly media: 'application/pdf' | 'application/json' | 'text/csv';
  readonly bytes: Buffer;
}

export interface SheetsInput {
  readonly incident: Incident;
  readonly people: readonly Person[];
  readonly content: NoticeContent;
  /** absent: no report to HHS can be made yet */
  readonly filing: Filing | undefined;
  /** every incident, for the list of the year */
  readonly all: readonly Incident[];
  readonly now: Date;
}

/** @returns how many cannot be reached by a letter: no address, or it came back */
export const unreachable = (people: readonly Person[]): number =>
  concerned(people).filter(({ problem, state }) => problem !== undefined || state === 'returned').length;

/** @returns every notice that is not one person's, as far as the numbers call for it. 45 CFR 164.404(d)(2), 164.406, 164.408, 164.410 */
export function sheetsOf(input: SheetsInput): Sheet[] {
  const { incident, people, content, now } = input;
  const today: Day = now.toISOString().slice(0, 10);
  const pdf = (name: string, title: string, blocks: readonly Block[]): Sheet => ({
    name: `${name}.pdf`,
    media: 'application/pdf',
    bytes: renderPdf([blocks], { title, at: now }),
  });
  if (incident.associate) {
    const report = associateReport(content, incident, concerned(people).length);
    return [pdf('associate', report.subject, textBlocks(report)), individualsList(people)];
  }
  const sheets: Sheet[] = [];
  if (unreachable(people) >= substituteFrom) {
    const notice = substituteNotice(content, incident, today);
    const spoken = tollFreeText(content, incident, today);
    sheets.push(
      pdf('substitute', notice.subject, textBlocks(notice)),
      pdf('toll-free', spoken.subject, textBlocks(spoken)),
    );
  }
  for (const [state, count] of statesOf(incident))
    if (count > mediaAbove) {
      const notice = mediaNotice(content, incident, state, count);
      sheets.push(pdf(`media-${state}`, notice.subject, textBlocks(notice)));
    }
  if (input.filing) sheets.push(...hhsSheets(input, input.filing, today));
  return sheets;
}

function hhsSheets({ incident, people, content, all, now }: SheetsInput, filing: Filing, today: Day): Sheet[] {
  const facts: SheetFacts = {
    incident,
    content,
    filing,
    categories: [...new Set(concerned(people).flatMap(({ categories }): readonly Category[] => categories))],
    individualsNotified: concerned(people).flatMap(({ on, state }) => (on && state === 'sent' ? [on] : [])),
    substituteNotice: incident.proofs['substitute']?.on,
    mediaNotices: statesOf(incident).flatMap(([state]) => {
      const on = incident.proofs[`media-${state}`]?.on;
      return on ? [{ state, on }] : [];
    }),
    madeOn: today,
  };
  const sheet = submissionSheet(facts);
  const title = 'Breach report to the Secretary of HHS';
  const sheets: Sheet[] = [
    { name: 'hhs.json', media: 'application/json', bytes: Buffer.from(JSON.stringify(sheet, null, 2)) },
    { name: 'hhs.pdf', media: 'application/pdf', bytes: renderPdf([sheetBlocks(sheet)], { title, at: now }) },
    {
      name: 'portal.csv',
      media: 'text/csv',
      bytes: Buffer.from(portalRow(facts, incident.proofs['hhs']?.on ?? today)),
    },
  ];
  if (individualsOf(incident.scope?.residents ?? {}) < hhsImmediateFrom)
    sheets.push(yearOfSmallBreaches(Number(incident.discovered.slice(0, 4)), all));
  return sheets;
}

/** 45 CFR 164.408(c): the log of the year's breaches of fewer than 500. */
function yearOfSmallBreaches(year: number, all: readonly Incident[]): Sheet {
  const head = ['Incident', 'Discovered', 'Individuals', 'Type', 'Due', 'Tracking number'];
  const rows = annualList(year, all, annualDue).map((each) => [
    each.incident,
    each.discovered,
    String(each.individuals),
    each.type,
    each.due,
    each.trackingNumber ?? '',
  ]);
  return { name: `annual-${year}.csv`, media: 'text/csv', bytes: Buffer.from(csv([head, ...rows])) };
}

/** 45 CFR 164.410(c)(1): each individual, as the associate knows them; the covered entity knows the ids from its own records. */
function individualsList(people: readonly Person[]): Sheet {
  const rows = concerned(people).map(({ patient, categories }) => [patient, categories.join(' ')]);
  return {
    name: 'individuals.csv',
    media: 'text/csv',
    bytes: Buffer.from(csv([['Individual', 'Information'], ...rows])),
  };
}

const statesOf = (incident: Incident): [Jurisdiction, number][] =>
  Object.entries(incident.scope?.residents ?? {}).flatMap(([name, count]): [Jurisdiction, number][] => {
    const state = jurisdictionOf(name);
    return state && count !== undefined ? [[state, count]] : [];
  });
