import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { isCurrent } from '../access/decide';
import {
  type ActorItem,
  actorItem,
  governanceKeys,
  type MemberItem,
  memberItem,
  memberPrefix,
} from '../access/governance';
import { type RelationsItem, relationsItem } from '../access/relations';
import { explains, type TaskItem, taskItem } from '../access/tasks';
import { vipItem } from '../access/vip';
import { daysAfter } from '../instant';
import { consistentQuery } from '../records/consistent-queries';
import { ConsistentReads } from '../records/consistent-reads';
import { recordsPartition } from '../records/model';
import type { Explanation, Facts, Observation, Relation } from './detect/model';

/** A visit is prepared the day before, and a consultation is written down the day after. */
const earlyDays = 1;
/** A registration is finished, and papers are filed, within as long. */
const registrationDays = 1;
/** Whoever had to do with the organization this long before or after is no stranger to it. */
const activeDays = 30;

/** of the patient item: who registered the patient and when, and blind tokens */
const patientItem = z.object({
  createdAt: z.string(),
  createdBy: z.string(),
  lookups: z.array(z.object({ PK: z.string() })),
});

/** What the governance table has beside a patient. */
interface Surroundings {
  readonly members: readonly MemberItem[];
  readonly tasks: readonly TaskItem[];
  readonly employees: readonly string[];
  readonly vip: boolean;
}

/** Looks up what explains an access and what makes it suspicious: ids, codes and blind tokens. It opens no record. */
export class DetectionFacts {
  readonly #around = new Map<string, Promise<Surroundings>>();

  /** @param records name of the records table; of it the patient item alone is read */
  constructor(
    private readonly documents: DynamoDBDocumentClient,
    private readonly governance: string,
    private readonly records: string,
  ) {}

  /** Forgets what was read: facts are those of the moment. */
  forget(): void {
    this.#around.clear();
  }

  /** @returns the facts of a person and a patient at the time of the access, by what is known now */
  async of({
    actor,
    role,
    at,
    patient,
    basis,
  }: Pick<Observation, 'actor' | 'role' | 'at' | 'patient' | 'basis'>): Promise<Facts> {
    if (actor === null || patient === null) throw new TypeError('facts are of a person and a patient');
    const reads = ConsistentReads.of(this.documents);
    const person = reads
      .get(this.governance, governanceKeys.actor(actor))
      .then((item) => item && actorItem.parse(item));
    // The event is evidence of these two already: nothing has to be read that could tell otherwise.
    if (basis === 'care-team' || basis === 'emergency')
      return { explanations: [basis], relations: [], vip: false, ...suspension(await person) };
    const [known, own, found, around] = await Promise.all([
      person,
      reads.get(this.governance, governanceKeys.relations(actor)).then((item) => item && relationsItem.parse(item)),
      reads.get(this.records, { PK: recordsPartition(patient), SK: 'PATIENT' }),
      this.#surroundings(patient),
    ]);
    const record = found && patientItem.parse(found);
    const worker = { sub: actor, role, department: own?.department };
    const explained: Explanation[] = [
      ...(around.members.some((member) => isOrBecomesMember(member, actor, at)) ? (['care-team'] as const) : []),
      ...around.tasks
        .filter((task) => explains({ ...task, from: daysAfter(task.from, -earlyDays) }, worker, at))
        .map(({ kind }) => kind),
      ...(record?.createdBy === actor && at < daysAfter(record.createdAt, registrationDays)
        ? (['registration'] as const)
        : []),
    ];
    const near = (from: string, until: string) =>
      from <= daysAfter(at, activeDays) && until >= daysAfter(at, -activeDays);
    return {
      explanations: [...new Set(explained)],
      relations: relationsOf({
        own,
        person: known,
        patient,
        tokens: record?.lookups ?? [],
        employees: around.employees,
      }),
      vip: around.vip,
      active:
        around.tasks.some(({ kind, from, until }) => kind !== 'claim' && near(from, until)) ||
        around.members.some(({ startsAt }) => near(startsAt, startsAt)) ||
        (record !== undefined && near(record.createdAt, record.createdAt)),
      ...(own?.department ? { ownDepartment: this.#isOfDepartment(around.tasks, own.department, near) } : {}),
      ...suspension(known),
    };
  }

  #isOfDepartment(
    tasks: readonly TaskItem[],
    department: string,
    near: (from: string, until: string) => boolean,
  ): boolean {
    return tasks.some(
      ({ assignee, from, until }) => 'role' in assignee && assignee.department === department && near(from, until),
    );
  }

  #surroundings(patient: string): Promise<Surroundings> {
    const known = this.#around.get(patient) ?? this.#read(patient);
    this.#around.set(patient, known);
    return known;
  }

  async #read(patient: string): Promise<Surroundings> {
    const items = await consistentQuery(this.documents, { table: this.governance, PK: governanceKeys.vip(patient).PK });
    const of = (prefix: string) => items.filter(({ SK }) => String(SK).startsWith(prefix));
    const [flag] = of(governanceKeys.vip(patient).SK);
    return {
      members: of(memberPrefix).map((item) => memberItem.parse(item)),
      tasks: of(governanceKeys.task(patient, '').SK).map((item) => taskItem.parse(item)),
      employees: of(governanceKeys.employee(patient, '').SK).map(({ sub }) => z.uuid().parse(sub)),
      vip: flag !== undefined && vipItem.parse(flag).clearedAt === undefined,
    };
  }
}

/** On the team at the time, or put on it since by somebody else: care begins before it is written down. */
function isOrBecomesMember(member: MemberItem, actor: string, at: string): boolean {
  if (member.sub !== actor) return false;
  if (isCurrent(member, new Date(at))) return true;
  return member.startsAt > at && member.startsAt <= daysAfter(at, earlyDays) && member.addedBy !== actor;
}

function relationsOf({
  own,
  person,
  patient,
  tokens,
  employees,
}: {
  readonly own: RelationsItem | undefined;
  readonly person: ActorItem | undefined;
  readonly patient: string;
  readonly tokens: readonly { readonly PK: string }[];
  readonly employees: readonly string[];
}): Relation[] {
  const shares = (name: string, mine: readonly string[] = []) =>
    mine.some((token) => tokens.some(({ PK }) => PK === `L#${name}#${token}`));
  const isOwn = own?.patient === patient || person?.patient === patient;
  return [
    ...(isOwn ? (['self'] as const) : []),
    ...(employees.some((sub) => sub !== own?.sub && sub !== person?.sub) ? (['co-worker'] as const) : []),
    ...(!isOwn && shares('family', own?.family) ? (['same-family'] as const) : []),
    ...(!isOwn && shares('address', own?.address) ? (['same-address'] as const) : []),
  ];
}

/** A request that was admitted just before may be recorded until its function's time is over. */
const inFlightMilliseconds = 30_000;

const suspension = (person: ActorItem | undefined): Pick<Facts, 'suspendedSince'> =>
  person?.status === 'suspended' && person.suspendedAt !== undefined
    ? { suspendedSince: new Date(Date.parse(person.suspendedAt) + inFlightMilliseconds).toISOString() }
    : {};
