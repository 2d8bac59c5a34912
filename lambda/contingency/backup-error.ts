export type BackupErrorCode =
  | 'not-a-backup'
  | 'wrong-passphrase'
  | 'damaged'
  | 'truncated'
  | 'trailing-data'
  | 'unsafe-path'
  | 'incomplete';

const sentences: Readonly<Record<BackupErrorCode, string>> = {
  'not-a-backup': 'this is no backup that this version of Ward can read',
  'wrong-passphrase': 'the passphrase is not the one of this backup, or its beginning was changed',
  damaged: 'the backup was changed or damaged',
  truncated: 'the backup ends too early',
  'trailing-data': 'something was put behind the end of the backup',
  'unsafe-path': 'the backup names a file outside its own folder',
  incomplete: 'the backup does not hold what it says it holds',
};

/** Why a backup is not restored. The message is one sentence and holds nothing of what the backup holds. */
export class BackupError extends Error {
  constructor(
    readonly code: BackupErrorCode,
    options?: ErrorOptions,
  ) {
    super(sentences[code], options);
    this.name = 'BackupError';
  }
}
