import * as z from 'zod';
import type { Permit } from '../access/guard';
import { type Facts, Released } from '../audit/release';
import { type NoticesEnvironment, noticesVariables, readEnvironment } from '../environment';
import { type Answer, check, type Exchange } from '../http/chain';
import { kms } from '../http/clients';
import { entityTag } from '../http/conditions';
import { Runtime } from '../http/runtime';
import { Writes } from '../records/transaction';
import { dayOf } from './calendar';
import { IncidentDesk, ofIncident, resourceOf } from './incident-desk';
import { dutiesOf } from './incident-duties';
import type { Incident } from './incident-model';
import { concerned, mailWaits, type Person } from './incident-store';
import { LetterWriter } from './letter-writer';
import { markPerson, proving } from './notice-marks';
import { noticeParts } from './notice-parts';
import { sheetsOf, unreachable } from './notice-sheets';
import { noticeWords } from './notice-texts';
import { countStates, noticesOf, shownDuties } from './shown';
import { shownPerson } from './shown-scope';
import { newest } from './templates';

const environment = readEnvironment<NoticesEnvironment>(...noticesVariables);
const runtime = new Runtime(environment);
const { outbox } = runtime;
const desk = new IncidentDesk(runtime, environment, kms);
const { files, letters, sheets, texts, writer } = noticeParts(environment, runtime, desk);

const ofNotice = ofIncident.extend({ noticeId: z.string().regex(/^[a-z0-9][A-Za-z0-9-]{0,63}(\.(pdf|json|csv))?$/) });

/**
 * Makes every notice that is due: the letters, as many as the time allows, and with the last of them the public notices and
 * the report to HHS. Called again it goes on, and makes those anew that changed.
 */
async function generate(exchange: Exchange): Promise<Answer> {
  const { permit, incident } = await desk.at(exchange, { categories: ['demographics'] });
  const body = exchange.body(noticeWords);
  const { content, filing } = await texts.read(permit, incident, body);
  if (!content)
    return runtime.refuse(permit, 'invalid-input', { errors: [{ field: 'content', message: 'is needed once' }] });
  const after = await desk.take(permit, incident, { step: 'notify', template: newest.individual });
  await desk.keep(permit, incident, after, { narratives: await texts.sealed(permit, body) });
  const before = await desk.store.people(incident.id);
  const people = incident.associate ? before : await letters.write(permit, after, content, before);
  const remaining = incident.associate ? 0 : LetterWriter.pending(people).length;
  const all = filing ? await desk.store.all() : [];
  const now = exchange.access.now;
  const made =
    remaining > 0
      ? []
      : await desk.judged(permit, after, () => sheetsOf({ incident: after, people, content, filing, all, now }));
  await sheets.keep(permit, after, made);
  const receipt = await outbox.record(permit.event({ status: 200, resources: [resourceOf(after)] }));
  const facts = {
    state: after.state,
    remaining,
    unreachable: unreachable(people),
    waiting_mails: mailWaits(people).length,
    notices: countStates(people),
    documents: made.map(({ name }) => name),
  };
  return { status: remaining > 0 ? 202 : 200, headers: entityTag(after.version), body: Released.facts(facts, receipt) };
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
  const { content } = await texts.read(permit, incident);
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
