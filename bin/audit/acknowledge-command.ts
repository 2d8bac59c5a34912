import type { Command } from 'commander';
import type { Connection } from '../connection';
import { say } from '../prompt';

/** Adds `ward audit acknowledge`: two people say in the log that events are lost. */
export function addAcknowledgement(audit: Command, { client }: Connection): void {
  audit
    .command('acknowledge')
    .description('name lost events in the log, as a second person has agreed; they stay reported')
    .requiredOption('--approval <id>', 'of kind audit-acknowledgement, which names the lane and its events')
    .action(async (options: { approval: string }) => {
      const { body } = await client().call('POST', '/v1/audit/acknowledgements', options);
      say(JSON.stringify(body, null, 2));
    });
}
