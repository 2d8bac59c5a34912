import { SESv2Client } from '@aws-sdk/client-sesv2';
import * as z from 'zod';
import type { Permit } from '../access/guard';
import { type Facts, Released } from '../audit/release';
import { Vault } from '../encryption/vault';
import { mailFrom, type NoticesEnvironment, noticesVariables, readEnvironment } from '../environment';
import { type Answer, check, type Exchange } from '../http/chain';
import { documents, kms, patience } from '../http/clients';
import { entityTag } from '../http/conditions';
import { Runtime } from '../http/runtime';
import { RecordStore } from '../records/store';
import { Writes } from '../records/transaction';
import { dayOf } from './calendar';
import { documentsStore } from './documents';
import { type Filing, filingInput } from './hhs';
import { IncidentDesk, narrativeResource, ofIncident, resourceOf, words } from './incident-desk';
import { dutiesOf } from './incident-duties';
import type { Incident } from './incident-model';
import { concerned, type NarrativeItem, type Person } from './incident-store';
import { LetterWriter } from './letter-writer';
import { type NoticeContent, noticeContent } from './notice-content';
import { NoticeFieldsReader } from './notice-fields';
import { markPerson, noticeMark } from './notice-marks';
import { type Sheet, sheetsOf, unreachable } from './notice-sheets';
import { countStates, noticesOf, shownDuties } from './shown';
import { shownPerson } from './shown-person';
import { newest } from './templates';

const environment = readEnvironment<NoticesEnvironment>(...noticesVariables);
const runtime = new Runtime(environment);
const { clock, outbox } = runtime;
const desk = new IncidentDesk(runtime, environment, kms);
const store = new RecordStore(documents, environment.RECORDS_TABLE, clock);
const vault = new Vault({ documents, kms, environment, clock, mayBind: false });
const files = documentsStore(environment);
const writer = new LetterWriter({
  reader: new NoticeFieldsReader({ store, vault, outbox }),
  files,
  mail: new SESv2Client(patience),
  from: mailFrom(),
});

const generating = z.strictObject({ content: noticeContent.optional(), filing: filingInput.optional() });
const ofNotice = ofIncident.extend({ noticeId: z.string().regex(/^[a-z0-9][A-Za-z0-9-]{0,63}(\.(pdf|json|csv))?$/) });
const proving = noticeMark.extend({ note: words.optional() });
/** letters in one transaction with their event */
const lettersAtOnce = 20;
const budgetMilliseconds = 14_000;

/**
 * Makes every notice that is due: the letters, as many as the time allows, and with the last of them the public notices and
 * the report to HHS. Called again it goes on, and makes those anew that changed.
 */
async function generate(exchange: Exchange): Promise<Answer> {
  const { permit, incident } = await desk.at(exchange, { categories: ['demographics'] });
  const body = exchange.body(generating);
  const { content, filing, narratives } = await texts(permit, incident, body);
  if (!content)
    return runtime.refuse(permit, 'invalid-input', { errors: [{ field: 'content', message: 'is needed once' }] });
  const after = await desk.take(permit, incident, { step: 'notify', template: newest.individual });
  let people = await desk.store.people(incident.id);
  await desk.keep(permit, incident, after, { narratives });
  if (!incident.associate) people = await writeLetters(permit, after, content, people);
  const remaining = incident.associate
    ? 0
    : LetterWriter.pending(people).filter(({ mail }) => mail === undefined).length;
  const all = filing ? await desk.store.all() : [];
  const now = exchange.access.now;
  const sheets =
    remaining > 0
      ? []
      : await desk.judged(permit, after, () => sheetsOf({ incident: after, people, content, filing, all, now }));
  await keepSheets(permit, after, sheets);
  const receipt = await outbox.record(permit.event({ status: 200, resources: [resourceOf(after)] }));
  const facts = {
    state: after.state,
    remaining,
    unreachable: unreachable(people),
    waiting_mails: concerned(people).filter(({ mail }) => mail === 'waiting').length,
    notices: countStates(people),
    documents: sheets.map(({ name }) => name),
  };
  return { status: remaining > 0 ? 202 : 200, headers: entityTag(after.version), body: Released.facts(facts, receipt) };
}

