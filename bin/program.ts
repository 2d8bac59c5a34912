import { Command } from 'commander';
import { addAlerts } from './alerts';
import { ApiClient } from './api-client';
import { addAssociates } from './associates';
import { addAcknowledgement } from './audit/acknowledge-command';
import { addAuditEvidence } from './audit/commands';
import { addAuditQueries } from './audit/query-commands';
import { addReindex } from './audit/reindex-command';
import { addBackups } from './backup';
import type { Connected, Connection } from './connection';
import { addContainment } from './contain-command';
import { addDoctor } from './doctor/command';
import { addDrills } from './drill/commands';
import { addKeys } from './key-commands';
import { addApprovals, addUsers } from './people';
import { say } from './prompt';
import { addPutBack } from './put-back/command';
import { addRecords } from './record-commands';
import { addRedrive } from './redrive/command';
import { defaultProfile, Session } from './session';
import { addSignIn } from './sign-in-commands';
import { defaultData, readTarget } from './target';

interface GlobalOptions {
  readonly outputs?: string;
  readonly data: string;
  readonly as: string;
}

/** @returns `ward` with every command; docs/cli.md is written from it */
export function wardProgram(): Command {
  const program = new Command('ward')
    .description('Operate Ward: the laptop cloud, or with --outputs a deployed stack')
    .version('0.1.0')
    .option('--outputs <file>', 'a deployed stack: the file of "cdk deploy --outputs-file"')
    .option('--data <folder>', 'the laptop cloud: its folder', defaultData)
    .option('--as <name>', 'which sign-in of this machine to use', defaultProfile);
  const where = () => program.opts<GlobalOptions>();
  const connect = (): Connected => {
    const { as, ...place } = where();
    const target = readTarget(place);
    const session = new Session(target, as);
    return { target, session, client: new ApiClient(target, session) };
  };
  const connection: Connection = { client: () => connect().client, where };

  addSignIn(program, connect);
  addRecords(program, connection);
  addRequest(program, connection);
  addUsers(program, connection);
  addApprovals(program, connection);
  addAlerts(program, connection);
  addAssociates(program, connection);
  addKeys(program, connect);
  addContainment(program, where);
  addBackups(program, where);
  addPutBack(program, where);
  addDrills(program, where);
  addDoctor(program, where);
  addRedrive(program, where);
  const audit = program.command('audit').description('the audit log and its archive');
  addAuditEvidence(audit, where);
  addAcknowledgement(audit, connection);
  addAuditQueries(audit, connection);
  addReindex(audit, where);
  return program;
}

/** Adds `ward request`: whatever has no command of its own. */
function addRequest(program: Command, { client }: Connection): void {
  program
    .command('request')
    .description('call any route, for example: ward request GET /v1/me')
    .argument('<method>', 'GET, POST, PUT, PATCH or DELETE')
    .argument('<path>', 'of docs/api.md')
    .option('--body <json>', 'a JSON document')
    .option('--if-match <version>', 'the version that is changed')
    .action(async (method: string, path: string, options: { body?: string; ifMatch?: string }) => {
      const headers: Record<string, string> = options.ifMatch ? { 'if-match': `"${options.ifMatch}"` } : {};
      const body: unknown = options.body === undefined ? undefined : JSON.parse(options.body);
      const answer = await client().call(method.toUpperCase(), path, body, headers);
      say(JSON.stringify(answer.body, null, 2));
    });
}
