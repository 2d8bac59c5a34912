import { type FunctionDefinition, type FunctionOptions, LocalFunction } from './functions';
import type { Authorize } from './service';
import type { Credentials } from './signature';

export interface FunctionSetOptions {
  readonly region: string;
  readonly account: string;
  readonly credentials: Credentials;
  readonly authorize: Authorize;
  readonly mayAssume: (service: string, roleArn: string) => boolean;
  readonly log: (group: string, stream: string, lines: readonly string[]) => void;
  readonly trace: FunctionOptions['trace'];
}

type Named = FunctionDefinition & { readonly logicalId: string; readonly aliases?: readonly string[] };

/** The functions of the templates, each with credentials that name its role. */
export class LocalFunctions {
  private readonly functions = new Map<string, LocalFunction>();
  private readonly definitions = new Map<string, Named>();

  /** @throws Error naming a function that Lambda could not run under its role, or that could not log */
  constructor(
    definitions: readonly Named[],
    private readonly options: FunctionSetOptions,
  ) {
    const { region, account, authorize, mayAssume } = options;
    for (const definition of definitions) {
      const { id, arn, aliases = [], logicalId, roleArn, logGroup } = definition;
      if (!mayAssume('lambda.amazonaws.com', roleArn)) throw new Error(`${id}: Lambda may not take on its role`);
      // Without these a function runs in AWS, but nobody ever sees what it says.
      const resource = `arn:aws:logs:${region}:${account}:log-group:${logGroup}:log-stream:any`;
      for (const action of ['logs:CreateLogStream', 'logs:PutLogEvents'])
        authorize({ kind: 'role', arn: roleArn, session: id }, { action, resource });
      // Lambda sends traces as the function's role, and says nothing when it may not.
      for (const action of definition.traced ? ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'] : [])
        authorize({ kind: 'role', arn: roleArn, session: id }, { action, resource: '*' });
      for (const name of [id, arn, logicalId, ...aliases]) this.definitions.set(name, definition);
    }
  }

  /** Makes the functions ready to be invoked. @param endpoints `AWS_ENDPOINT_URL_…` of each service */
  open(endpoints: Readonly<Record<string, string>>): void {
    const { region, credentials } = this.options;
    const log: FunctionSetOptions['log'] = (group, stream, lines) => {
      try {
        this.options.log(group, stream, lines);
      } catch (error) {
        // As in AWS, a function goes on when its log cannot be written.
        process.stderr.write(`${group} cannot be written (${error instanceof Error ? error.name : 'unknown'}).\n`);
      }
    };
    for (const definition of new Set(this.definitions.values())) {
      const issued = credentials.issue({ kind: 'role', arn: definition.roleArn, session: definition.id });
      const environment = {
        ...endpoints,
        AWS_REGION: region,
        AWS_DEFAULT_REGION: region,
        AWS_ACCESS_KEY_ID: issued.accessKeyId,
        AWS_SECRET_ACCESS_KEY: issued.secretAccessKey,
        AWS_SESSION_TOKEN: issued.sessionToken,
      };
      this.functions.set(
        definition.arn,
        new LocalFunction(definition, { environment, log, trace: this.options.trace }),
      );
    }
  }

  /** @param functionId name, ARN, ARN of an alias, or logical id @throws Error when there is none */
  definition(functionId: string): Named {
    const found = this.definitions.get(functionId);
    if (!found) throw new Error(`no function is named ${functionId}`);
    return found;
  }

  /** JSON in, JSON out. @throws FunctionError */
  async invoke(functionId: string, event: string): Promise<string> {
    const found = this.functions.get(this.definition(functionId).arn);
    if (!found) throw new Error(`${functionId} is not ready yet`);
    return found.invoke(event);
  }

  /** @throws FunctionError */
  async invokeWith(functionId: string, event: unknown): Promise<unknown> {
    return JSON.parse(await this.invoke(functionId, JSON.stringify(event)));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.functions.values()].map((each) => each.stop()));
  }
}
