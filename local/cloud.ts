import { tokenVerifier } from './api/authorizer';
import { type ApiDefinition, readApi, webOrigins } from './api/definition';
import { RestApi } from './api/gateway';
import { Cognito } from './cognito/cognito';
import { DynamoDb } from './dynamodb/dynamodb';
import { LocalFunctions } from './function-set';
import { Iam } from './iam';
import { UseFile } from './iam/use-record';
import { type Intercept, intercepted } from './intercept';
import { Kms } from './kms/kms';
import { Logs } from './logs/logs';
import { Subscriptions } from './logs/subscriptions';
import { startMail } from './mail';
import { sendAs, sendersOf } from './pool-mail';
import { provision, tableEncryption, tableKeys } from './provision';
import { replayRestored } from './replay-restored';
import { S3 } from './s3/s3';
import { type ServeOptions, serve } from './server';
import type { Caller, Service } from './service';
import { Credentials, type IssuedCredentials } from './signature';
import { Sns } from './sns/sns';
import { topicsOf } from './sns/topics';
import { StateDirectory } from './state';
import { Assembly } from './template';
import { Traces } from './traces/traces';
import { Triggers } from './triggers';
import type { Clock } from './triggers/schedule-trigger';

export interface CloudOptions {
  /** folder of the synthesized templates */
  readonly assembly: string;
  /** keeps everything */
  readonly directory: string;
  /** of the API; the services take those behind it. 0: any that are free */
  readonly port: number;
  /** begin with an empty folder */
  readonly reset: boolean;
  /** fails, delays or counts calls for a test */
  readonly intercept?: Intercept;
  /** by which schedules are followed; @default the system's */
  readonly scheduleClock?: Clock;
  /** folder for a record of what the policies of roles were used for; @default `WARD_USES` of the environment, else none is kept */
  readonly uses?: string;
}

export interface CloudUrls {
  readonly api: string;
  readonly cognito: string;
  readonly dynamodb: string;
  readonly kms: string;
  readonly s3: string;
  readonly logs: string;
  readonly ses: string;
  readonly sns: string;
  /** of the page that shows every mail; nothing leaves the machine */
  readonly mail: string;
}

/** What `cloud.json` tells other programs of the same user. */
export interface CloudDescription {
  readonly urls: CloudUrls;
  readonly region: string;
  readonly account: string;
  /** by stack, as `cdk deploy --outputs-file` writes them, with the laptop's URL of the API */
  readonly outputs: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** of the account's root */
  readonly credentials: IssuedCredentials;
  readonly pid: number;
}

export interface Cloud extends CloudDescription {
  readonly directory: string;
  /** path of cloud.json */
  readonly file: string;
  /** @param functionId name, ARN or logical id @returns what the handler answered @throws FunctionError */
  invoke(functionId: string, event: unknown): Promise<unknown>;
  /** Resolves when every stream has been read to its end. */
  settled(): Promise<void>;
  /**
   * What a function of that role signs its calls with, for a test that runs the function's code itself, or that tries what
   * somebody could do who took the function over. @param rehearsed @default code
   */
  credentialsOf(roleName: string, rehearsed?: Caller['rehearsed']): IssuedCredentials;
  /** AWS keeps stream records for a day whether or not they were read: forgets those older than that many milliseconds. */
  trimStreams(ageMilliseconds: number): Promise<void>;
  /** Stops everything; what was acknowledged is on disk. */
  stop(): Promise<void>;
}

/** Cognito's own sender, for a pool that names none. */
const poolSender = { domain: 'verificationemail.com', address: 'no-reply@verificationemail.com' };
const sweepPeriodMilliseconds = 60_000;
const streamAgeMilliseconds = 24 * 60 * 60 * 1000;

/** What has been started, ended in reverse. */
class Started {
  private readonly ends: (() => unknown)[] = [];

  add<Part>(part: Part, end: () => unknown): Part {
    this.ends.push(end);
    return part;
  }

  async end(): Promise<void> {
    for (let end = this.ends.pop(); end; end = this.ends.pop()) await end();
  }
}

/**
 * Starts on 127.0.0.1 what the synthesized templates name.
 * @throws Error in one sentence; nothing is left running then
 */
export async function startCloud(options: CloudOptions): Promise<Cloud> {
  const started = new Started();
  try {
    return await start(options, started);
  } catch (error) {
    await started.end();
    throw error;
  }
}

