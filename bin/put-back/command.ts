import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Command } from 'commander';
import * as z from 'zod';
import { ask, say } from '../prompt';
import { demandOutputs, readStageOutputs } from '../stage-outputs';
import { putBack, putBackTables } from './put-back';

const needed = z.object({
  Region: z.string(),
  GovernanceTable: z.string(),
  RecordsTable: z.string(),
  KeysTable: z.string(),
  AuditIndexTable: z.string(),
  /** absent where the stage succeeds none */
  PredecessorLog: z.string().optional(),
  PredecessorArchive: z.string().optional(),
});
interface Restored {
  readonly governance: string;
  readonly records: string;
  readonly keys: string;
  readonly yes?: true;
}

/** `ward put-back`: what a table was becomes what it is, without another table in its place. */
export function addPutBack(program: Command, where: () => { readonly outputs?: string }): void {
  program
    .command('put-back')
    .description(
      'make the tables of a deployed stage what their restored copies are, and let nobody in until the replay',
    )
    .requiredOption('--governance <table>', 'the governance table as it was restored, under its new name')
    .requiredOption('--records <table>', 'the records table, to the same moment')
    .requiredOption('--keys <table>', 'the keys table, to the same moment')
    .option('--yes', 'without asking')
    .action(async ({ yes, ...restored }: Restored) => {
      const { outputs: file } = where();
      if (file === undefined) throw new Error('the laptop goes back with "ward restore": name a stage with --outputs');
      const {
        Region: region,
        GovernanceTable,
        RecordsTable,
        KeysTable,
        AuditIndexTable: indexTable,
        PredecessorLog: origin,
        PredecessorArchive: archive,
      } = demandOutputs(readStageOutputs(file), needed);
      if (
        yes !== true &&
        (await ask('Everybody is locked out, and what was written since is undone: yes or no')) !== 'yes'
      )
        return;
      const moved = await putBack({
        client: new DynamoDBClient({ region }),
        pairs: {
          governance: { live: GovernanceTable, restored: restored.governance },
          records: { live: RecordsTable, restored: restored.records },
          keys: { live: KeysTable, restored: restored.keys },
        },
        ...(origin && archive && { predecessor: { origin, archive, indexTable } }),
        now: new Date(),
      });
      for (const name of putBackTables)
        say(`${name}: ${moved[name].put} items put back, ${moved[name].removed} removed`);
      say('The replay begins within a minute; the stage stays locked down until two people release it.');
    });
}
