import { recordsPartition } from './model';
import type { PatientItem } from './store';
import type { TransactItem } from './transaction';

/** A blind token's item: it stands for the patient wherever someone looks one up by that value. */
export interface LookupItem {
  /** `L#<name>#<token>` */
  readonly PK: string;
  /** `UNIQUE` where the value may stand for one patient alone, else `P#<patient>` */
  readonly SK: string;
  readonly unique: boolean;
}

/** @returns the item for a token of a name; a unique one can be held by one patient only */
export function lookupItem(name: string, token: string, patient: string, unique: boolean): LookupItem {
  return { PK: lookupPartition(name, token), SK: unique ? 'UNIQUE' : recordsPartition(patient), unique };
}
/** @returns those of the lookups that do not stand for the patient yet */
export const newLookups = ({ lookups }: PatientItem, wanted: readonly LookupItem[]): LookupItem[] =>
  wanted.filter(({ PK }) => !lookups.some((there) => there.PK === PK));

export const lookupPartition = (name: string, token: string): string => `L#${name}#${token}`;

/** Writes to the patient item and its lookup items; each is one part of a transaction. */
export class PatientStore {
  constructor(private readonly table: string) {}

  create(patient: {
    readonly patient: string;
    readonly at: string;
    readonly author: string;
    readonly lookups: readonly LookupItem[];
    readonly importSequence: number;
    /** the import that registers the patient: not there for anyone else until it is committed */
    readonly importing?: string;
  }): TransactItem {
    const item: PatientItem = {
      PK: recordsPartition(patient.patient),
      SK: 'PATIENT',
      patient: patient.patient,
      createdAt: patient.at,
      createdBy: patient.author,
      lookups: patient.lookups.map(({ PK, SK }) => ({ PK, SK })),
      importSequence: patient.importSequence,
      ...(patient.importing ? { importing: patient.importing, registering: true } : {}),
      version: 1,
    };
    return { Put: { TableName: this.table, Item: item, ConditionExpression: 'attribute_not_exists(PK)' } };
  }

  /** fails when the patient item changed since it was read */
  setLookups(patient: PatientItem, lookups: readonly Pick<LookupItem, 'PK' | 'SK'>[]): TransactItem {
    return this.#update(patient, 'SET #lookups = :lookups, #version = #version + :one', {
      ':lookups': lookups.map(({ PK, SK }) => ({ PK, SK })),
    });
  }

  /** @returns the check that the patient is there: no import is still registering it, and nobody disposed of it */
  exists(patient: string): TransactItem {
    return {
      ConditionCheck: {
        TableName: this.table,
        Key: { PK: recordsPartition(patient), SK: 'PATIENT' },
        ConditionExpression:
          'attribute_exists(PK) AND attribute_not_exists(registering) AND attribute_not_exists(disposedAt)',
      },
    };
  }

  /** Takes the patient for one import: another one waits until it is committed. */
  beginImport(patient: PatientItem, importId: string, lookups: readonly Pick<LookupItem, 'PK' | 'SK'>[]): TransactItem {
    return {
      Update: {
        TableName: this.table,
        Key: { PK: patient.PK, SK: patient.SK },
        UpdateExpression: 'SET importing = :import, #lookups = :lookups, #version = #version + :one',
        ConditionExpression: 'attribute_not_exists(importing) AND #version = :version',
        ExpressionAttributeNames: { '#version': 'version', '#lookups': 'lookups' },
        ExpressionAttributeValues: {
          ':import': importId,
          ':version': patient.version,
          ':one': 1,
          ':lookups': lookups.map(({ PK, SK }) => ({ PK, SK })),
        },
      },
    };
  }

  /** Shows what the import has stored, all of it at once. */
  commitImport(
    patient: PatientItem,
    importId: string,
    to: { readonly sequence: number; readonly at: string; readonly lookups: PatientItem['lookups'] },
  ): TransactItem {
    return {
      Update: {
        TableName: this.table,
        Key: { PK: patient.PK, SK: patient.SK },
        UpdateExpression:
          'SET importSequence = :sequence, importedAt = :at, #lookups = :lookups, #version = #version + :one REMOVE importing, registering',
        ConditionExpression: 'importing = :import AND importSequence = :before AND #version = :version',
        ExpressionAttributeNames: { '#version': 'version', '#lookups': 'lookups' },
        ExpressionAttributeValues: {
          ':sequence': to.sequence,
          ':before': to.sequence - 1,
          ':at': to.at,
          ':lookups': to.lookups.map(({ PK, SK }) => ({ PK, SK })),
          ':version': patient.version,
          ':one': 1,
          ':import': importId,
        },
      },
    };
  }

  /** @returns the writes of lookup items; a unique one fails when another patient holds it */
  lookups(items: readonly LookupItem[], patient: string): TransactItem[] {
    return items.map(({ PK, SK, unique }) => ({
      Put: {
        TableName: this.table,
        Item: { PK, SK, patient },
        ...(unique ? { ConditionExpression: 'attribute_not_exists(PK)' } : {}),
      },
    }));
  }

  /** @returns the deletes of lookup items that stand for the patient no more */
  forget(items: readonly Pick<LookupItem, 'PK' | 'SK'>[]): TransactItem[] {
    return items.map(({ PK, SK }) => ({ Delete: { TableName: this.table, Key: { PK, SK } } }));
  }

  /** fails when the patient item changed since it was read: a correction meanwhile has other lookups */
  dispose(patient: PatientItem, at: string): TransactItem {
    return this.#update(patient, 'SET #lookups = :lookups, disposedAt = :at, #version = #version + :one', {
      ':lookups': [],
      ':at': at,
    });
  }

  /** @returns puts of lookup items that are this patient's, whether they are there already or not */
  lookupsOf(items: readonly LookupItem[], patient: string): TransactItem[] {
    return items.map(({ PK, SK }) => ({
      Put: {
        TableName: this.table,
        Item: { PK, SK, patient },
        ConditionExpression: 'attribute_not_exists(PK) OR patient = :patient',
        ExpressionAttributeValues: { ':patient': patient },
      },
    }));
  }

  /** @returns deletes that take nobody else's lookup along, whatever the patient item says */
  forgetOf(items: readonly Pick<LookupItem, 'PK' | 'SK'>[], patient: string): TransactItem[] {
    return items.map(({ PK, SK }) => ({
      Delete: {
        TableName: this.table,
        Key: { PK, SK },
        ConditionExpression: 'attribute_not_exists(PK) OR patient = :patient',
        ExpressionAttributeValues: { ':patient': patient },
      },
    }));
  }

  #update(patient: PatientItem, UpdateExpression: string, values: Record<string, unknown>): TransactItem {
    return {
      Update: {
        TableName: this.table,
        Key: { PK: patient.PK, SK: patient.SK },
        UpdateExpression,
        ConditionExpression: '#version = :version',
        ExpressionAttributeNames: { '#version': 'version', '#lookups': 'lookups' },
        ExpressionAttributeValues: { ':version': patient.version, ':one': 1, ...values },
      },
    };
  }
}