/** What the notices say: given with this call, or with an earlier one. */
async function texts(permit: Permit, incident: Incident, given: z.infer<typeof generating>) {
  const narratives: NarrativeItem[] = [];
  if (given.content) narratives.push(await desk.seal(permit, 'notice-content', JSON.stringify(given.content)));
  if (given.filing) narratives.push(await desk.seal(permit, 'filing', JSON.stringify(given.filing)));
  const earlier = await desk.store.narratives(incident.id);
  const before = async (kind: 'notice-content' | 'filing'): Promise<unknown> => {
    const item = earlier.findLast((each) => each.kind === kind);
    if (!item) return undefined;
    const sealed = await desk.open(item);
    const receipt = await outbox.record(permit.event({ status: 200, resources: [narrativeResource(item)] }));
    return JSON.parse(Released.release(sealed, receipt, permit.access.request.id).toJSON());
  };
  const content: NoticeContent | undefined =
    given.content ?? noticeContent.optional().parse(await before('notice-content'));
  const filing: Filing | undefined = given.filing ?? filingInput.optional().parse(await before('filing'));
  return { content, filing, narratives };
}

async function writeLetters(
  permit: Permit,
  incident: Incident,
  content: NoticeContent,
  people: readonly Person[],
): Promise<Person[]> {
  const began = Date.now();
  const all = new Map(people.map((person) => [person.patient, person]));
  const pending = LetterWriter.pending(people);
  for (let first = 0; first < pending.length && Date.now() - began < budgetMilliseconds; first += lettersAtOnce) {
    const written = await writer.write(permit, incident, content, pending.slice(first, first + lettersAtOnce));
    const writes = new Writes<'person'>().add(
      'person',
      ...written.map(({ person }) => desk.store.putPerson(incident.id, all.get(person.patient), person)),
    );
    const resources = written.map(({ person }) => ({ id: person.notice, type: 'notice', version: null }));
    await runtime.store(permit, permit.event({ status: 200, reason: 'letters', resources }), writes, () => 'conflict');
    for (const { person } of written) all.set(person.patient, person);
  }
  return [...all.values()];
}

async function keepSheets(permit: Permit, incident: Incident, sheets: readonly Sheet[]): Promise<void> {
  if (sheets.length === 0) return;
  const { now } = permit.access;
  const before = new Map((await desk.store.files(incident.id)).map((file) => [file.name, file]));
  const writes = new Writes<'document'>();
  for (const { name, media, bytes } of sheets) {
    const { key, sha256 } = await files.put(`incidents/${incident.id}/notices/${name}`, bytes, media, now);
    const version = (before.get(name)?.version ?? 0) + 1;
    writes.add(
      'document',
      desk.store.putFile(incident.id, { name, media, key, sha256, at: now.toISOString(), version }),
    );
  }
  const event = permit.event({ status: 200, reason: 'documents', resources: [resourceOf(incident)] });
  await runtime.store(permit, event, writes, () => 'conflict');
}

async function list(exchange: Exchange): Promise<Answer> {
  const { permit, incident } = await desk.at(exchange);
  const [people, kept] = await Promise.all([desk.store.people(incident.id), desk.store.files(incident.id)]);
  const receipt = await outbox.record(permit.event({ status: 200, resources: [resourceOf(incident)] }));
  const facts: Facts = {
    letters: concerned(people).map(shownPerson),
    documents: kept.map(({ key: _, ...file }) => file),
    duties: shownDuties(incident, noticesOf(people), dayOf(exchange.access.now)),
  };
  return { status: 200, body: Released.facts(facts, receipt) };
}

