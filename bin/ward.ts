import { writeFileSync } from 'node:fs';
import { program } from 'commander';
import { addAlerts } from './alerts';
import { ApiClient, ApiError } from './api-client';
import { addAssociates } from './associates';
import { addAuditEvidence } from './audit/commands';
import { addAuditQueries } from './audit/query-commands';
import { addBackups } from './backup';
import { printCertificate } from './certificate';
import { addContainment } from './contain-command';
import { addDoctor } from './doctor/command';
import { addDrills } from './drill/commands';
import { importFiles } from './import';
import { rotateAll, rotateKey } from './keys';
import { demoLogin, interactiveLogin } from './login';
import { rotateLookupKey } from './lookup';
import { addApprovals, addUsers } from './people';
import { Place } from './place';
import { say } from './prompt';
import { checkRecords, describeCheck } from './records';
import { addRedrive } from './redrive/command';
import { Session } from './session';
import { readTarget, type Target } from './target';
import { Unfinished } from './unfinished';

process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
// Whoever reads the output has seen enough, as `head` has.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

interface GlobalOptions {
  readonly outputs?: string;
  readonly data: string;
  readonly as: string;
}

program
  .name('ward')
  .description('Operate Ward: the laptop cloud, or with --outputs a deployed stack')
  .version('0.1.0')
  .option('--outputs <file>', 'a deployed stack: the file of "cdk deploy --outputs-file"')
  .option('--data <folder>', 'the laptop cloud: its folder', '.ward')
  .option('--as <name>', 'which sign-in of this machine to use', 'default');

program
  .command('login')
  .description('sign in with password and authenticator; tokens are kept in a file that only you can read')
  .option('--user <email>', 'asked for when absent')
  .option('--demo <name>', 'one of the demo people of the laptop cloud, without typing')
  .action(async (options: { user?: string; demo?: string }) => {
    const { target, session, client } = connect();
    session.save(options.demo ? await demoLogin(target, options.demo) : await interactiveLogin(target, options.user));
    const { body } = await client.call('GET', '/v1/me');
    say(`signed in: ${JSON.stringify(body)}`);
  });

program
  .command('logout')
  .description('forget the tokens of this machine')
  .action(() => connect().session.forget());

program
  .command('whoami')
  .description('who is signed in')
  .action(async () => print((await connect().client.call('GET', '/v1/me')).body));

program
  .command('import')
  .description('import FHIR R4 bundles, each whole or not at all')
  .argument('<file...>', 'one patient a bundle')
  .action(async (files: string[]) => {
    if ((await importFiles(connect().client, new Unfinished(), files)) > 0) process.exitCode = 1;
  });

program
  .command('export')
  .description('write a patient’s record as a FHIR R4 bundle')
  .argument('<patient>', 'id of the patient')
  .requiredOption('--output <file>', 'only you can read it')
  .action(async (patient: string, { output }: { output: string }) => {
    const { body } = await connect().client.call('GET', `/v1/patients/${encodeURIComponent(patient)}/export`);
    writeFileSync(output, `${JSON.stringify(body, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
    say(`written to ${output}`);
  });

program
  .command('request')
  .description('call any route, for example: ward request GET /v1/me')
  .argument('<method>')
  .argument('<path>')
  .option('--body <json>', 'a JSON document')
  .option('--if-match <version>', 'the version that is changed')
  .action(async (method: string, path: string, options: { body?: string; ifMatch?: string }) => {
    const headers: Record<string, string> = options.ifMatch ? { 'if-match': `"${options.ifMatch}"` } : {};
    const body: unknown = options.body === undefined ? undefined : JSON.parse(options.body);
    print((await connect().client.call(method.toUpperCase(), path, body, headers)).body);
  });

const connection = { client: () => connect().client, where: () => program.opts<GlobalOptions>() };
addUsers(program, connection);
addApprovals(program, connection);
addAlerts(program, connection);
addAssociates(program, connection);

program
  .command('keys')
  .description('the keys of patients')
  .command('rotate')
  .description('give a patient, or every patient, a next key; what is stored stays readable')
  .option('--patient <id>', 'one patient')
  .option('--all', 'every patient; cut off and started again, it goes on where it was')
  .action(async ({ patient, all }: { patient?: string; all?: boolean }) => {
    if ((patient === undefined) === !all) throw new Error('name one patient with --patient, or say --all');
    const { client, target } = connect();
    if (patient !== undefined) say(`version ${await rotateKey(client, patient)} is the patient’s newest key`);
    else say(`${await rotateAll(client, new Place(target, 'key-rotation'))} keys made`);
  });

addContainment(program, connection.where);
addBackups(program, connection.where);
addDrills(program, connection.where);
addDoctor(program, connection.where);
addRedrive(program, connection.where);

const audit = program.command('audit').description('the audit log and its archive');
addAuditEvidence(audit, () => program.opts<GlobalOptions>());
addAuditQueries(audit, connection);

program
  .command('records')
  .description('records of patients')
  .command('check')
  .description('hold what is stored against the audit log: finds an old version that was put back')
  .requiredOption('--patient <id>')
  .action(async ({ patient }: { patient: string }) => {
    const { lines, sound } = describeCheck(await checkRecords(connect().client, patient));
    for (const line of lines) say(line);
    if (!sound) process.exitCode = 1;
  });

program
  .command('lookup')
  .description('the blind index by which patients are found')
  .command('rotate')
  .description('move it to a new key, beside live traffic; cut off and started again, it goes on where it was')
  .action(async () => say(`version ${await rotateLookupKey(connect().client)} is the lookup key`));

program
  .command('disposal')
  .description('records that were disposed of')
  .command('certificate')
  .description('print the certificate of a disposal as PDF')
  .argument('<patient>', 'id of the patient')
  .requiredOption('--output <file>', 'only you can read it')
  .action(async (patient: string, { output }: { output: string }) => {
    await printCertificate(connect().client, patient, output);
    say(`written to ${output}`);
  });

function connect(): { readonly target: Target; readonly session: Session; readonly client: ApiClient } {
  const { as, ...where } = program.opts<GlobalOptions>();
  const target = readTarget(where);
  const session = new Session(target, as);
  return { target, session, client: new ApiClient(target, session) };
}

const print = (value: unknown): void => say(JSON.stringify(value, null, 2));

program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : 'failed'}\n`);
  if (error instanceof ApiError) {
    process.stderr.write(`  ${error.status} ${error.type}\n`);
    for (const { field, message } of error.errors) process.stderr.write(`  ${field}: ${message}\n`);
  }
  process.exitCode = 1;
});
