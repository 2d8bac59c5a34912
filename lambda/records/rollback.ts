import { type Category, categories } from './model';

/** One current entry as the records table has it. */
export interface StoredVersion {
  readonly category: string;
  readonly entry: string;
  /** as the item says, and as its envelope's header says */
  readonly version: number;
  readonly sealed: number;
}
/** What an audit event says of a resource; `version` null where it has none. */
export interface RecordedVersion {
  readonly type: string;
  readonly id: string;
  readonly version: number | null;
}

/**
 * `rolled-back`: the log knows of a later version than the table has. `missing`: the log knows an entry that is not there.
 * `altered`: the item contradicts its own envelope. `unrecorded`: no sealed event knows of it yet, which is so for a minute
 * after each write, and never for longer.
 */
export type RollbackStatus = 'rolled-back' | 'missing' | 'altered' | 'unrecorded';
export interface RollbackFinding {
  readonly status: RollbackStatus;
  readonly category: string;
  readonly entry: string;
  /** in the table; absent where it is missing */
  readonly stored?: number;
  /** the latest in the log; absent where it has none */
  readonly recorded?: number;
}

/**
 * Holds the records table against the audit log. An envelope proves that it is what was written, not that it is the last
 * that was: whoever can write the table can put an old item back, byte for byte. The log, which they cannot change, knows
 * better; each event that names a version, of a write or a read, is a witness of it. 45 CFR 164.312(c)(2).
 */
export function compareWithLog(
  stored: readonly StoredVersion[],
  recorded: readonly RecordedVersion[],
): RollbackFinding[] {
  const latest = new Map<string, { category: string; entry: string; version: number }>();
  for (const { type, id, version } of recorded) {
    if (version === null || !(categories as readonly string[]).includes(type)) continue;
    const name = `${type} ${id}`;
    if ((latest.get(name)?.version ?? 0) < version)
      latest.set(name, { category: type as Category, entry: id, version });
  }
  const findings: RollbackFinding[] = [];
  for (const { category, entry, version, sealed } of stored) {
    const known = latest.get(`${category} ${entry}`)?.version;
    latest.delete(`${category} ${entry}`);
    const status = statusOf(version, sealed, known);
    if (status)
      findings.push({ status, category, entry, stored: version, ...(known === undefined ? {} : { recorded: known }) });
  }
  for (const { category, entry, version } of latest.values())
    findings.push({ status: 'missing', category, entry, recorded: version });
  return findings;
}

function statusOf(version: number, sealed: number, known: number | undefined): RollbackStatus | undefined {
  if (version !== sealed) return 'altered';
  if (known === undefined || known < version) return 'unrecorded';
  return known > version ? 'rolled-back' : undefined;
}