async function start(options: CloudOptions, started: Started): Promise<Cloud> {
  const assembly = new Assembly(options.assembly);
  const { account, region } = assembly;
  const definition = readApi(assembly);
  if (!definition) throw new Error(`The templates in ${options.assembly} have no REST API.`);
  const uses = options.uses ?? process.env['WARD_USES'];
  const iam = new Iam(assembly, uses ? { record: new UseFile(uses) } : {});
  const state = new StateDirectory(options.directory, { reset: options.reset });
  started.add(state, () => state.release());
  state.checkTables(tableKeys(assembly));
  const credentials = new Credentials();
  const common = { authorize: iam.authorize, region, account };
  const root = `arn:aws:iam::${account}:root`;
  const encryption = tableEncryption(assembly);
  const origins = webOrigins(definition);

  const logs = new Logs({ ...common, directory: state.folder('logs') });
  const port = (offset: number): number => (options.port === 0 ? 0 : options.port + offset);
  const mail = await startMail({
    ...common,
    directory: state.folder('mail'),
    port: port(6),
    identities: [
      ...assembly.resources('AWS::SES::EmailIdentity').map(({ ref }) => ref),
      ...assembly.resources('AWS::Cognito::UserPool').flatMap(({ properties }) => sendersOf(properties)),
      poolSender.domain,
    ],
  }).catch((cause: unknown) => {
    if (!isCode(cause, 'EADDRINUSE')) throw cause;
    throw new Error(`port ${port(6)} is in use; set --port to another port`, { cause });
  });
  started.add(mail, () => mail.close());
  const kms = new Kms({ ...common, directory: state.folder('kms') });
  const sns = new Sns({ ...common, directory: state.folder('sns'), topics: topicsOf(assembly) });
  const s3 = new S3({ ...common, directory: state.folder('s3') });
  const dynamodb = new DynamoDb({
    ...common,
    directory: state.folder('dynamodb'),
    tableKey: (table) => encryption.get(table),
  });
  started.add(dynamodb, () => dynamodb.close());
  const traces = new Traces(state.folder('traces'), (sentence) => process.stderr.write(`${sentence}\n`));
  started.add(traces, () => traces.flush());
  const functions = new LocalFunctions(assembly.functions(), {
    ...common,
    credentials,
    mayAssume: (service, roleArn) => iam.mayAssume(service, roleArn),
    log: (group, stream, lines) => logs.append(group, stream, lines),
    trace: (name, documents) => traces.keep(name, documents),
  });
  started.add(functions, () => functions.stop());
  const cognito = new Cognito({
    ...common,
    directory: state.folder('cognito'),
    origins,
    trigger: (functionArn, event) => {
      const pool = `arn:aws:cognito-idp:${region}:${account}:userpool/${poolOf(event)}`;
      if (!iam.mayInvoke('cognito-idp.amazonaws.com', functionArn, pool))
        throw new Error('the user pool may not invoke its trigger');
      return functions.invokeWith(functionArn, event);
    },
    deliverLog: (group, line) => logs.append(groupOf(group), 'user-activity', [line]),
    mail: sendAs(poolSender.address, { kind: 'root', arn: root }, mail.service),
  });
  await provision(assembly, { dynamodb, kms, s3, cognito, logs });

  const open = async (service: Service, offset: number, signingName: string, more: Partial<ServeOptions> = {}) => {
    const served = await serve(intercepted(service, options.intercept), {
      port: port(offset),
      credentials,
      signingName,
      region,
      portSetting: '--port',
      ...more,
    });
    return started.add(served, () => served.close()).url;
  };
  const services = {
    // Signing in is how a person gets credentials: the calls of an app are unsigned, and IAM refuses the others.
    cognito: await open(cognito, 1, 'cognito-idp', {
      anonymous: () => true,
      crossOrigin: (origin) => origins.includes(origin),
    }),
    dynamodb: await open(dynamodb, 2, 'dynamodb'),
    kms: await open(kms, 3, 'kms'),
    s3: await open(s3, 4, 's3'),
    logs: await open(logs, 5, 'logs'),
    ses: await open(mail.service, 7, 'ses'),
    sns: await open(sns, 8, 'sns'),
  };
  functions.open({
    AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: services.cognito,
    AWS_ENDPOINT_URL_DYNAMODB: services.dynamodb,
    AWS_ENDPOINT_URL_KMS: services.kms,
    AWS_ENDPOINT_URL_S3: services.s3,
    AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: services.logs,
    AWS_ENDPOINT_URL_SESV2: services.ses,
    AWS_ENDPOINT_URL_SNS: services.sns,
  });

  await replayRestored(state.path, assembly, functions);

  const accessStream = `${definition.id}/${new Date().toISOString()}`.replaceAll(':', '.');
  const api = new RestApi({
    definition,
    region,
    accountId: account,
    verifyToken: tokenVerifier((poolId) => fetchBytes(`${services.cognito}/${poolId}/.well-known/jwks.json`)),
    invoke: (functionArn, event) => functions.invoke(functionArn, event),
    mayInvoke: (functionArn, source) => iam.mayInvoke('apigateway.amazonaws.com', functionArn, source),
    accessLog: (destinationArn, line) => logs.append(groupOf(destinationArn), accessStream, [line]),
  });
  started.add(api, () => api.close());
  const urls: CloudUrls = { api: await api.listen(options.port), ...services, mail: mail.url };
  const triggers = await Triggers.start({
    ...common,
    assembly,
    directory: state.folder('triggers'),
    streams: dynamodb,
    invoke: (functionId, event) => functions.invoke(functionId, event),
    roleOf: (functionId) => functions.definition(functionId).roleArn,
    mayInvoke: (service, functionId, source) => iam.mayInvoke(service, functionId, source),
    mayAssume: (service, roleArn, source) => iam.mayAssume(service, roleArn, source),
    report: (sentence) => process.stderr.write(`${sentence}\n`),
    ...(options.scheduleClock && { clock: options.scheduleClock }),
  });
  const subscriptions = new Subscriptions({
    ...common,
    assembly,
    logs,
    invoke: (functionArn, event) => functions.invoke(functionArn, event),
    mayInvoke: (service, functionArn, source) => iam.mayInvoke(service, functionArn, source),
    report: (sentence) => process.stderr.write(`${sentence}\n`),
  });
  started.add(subscriptions, () => subscriptions.stop());
  // A function that is cut off is the end of the trigger's wait for it.
  started.add(triggers, () => Promise.all([triggers.stop(), functions.stop()]));
  const sweeping = setInterval(() => void sweep(dynamodb, logs, triggers), sweepPeriodMilliseconds);
  sweeping.unref();
  started.add(sweeping, () => clearInterval(sweeping));

  const description: CloudDescription = {
    urls,
    region,
    account,
    outputs: localOutputs(assembly, definition, urls.api),
    credentials: credentials.issue({ kind: 'root', arn: root }),
    pid: process.pid,
  };
  return {
    ...description,
    directory: state.path,
    file: state.announce(description),
    invoke: (functionId, event) => functions.invokeWith(functionId, event),
    settled: async () => {
      await subscriptions.settled();
      await triggers.settled();
    },
    credentialsOf: (roleName, rehearsed = 'code') =>
      credentials.issue({
        kind: 'role',
        arn: `arn:aws:iam::${account}:role/${roleName}`,
        session: roleName,
        rehearsed,
      }),
    trimStreams: (age) => dynamodb.trimStreams(age),
    stop: () => started.end(),
  };
}

