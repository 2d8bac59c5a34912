import type { Permit } from '../access/guard';
import type { Runtime } from '../http/runtime';
import { Writes } from '../records/transaction';
import type { Incident } from './incident-model';
import { concerned, type IncidentStore, type Person } from './incident-store';
import type { NoticeFieldsReader } from './notice-fields';
import { residenceOf } from './recipient';

/** people in one transaction, beside the incident, its run and the event */
const peoplePerTransaction = 40;
/** whose State of residence one call looks up, and for how long: the answer leaves in time, and the next call goes on */
const lookUpsPerCall = 400;
const budgetMilliseconds = 15_000;

/** Keeps whom an incident concerns, and finds in which State they live. */
export class ScopePeople {
  constructor(
    private readonly runtime: Runtime,
    private readonly store: IncidentStore,
    private readonly reader: NoticeFieldsReader,
  ) {}

  /** Writes people in transactions of their own: cut off in between, the same call again gives the same. */
  async keep(
    permit: Permit,
    incident: Incident,
    before: readonly Person[],
    after: readonly Person[],
  ): Promise<Person[]> {
    const known = new Map(before.map((person) => [person.patient, person]));
    const changed = after.filter((person) => known.get(person.patient)?.version !== person.version);
    for (let first = 0; first < changed.length; first += peoplePerTransaction) {
      const part = changed.slice(first, first + peoplePerTransaction);
      const writes = new Writes<'person'>().add(
        'person',
        ...part.map((person) => this.store.putPerson(incident.id, known.get(person.patient), person)),
      );
      const resources = part.map(({ notice }) => ({ id: notice, type: 'notice', version: null }));
      const event = permit.event({ status: 200, reason: 'people', resources });
      await this.runtime.store(permit, event, writes, () => 'conflict');
    }
    const all = new Map([...before, ...after].map((person) => [person.patient, person]));
    return [...all.values()];
  }

  /** @returns everybody, with the State of residence of those for whom this call had the time */
  async lookUpResidences(permit: Permit, incident: Incident, people: readonly Person[]): Promise<Person[]> {
    const until = Date.now() + budgetMilliseconds;
    let all = [...people];
    const pending = concerned(people)
      .filter(({ residencePending }) => residencePending)
      .slice(0, lookUpsPerCall);
    for (let first = 0; first < pending.length && Date.now() < until; first += peoplePerTransaction) {
      const part = pending.slice(first, first + peoplePerTransaction);
      const patients = part.map(({ patient }) => patient);
      const found = await this.reader.read(permit, patients);
      const looked = part.map((person): Person => {
        const fields = found.get(person.patient);
        const residence = typeof fields === 'object' ? residenceOf(fields) : 'unknown';
        return { ...person, residence, residencePending: false, version: person.version + 1 };
      });
      all = await this.keep(permit, incident, all, looked);
    }
    return all;
  }
}
