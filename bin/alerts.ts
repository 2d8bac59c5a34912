import type { Command } from 'commander';
import { alertStates, dismissalReasons } from '../lambda/breach/alert';
import { breachTypeCodes } from '../lambda/breach/incident-model';
import type { Connection } from './connection';
import { say } from './prompt';

const print = (value: unknown): void => say(JSON.stringify(value, null, 2));
const path = (alert: string, rest = ''): string => `/v1/alerts/${encodeURIComponent(alert)}${rest}`;

/** Adds `ward alerts …`: what detection has found, and what people make of it. */
export function addAlerts(program: Command, { client }: Pick<Connection, 'client'>): void {
  const call = async (method: string, to: string, body?: unknown) =>
    print((await client().call(method, to, body)).body);
  const alerts = program.command('alerts').description('what detection has found');
  alerts
    .command('list')
    .description('newest first')
    .option('--state <state>', [...alertStates, 'all'].join(', '), 'open')
    .option('--after <place>', '`next` of the page before')
    .action(({ state, after }: { state: string; after?: string }) =>
      call('GET', `/v1/alerts?${new URLSearchParams({ state, ...(after && { after }) })}`),
    );
  alerts
    .command('show')
    .description('whom an alert is about, and the events that show it')
    .argument('<alert>', 'id')
    .action((alert: string) => call('GET', path(alert)));
  alerts
    .command('dismiss')
    .description('review an alert that was nothing')
    .argument('<alert>', 'id')
    .requiredOption('--reason <code>', dismissalReasons.join(', '))
    .action((alert: string, options: { reason: string }) => call('POST', path(alert, '/dismiss'), options));
  alerts
    .command('incident')
    .description('open an incident; it counts as discovered on the day of the alert')
    .argument('<alert>', 'id')
    .requiredOption('--description <words>', 'what is known of it; sealed like a record')
    .option('--type <code>', breachTypeCodes.join(', '))
    .action((alert: string, options: { description: string; type?: string }) =>
      call('POST', path(alert, '/incident'), options),
    );
  alerts
    .command('precision')
    .description('how often each rule was right, by the reviews of its alerts')
    .action(() => call('GET', '/v1/alerts/precision'));
}
