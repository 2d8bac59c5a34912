import type { Command } from 'commander';
import { dispositions, endReasons, services } from '../lambda/associates/associate';
import { categories } from '../lambda/records/model';
import type { Connection } from './connection';
import { say } from './prompt';

interface AgreementOptions {
  readonly reference: string;
  readonly signed: string;
  readonly from?: string;
  readonly until?: string;
  readonly categories: readonly string[];
  readonly reportWithinDays: string;
}

const path = (associate: string, rest = ''): string => `/v1/associates/${encodeURIComponent(associate)}${rest}`;

/** Adds `ward associates …`: who gets PHI from the organization, under which agreement. */
export function addAssociates(program: Command, { client }: Connection): void {
  const call = async (method: string, to: string, body?: unknown, headers?: Record<string, string>) =>
    say(JSON.stringify((await client().call(method, to, body, headers)).body, null, 2));
  const change = async (associate: string, rest: string, body: unknown) => {
    const { headers } = await client().call('GET', path(associate));
    await call('POST', path(associate, rest), body, { 'if-match': headers.get('etag') ?? '' });
  };
  const associates = program.command('associates').description('business associates and the agreements with them');
  associates
    .command('list')
    .description('list them, and how their agreements stand')
    .action(() => call('GET', '/v1/associates'));
  withAgreement(associates.command('record'))
    .description('record an associate with the agreement')
    .requiredOption('--name <organization>', 'as the agreement names it')
    .requiredOption('--service <code>', services.join(', '))
    .action(({ name, service, ...agreement }: AgreementOptions & { name: string; service: string }) =>
      call('POST', '/v1/associates', { name, service, agreement: sent(agreement) }),
    );
  withAgreement(associates.command('renew'))
    .description('record another agreement')
    .argument('<associate>', 'id')
    .action((associate: string, agreement: AgreementOptions) => change(associate, '/agreements', sent(agreement)));
  associates
    .command('end')
    .description('end the relationship')
    .argument('<associate>', 'id')
    .requiredOption('--reason <code>', endReasons.join(', '))
    .requiredOption('--phi <code>', `what became of the PHI: ${dispositions.join(', ')}`)
    .action((associate: string, options: { reason: string; phi: string }) => change(associate, '/end', options));
}

const withAgreement = (command: Command): Command =>
  command
    .requiredOption('--reference <code>', 'where the signed paper is')
    .requiredOption('--signed <day>', 'such as 2026-01-31')
    .option('--from <day>', 'first day, by default the day of signing')
    .option('--until <day>', 'last day, by default none')
    .requiredOption('--categories <names...>', categories.join(', '))
    .option('--report-within-days <days>', 'of a breach that they discover', '60');

const sent = ({ reference, signed, from, until, categories, reportWithinDays }: AgreementOptions) => ({
  reference,
  signed,
  from: from ?? signed,
  until: until ?? null,
  categories,
  report_within_days: Number(reportWithinDays),
});