/** One letter, or one document; `addresses.csv` and `letters.pdf` are made of all of them when they are asked for. */
async function read(exchange: Exchange): Promise<Answer> {
  const { noticeId } = check(ofNotice, exchange.parameters);
  const { permit, incident } = await desk.at(exchange, { categories: ['demographics'] });
  const [people, kept] = await Promise.all([desk.store.people(incident.id), desk.store.files(incident.id)]);
  if (noticeId === 'addresses.csv' || noticeId === 'letters.pdf') return bundle(permit, incident, people, noticeId);
  const person = concerned(people).find(({ notice }) => notice === noticeId);
  const stored = person?.document ?? kept.find(({ name }) => name === noticeId);
  if (!stored) return runtime.refuse(permit, 'not-found', {}, [resourceOf(incident)]);
  const receipt = await outbox.record(
    permit.event({
      status: 200,
      ...(person && { patient: person.patient }),
      resources: [{ id: person?.notice ?? incident.id, type: person ? 'notice' : 'incident', version: null }],
    }),
  );
  const bytes = await files.get(stored);
  const media = 'media' in stored && typeof stored.media === 'string' ? stored.media : 'application/pdf';
  return {
    status: 200,
    body: Released.facts({ media_type: media, sha256: stored.sha256, base64: bytes.toString('base64') }, receipt),
  };
}

/** For the printer: all letters that go by mail in one file, and their addresses. Made anew of the records, one event a patient. */
async function bundle(
  permit: Permit,
  incident: Incident,
  people: readonly Person[],
  name: 'addresses.csv' | 'letters.pdf',
): Promise<Answer> {
  const { content } = await texts(permit, incident, {});
  if (!content) return runtime.refuse(permit, 'not-found', {}, [resourceOf(incident)]);
  const printed = concerned(people).filter(({ channel, state }) => channel === 'mail' && state !== 'in-scope');
  const made = await writer.bundle(permit, incident, content, printed, name);
  const receipt = await outbox.record(permit.event({ status: 200, resources: [resourceOf(incident)] }));
  return {
    status: 200,
    body: Released.facts({ media_type: made.media, base64: made.bytes.toString('base64') }, receipt),
  };
}

/** Sent, returned, substituted; or, of a duty, done: each with its day and its reference. 45 CFR 164.414(b). */
async function prove(exchange: Exchange): Promise<Answer> {
  const { noticeId } = check(ofNotice, exchange.parameters);
  const { permit, incident } = await desk.at(exchange);
  const { note, ...mark } = exchange.body(proving);
  const people = await desk.store.people(incident.id);
  const person = concerned(people).find(({ notice }) => notice === noticeId);
  const known = [...dutiesOf(incident, noticesOf(people)).map(({ id }) => id), 'substitute'];
  if (!person && !known.includes(noticeId)) return runtime.refuse(permit, 'not-found', {}, [resourceOf(incident)]);
  const step = { step: 'prove', duty: person ? 'letters' : noticeId, on: mark.on, reference: mark.reference } as const;
  const proved = await desk.take(permit, incident, step);
  const { letters: _, ...proofs } = proved.proofs;
  const after = person ? { ...proved, proofs } : proved;
  const writes = new Writes<'person'>();
  const marked = person && (await desk.judged(permit, incident, () => markPerson(person, mark)));
  if (person && marked) writes.add('person', desk.store.putPerson(incident.id, person, marked));
  const narratives = note === undefined ? [] : [await desk.seal(permit, 'proof', note)];
  const resources = person ? [{ id: person.notice, type: 'notice', version: null }] : [];
  const receipt = await desk.keep(permit, incident, after, { reason: mark.state, writes, narratives, resources });
  const next = people.map((each) => (marked && each.patient === marked.patient ? marked : each));
  const facts = { notices: countStates(next), duties: shownDuties(after, noticesOf(next), dayOf(exchange.access.now)) };
  return { status: 200, headers: entityTag(after.version), body: Released.facts(facts, receipt) };
}

export const handler = runtime.serve({
  'incident.notify': generate,
  'incident.notices': list,
  'incident.notice': read,
  'incident.prove': prove,
});
