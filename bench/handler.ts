import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import { roleName } from '../lib/functions';
import { type Cloud, startCloud } from '../local/cloud';
import { seedDemo } from '../local/demo';
import { Ward } from '../test/e2e/ward';
import { bundle } from './bundled';
import { measure, table } from './measure';
import { caredFor, ok } from './scene';
import { synthesize } from './synthesis';

type Handler = (event: APIGatewayProxyEvent, context: Context) => Promise<APIGatewayProxyResult>;
interface Command {
  readonly input: object;
}
interface Client {
  send(command: Command): Promise<unknown>;
}
interface Bundle {
  readonly handler: Handler;
  readonly documents: Client;
  readonly kms: Client;
}

const route = '/v1/patients/{id}/records/{category}/{entryId}';
const [batches, reads] = [20, 200];

/**
 * Processor time of one audited read in the handler: the token verified, the access decided, the entry opened, the event
 * written, with every call to AWS answered from memory as the laptop cloud had answered it.
 */
export async function run(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'ward-bench-'));
  const assembly = join(directory, 'cdk.out');
  synthesize(assembly);
  const cloud = await startCloud({
    assembly,
    directory: join(directory, 'state'),
    port: 0,
    reset: false,
    scheduleClock: { now: Date.now, at: () => () => undefined }, // nothing else uses the processor
  });
  try {
    await seedDemo(cloud);
    const ward = new Ward(cloud.file);
    const patient = await caredFor(ward);
    const list = await ok(ward.as('clinician'), 'GET', `/v1/patients/${patient}/records/diagnoses`);
    const event = eventOf((await ward.tokens('clinician')).accessToken, patient, list.entries[0].id);
    await cloud.settled();
    const read = await stubbed(cloud, directory, ward, event);
    const measured = await measure([{ name: 'read', runs: reads, run: read }], batches);
    const { median = 0, lower = 0, upper = 0 } = measured.get('read') ?? {};
    const milliseconds = (microseconds: number) => `${(microseconds / 1000).toFixed(2)} ms`;
    process.stdout.write(
      table(
        ['handler, calls to AWS answered from memory', 'processor time', 'middle half', 'budget'],
        [
          [
            'audited read of one entry',
            milliseconds(median),
            `${milliseconds(lower)} to ${milliseconds(upper)}`,
            '1 ms',
          ],
        ],
      ),
    );
  } finally {
    await cloud.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The handler with its clients, as it is deployed but for the wrapper that redacts what it prints. @returns a file */
async function bundled(directory: string): Promise<string> {
  const outfile = join(directory, 'entries.js');
  const contents = `
    export { handler } from './lambda/records/entries.lambda';
    export { documents, kms } from './lambda/http/clients';`;
  await bundle(contents, outfile, { keepNames: true }); // commands are told apart by their names
  return outfile;
}

/** Loads the handler against the cloud, reads once, and from then on answers each call as it was answered then. */
async function stubbed(
  cloud: Cloud,
  directory: string,
  ward: Ward,
  event: APIGatewayProxyEvent,
): Promise<() => Promise<void>> {
  Object.assign(process.env, environmentOf(cloud, ward));
  const { handler, documents, kms }: Bundle = require(await bundled(directory));
  const answers = new Map<string, unknown>();
  const keyOf = (command: Command) => JSON.stringify([command.constructor.name, command.input]);
  for (const client of [documents, kms]) {
    const send = client.send.bind(client);
    client.send = async (command) => {
      const known = answers.get(keyOf(command));
      if (known) return known;
      if (answers.size > 0 && isWrite(command)) return {};
      const given = await send(command);
      answers.set(keyOf(command), given);
      return given;
    };
  }
  return async () => {
    const { statusCode, body } = await handler(event, {} as Context);
    if (statusCode !== 200) throw new Error(`the read answered ${statusCode}: ${body}`);
  };
}

const isWrite = (command: Command): boolean => /^(Put|Update|TransactWrite)/.test(command.constructor.name);

function environmentOf(cloud: Cloud, ward: Ward): Record<string, string> {
  const outputs = {
    ORGANIZATION: 'Organization',
    USER_POOL_ID: 'UserPoolId',
    CLIENT_ID: 'ClientId',
    GOVERNANCE_TABLE: 'GovernanceTable',
    AUDIT_TABLE: 'AuditTable',
    RECORDS_TABLE: 'RecordsTable',
    KEYS_TABLE: 'KeysTable',
    PATIENT_KEY: 'PatientKeyArn',
    AWS_REGION: 'Region',
  };
  const { urls } = ward.cloud;
  // The key opens for the function's role alone.
  const credentials = cloud.credentialsOf(roleName(ward.output('Stage'), 'entries'));
  return {
    ...Object.fromEntries(Object.entries(outputs).map(([name, output]) => [name, ward.output(output)])),
    AUDIT_ORIGIN: `ward/${ward.output('Organization')}/${ward.output('Stage')}`,
    FUNCTION: 'entries',
    LOOKUP_KEY_SECONDS: '120',
    SESSION_WORKFORCE_IDLE_SECONDS: '3600',
    SESSION_PATIENT_IDLE_SECONDS: '3600',
    SESSION_ABSOLUTE_SECONDS: '36000',
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
    AWS_ENDPOINT_URL_DYNAMODB: urls.dynamodb,
    AWS_ENDPOINT_URL_KMS: urls.kms,
    AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: urls.cognito,
  };
}

/** What API Gateway hands to the function for the read, as far as the handler looks at it. */
function eventOf(token: string, patient: string, entry: string): APIGatewayProxyEvent {
  const headers = { authorization: `Bearer ${token}` };
  const event: Partial<APIGatewayProxyEvent> = {
    httpMethod: 'GET',
    resource: route,
    path: `/v1/patients/${patient}/records/diagnoses/${entry}`,
    pathParameters: { id: patient, category: 'diagnoses', entryId: entry },
    queryStringParameters: null,
    headers,
    multiValueHeaders: { authorization: [headers.authorization] },
    body: null,
    isBase64Encoded: false,
    requestContext: {
      requestId: randomUUID(),
      identity: { sourceIp: '127.0.0.1' },
    } as APIGatewayProxyEvent['requestContext'],
  };
  return event as APIGatewayProxyEvent;
}
