import type { ImportStates } from './import-state';
import type { RecordItem } from './model';
import { type LookupItem, newLookups, type PatientStore } from './patient-store';
import type { PatientItem, RecordStore } from './store';
import { type TransactItem, Writes } from './transaction';

/** Whom the bundle of an import is about, as which import of theirs, and how much of it is to be stored. */
export interface Begun {
  readonly patient: string;
  readonly sequence: number;
  readonly stored: number;
  readonly unchanged: number;
}

/** The steps of a commit, each a transaction: cut off between two of them it goes on with the next. */
export class ImportTransactions {
  constructor(
    private readonly patients: PatientStore,
    private readonly states: ImportStates,
    private readonly store: RecordStore,
  ) {}

  /** Takes a patient whom Ward knows. @param lookups that the bundle gives them */
  begin(id: string, known: PatientItem, lookups: readonly LookupItem[], to: Begun) {
    const added = newLookups(known, lookups);
    return new Writes<'import' | 'patient' | 'mrn'>()
      .add('import', this.states.begin(id, to))
      .add('patient', this.patients.beginImport(known, id, [...known.lookups, ...added]))
      .add('mrn', ...this.patients.lookups(added, to.patient));
  }

  /** Registers a patient whom nobody sees before the import is committed. @param keys the writes of their first key */
  register(
    id: string,
    { at, author, keys }: { readonly at: string; readonly author: string; readonly keys: readonly TransactItem[] },
    lookups: readonly LookupItem[],
    to: Begun,
  ) {
    const { patient } = to;
    return new Writes<'import' | 'patient' | 'mrn'>()
      .add('import', this.states.begin(id, to))
      .add('patient', this.patients.create({ patient, at, author, lookups, importSequence: 0, importing: id }), ...keys)
      .add('mrn', ...this.patients.lookups(lookups, patient));
  }

  /** @param key the check that the patient's key is the newest */
  entries(id: string, batch: readonly RecordItem[], key: TransactItem) {
    return new Writes<'entries' | 'import' | 'key'>()
      .add('entries', ...batch.map((entry) => this.store.create(entry)))
      .add('import', this.states.inState(id, 'committing'))
      .add('key', key);
  }

  /** What the bundle says that somebody has or had to do, before the import is committed: none is lost when it is cut off. */
  tasks(id: string, tasks: readonly TransactItem[]) {
    return new Writes<'tasks' | 'import'>().add('tasks', ...tasks).add('import', this.states.inState(id, 'committing'));
  }

  /** Shows all of it at once. The index may have moved to another key since the import began: its lookups are written again. */
  commit(
    id: string,
    known: PatientItem,
    lookups: readonly LookupItem[],
    { sequence, at, key }: { readonly sequence: number; readonly at: string; readonly key: TransactItem },
  ) {
    const added = newLookups(known, lookups);
    return new Writes<'patient' | 'import' | 'key' | 'mrn'>()
      .add('patient', this.patients.commitImport(known, id, { sequence, at, lookups: [...known.lookups, ...added] }))
      .add('mrn', ...this.patients.lookups(added, known.patient))
      .add('import', this.states.commit(id))
      .add('key', key);
  }
}