/** What AWS does by itself: log retention, TTL, and streams that end after a day, though never before a function has read them. */
async function sweep(dynamodb: DynamoDb, logs: Logs, triggers: Triggers): Promise<void> {
  try {
    logs.sweep();
    await dynamodb.sweepExpired();
    if (!triggers.busy) await dynamodb.trimStreams(streamAgeMilliseconds);
  } catch (error) {
    process.stderr.write(`What has expired was not swept (${error instanceof Error ? error.name : 'unknown'}).\n`);
  }
}

function localOutputs(assembly: Assembly, definition: ApiDefinition, url: string): CloudDescription['outputs'] {
  const deployed = `https://${definition.id}.execute-api.${assembly.region}.amazonaws.com/${definition.stage}`;
  return Object.fromEntries(
    Object.entries(assembly.outputs()).map(([stack, outputs]) => [
      stack,
      Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, value.replace(deployed, url)])),
    ]),
  );
}

function poolOf(event: unknown): string {
  return typeof event === 'object' && event !== null && 'userPoolId' in event ? String(event.userPoolId) : '';
}

const isCode = (error: unknown, code: string): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === code;

const groupOf = (arn: string): string => /:log-group:([^:]+)/.exec(arn)?.[1] ?? arn;

async function fetchBytes(url: string): Promise<ArrayBuffer> {
  const response = await fetch(url, { redirect: 'error' });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response.arrayBuffer();
}
