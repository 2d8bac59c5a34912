import { type ImportEntry, type ImportPlan, planImport } from '../records/fhir/import-plan';
import { mrnOf } from '../records/fhir/patient';
import { type PlannedTask, tasksIn } from '../records/fhir/tasks';
import type { ImportParts } from '../records/import-parts';
import type { ImportItem } from '../records/import-state';
import { currentKey, mainEntry, type RecordItem } from '../records/model';
import { type LookupItem, lookupPartition } from '../records/patient-store';
import type { RecordStore } from '../records/store';
import type { LookupKey } from './data-key';
import { type ImportPiece, piecesOf, sameContent } from './import-pieces';
import type { KeyRing } from './key-store';
import { entryIdFrom, lookupToken } from './lookup';
import { lookupsOf } from './patient-lookups';
import { blindly, combine, type Sealed, transform } from './sealed';
import type { Vault } from './vault';

/** The bundle cannot be stored as a whole, so nothing of it is. Names what is wrong, never a value. */
export class ImportRefused extends Error {
  constructor(
    readonly issues: readonly {
      /** place in the bundle, from 0; -1: the bundle as a whole */
      readonly entry: number;
      readonly path: string;
      readonly message: string;
    }[],
  ) {
    super('import refused');
    this.name = 'ImportRefused';
  }

  /** @returns the first hundred issues, each by its field */
  get errors(): { readonly field: string; readonly message: string }[] {
    return this.issues.slice(0, 100).map(({ entry, path, message }) => ({
      field: entry < 0 ? path : `entry ${entry}: ${path}`,
      message,
    }));
  }
}
/** Not every part is there yet. */
export class PartsMissing extends Error {
  constructor(readonly parts: readonly number[]) {
    super('import parts are missing');
    this.name = 'PartsMissing';
  }
}

/** A validated bundle and where it goes. What may be known of an entry is open, its value stays sealed. */
export interface Preparation {
  /** the patient with this MRN, if there is one */
  readonly known: string | undefined;
  readonly forPatient: (patient: string) => Promise<PreparedImport>;
}
export interface PreparedImport {
  readonly lookups: readonly LookupItem[];
  readonly pieces: readonly (Omit<ImportPiece, 'value'> & { readonly value: Sealed<ImportPiece['value']> })[];
  /** dates and ids alone; each has the id of the entry that it comes from */
  readonly tasks: readonly (PlannedTask & { readonly id: string })[];
}

/**
 * Opens the staged parts of an import and validates them as one bundle.
 * @throws PartsMissing, ImportRefused
 */
export async function prepareImport(
  { vault, parts, store }: { readonly vault: Vault; readonly parts: ImportParts; readonly store: RecordStore },
  item: ImportItem,
): Promise<Preparation> {
  const staged = await parts.read(item.id);
  const present = new Set(staged.map(({ part }) => part));
  const missing = Array.from({ length: item.parts }, (_, index) => index + 1).filter((part) => !present.has(part));
  if (missing.length > 0) throw new PartsMissing(missing);
  const opened = await Promise.all(staged.map((part) => vault.openPart(item.id, item.wrapped, part)));
  const plan = transform(combine(...opened), (all) => {
    const made = planImport(all.flat() as readonly ImportEntry[]);
    if ('issues' in made) throw new ImportRefused(made.issues);
    return made;
  });
  const mrnToken = await vault.withLookupKey((key) =>
    blindly(plan, ({ patient }) => {
      const mrn = mrnOf(patient.demographics);
      return 'value' in mrn ? lookupToken(key, 'mrn', mrn.value) : '';
    }),
  );
  const [known] = await store.lookup(lookupPartition('mrn', mrnToken), 1);
  return {
    known,
    forPatient: async (patient) => ({
      lookups: await vault.withLookupKeys((keys) =>
        blindly(plan, (made) => lookupsOf(keys, patient, made.patient.demographics, made.patient.ssn?.value)),
      ),
      pieces: await vault.withConstantKey((key) => sealedPieces(plan, key, patient)),
      tasks: await vault.withConstantKey((key) =>
        blindly(plan, (made) =>
          tasksIn(made).map((task) => ({
            ...task,
            id: entryIdFrom(lookupToken(key, 'import-resource', patient, task.identity)),
          })),
        ),
      ),
    }),
  };
}

function sealedPieces(plan: Sealed<ImportPlan>, key: LookupKey, patient: string): PreparedImport['pieces'] {
  const pieces = transform(plan, (made) => piecesOf(made, key, patient));
  const known = blindly(pieces, (all) => all.map(({ value: _, ...rest }) => rest));
  return known.map((piece, index) => ({ ...piece, value: transform(pieces, (all) => all[index]?.value ?? {}) }));
}

type Piece = PreparedImport['pieces'][number];

/**
 * Holds what is to be stored against what is there. What this import or an earlier one stored is not stored again.
 * @throws ImportRefused when an entry is there with other content: an import adds, it never overwrites
 */
export async function compareStored(
  { vault, store }: { readonly vault: Vault; readonly store: RecordStore },
  patient: string,
  pieces: readonly Piece[],
  sequence: number,
): Promise<{ readonly missing: readonly Piece[]; readonly unchanged: number }> {
  const stored = await store.fingerprints(patient);
  const missing: Piece[] = [];
  const changed: Piece[] = [];
  let unchanged = 0;
  for (const piece of pieces) {
    const there = stored.get(currentKey(piece.category, piece.entry));
    if (!there) missing.push(piece);
    else if (there.importSequence === sequence) continue;
    else if (there.contentToken === piece.contentToken || (await isSameMain(piece))) unchanged++;
    else changed.push(piece);
  }
  if (changed.length > 0) throw new ImportRefused(changed.map(changedIssue));
  return { missing, unchanged };

  /** Demographics that were typed in or corrected here have no fingerprint: they are compared, still sealed. */
  async function isSameMain(piece: Piece): Promise<boolean> {
    if (piece.entry !== mainEntry) return false;
    const [ring, { items: item }] = await Promise.all([
      vault.ring(patient),
      store.entry(patient, piece.category, mainEntry),
    ]);
    if (!ring || !item) return false;
    const current = await vault.open(ring, item);
    return blindly(current, (one) => blindly(piece.value, (other) => sameContent(one, other)));
  }
}

/** @returns first versions of the pieces, sealed under the patient's newest key, in their order */
export async function sealPieces(
  vault: Vault,
  ring: KeyRing,
  pieces: readonly Piece[],
  {
    patient,
    sequence,
    at,
    author,
  }: Readonly<Record<'patient' | 'at' | 'author', string>> & { readonly sequence: number },
): Promise<RecordItem[]> {
  const sealed: RecordItem[] = [];
  for (const { category, entry, contentToken, value } of pieces) {
    const metadata = { category, entry, version: 1, createdAt: at, updatedAt: at, author };
    sealed.push(await vault.seal(ring, { ...metadata, importSequence: sequence, contentToken, patient }, value));
  }
  return sealed;
}

function changedIssue({ category }: Piece): ImportRefused['issues'][number] {
  return {
    entry: -1,
    path: category,
    message: `an entry of ${category} is stored with other content; an import adds and never overwrites`,
  };
}
