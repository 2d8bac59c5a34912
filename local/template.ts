import { existsSync, statSync } from 'node:fs';
import { join, resolve as resolvePath } from 'node:path';
import type * as z from 'zod';
import {
  assetArtifact,
  assetsSchema,
  functionSchema,
  issues,
  manifestSchema,
  read,
  stackArtifact,
  templateSchema,
} from './cloud-assembly';
import { type Identity, identityOf } from './identities';
import { isObject, type Json, type JsonObject, resolve, type Scope } from './intrinsics';

export type { Json, JsonObject } from './intrinsics';

/** A resource of a template with every intrinsic function resolved to the laptop's names. */
export interface Resource {
  readonly type: string;
  readonly stack: string;
  /** the logical id, unique in its stack only */
  readonly id: string;
  /** what `Ref` gives: a table's or bucket's name, a key's id, a queue's URL */
  readonly ref: string;
  /** undefined where the type has none */
  readonly arn: string | undefined;
  readonly properties: JsonObject;
}

export interface FunctionSpec {
  /** the function's name, as in its ARN */
  readonly id: string;
  readonly logicalId: string;
  readonly arn: string;
  /** ARNs of what points to it under a name: `<arn>:<alias>` */
  readonly aliases: readonly string[];
  readonly roleArn: string;
  /** absolute path of the unzipped bundle */
  readonly directory: string;
  /** `<file without .js>.<export>` */
  readonly handler: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  readonly memoryMegabytes: number;
  /** name of the log group */
  readonly logGroup: string;
  /** X-Ray keeps traces of it */
  readonly traced: boolean;
}

interface Stack {
  readonly name: string;
  readonly region: string;
  readonly template: z.infer<typeof templateSchema>;
  readonly scope: Scope;
}

/** The synthesized stacks of one cloud assembly: one account, as `cdk deploy` would fill it. */
export class Assembly {
  /** of every stack; `000000000000` where the app names none */
  readonly account: string;
  private readonly stacks = new Map<string, Stack>();
  /** absolute source path by hash */
  private readonly assets = new Map<string, string>();
  private readonly identities = new Map<string, Identity>();

  /** @throws Error in one sentence when the folder holds no cloud assembly, or stacks of more than one account */
  constructor(readonly directory: string) {
    const file = join(directory, 'manifest.json');
    if (!existsSync(file)) throw new Error(`${directory} has no cloud assembly; run "npm run synth" first`);
    const accounts = new Set<string>();
    for (const [id, artifact] of Object.entries(read(file, manifestSchema).artifacts)) {
      if (artifact.type === 'cdk:asset-manifest') this.readAssets(assetArtifact.parse(artifact.properties).file);
      if (artifact.type === 'cdk:cloud-assembly') throw new Error(`${id}: a nested cloud assembly is not emulated`);
      if (artifact.type !== 'aws:cloudformation:stack') continue;
      const { templateFile, stackName = id } = stackArtifact.parse(artifact.properties);
      const [, account = '', region = ''] = artifact.environment?.match(/^aws:\/\/([^/]+)\/([^/]+)$/) ?? [];
      accounts.add(/^\d{12}$/.test(account) ? account : '000000000000');
      if (this.stacks.has(stackName)) throw new Error(`two stacks are called ${stackName}`);
      const template = read(join(directory, templateFile), templateSchema);
      const known = region === '' || region === 'unknown-region' ? 'us-east-1' : region;
      this.stacks.set(stackName, { name: stackName, region: known, template, scope: this.scope(stackName, known) });
    }
    if (accounts.size > 1)
      throw new Error(`the laptop is one account, but the stacks name ${[...accounts].sort().join(' and ')}`);
    [this.account = '000000000000'] = accounts;
  }

  /** of the first stack, which every emulator takes for its own */
  get region(): string {
    for (const { region } of this.stacks.values()) return region;
    return 'us-east-1';
  }

  /** every resource of a type in every stack, in the order of the templates */
  resources(type: string): Resource[] {
    return this.list()
      .filter((resource) => resource.type === type)
      .map(({ stack, id }) => this.read(this.stack(stack), id));
  }

  /** type, stack and logical id of every resource; nothing is resolved */
  list(): { readonly type: string; readonly stack: string; readonly id: string }[] {
    return [...this.stacks.values()].flatMap((stack) =>
      Object.entries(stack.template.Resources)
        .filter(([, { Condition }]) => Condition === undefined || stack.scope.condition(Condition))
        .map(([id, { Type }]) => ({ type: Type, stack: stack.name, id })),
    );
  }

  /** The resource with a logical id. @throws Error when no stack has one, or several have and none is named */
  resource(id: string, stack?: string): Resource {
    const found = this.list().filter((each) => each.id === id && (stack === undefined || each.stack === stack));
    const [only] = found;
    if (!only) throw new Error(`no stack has a resource ${id}`);
    if (found.length > 1)
      throw new Error(`${found.map((each) => each.stack).join(' and ')} each have a resource ${id}`);
    return this.read(this.stack(only.stack), id);
  }

  /** What `Fn::GetAtt` gives. @throws Error naming an attribute that the type does not have on the laptop */
  attribute({ stack, id }: Pick<Resource, 'stack' | 'id'>, attribute: string): string {
    return textOf(this.stack(stack).scope.attribute(id, attribute), `${stack}: ${id}.${attribute}`);
  }

  /** @throws Error naming a function whose code is not an unzipped asset of the assembly */
  functions(): FunctionSpec[] {
    const aliases = this.resources('AWS::Lambda::Alias');
    return this.resources('AWS::Lambda::Function').map(({ id, ref, arn, stack, properties }) => {
      const parsed = functionSchema.safeParse(properties);
      if (!parsed.success || arn === undefined)
        throw new Error(`${stack}: function ${id} is not emulated (${issues(parsed.error)})`);
      const { Role, Handler, Code, Environment, Timeout, MemorySize, LoggingConfig, TracingConfig } = parsed.data;
      const directory = this.assets.get((Code.S3Key ?? '').replace(/\.zip$/, ''));
      if (!directory || !statSync(directory, { throwIfNoEntry: false })?.isDirectory())
        throw new Error(`${stack}: the code of function ${id} is not an unzipped asset of the assembly`);
      return {
        id: ref,
        logicalId: id,
        arn,
        aliases: aliases.filter(({ properties }) => properties['FunctionName'] === ref).map((alias) => alias.ref),
        roleArn: Role,
        directory,
        handler: Handler,
        environment: Environment?.Variables ?? {},
        timeoutSeconds: Timeout,
        memoryMegabytes: MemorySize,
        logGroup: LoggingConfig?.LogGroup ?? `/aws/lambda/${ref}`,
        traced: TracingConfig?.Mode === 'Active',
      };
    });
  }

  /** by stack name, then output: what `cdk deploy --outputs-file` writes */
  outputs(): Record<string, Record<string, string>> {
    return Object.fromEntries(
      [...this.stacks.values()].map(({ name, template, scope }) => [
        name,
        Object.fromEntries(
          Object.entries(template.Outputs)
            .filter(([, { Condition }]) => Condition === undefined || scope.condition(Condition))
            .map(([id, { Value }]) => [id, textOf(resolve(scope, Value), `${name}: output ${id}`)]),
        ),
      ]),
    );
  }

  private read(stack: Stack, id: string): Resource {
    const { Type: type, Properties } = this.declared(stack, id);
    const { Ref = '', ...attributes } = this.identity(stack, id);
    const properties: Record<string, Json> = {};
    for (const [key, value] of Object.entries(Properties ?? {})) {
      const resolved = resolve(stack.scope, value);
      if (resolved !== undefined) properties[key] = resolved;
    }
    return { type, stack: stack.name, id, ref: Ref, arn: attributes['Arn'] ?? arnOf(Ref), properties };
  }

  private identity(stack: Stack, id: string): Identity {
    const key = `${stack.name}/${id}`;
    const known = this.identities.get(key);
    if (known) return known;
    const { Type: type, Properties } = this.declared(stack, id);
    const property = (name: string): Json | undefined => {
      const value = Properties?.[name];
      return value === undefined ? undefined : resolve(stack.scope, value);
    };
    const made = identityOf({ type, stack: stack.name, id, account: this.account, region: stack.region, property });
    this.identities.set(key, made);
    return made;
  }

  private declared(stack: Stack, id: string) {
    const resources = stack.template.Resources;
    const found = Object.hasOwn(resources, id) ? resources[id] : undefined;
    if (!found) throw new Error(`${stack.name}: nothing is named ${id}`);
    return found;
  }

  private scope(name: string, region: string): Scope {
    const stack = (): Stack => this.stack(name);
    return {
      stack: name,
      region,
      reference: (id) => {
        if (id === 'AWS::NoValue') return undefined;
        if (id.startsWith('AWS::')) return this.pseudoParameter(name, region, id);
        const parameters = stack().template.Parameters;
        const parameter = Object.hasOwn(parameters, id) ? parameters[id] : undefined;
        if (!parameter) return this.identity(stack(), id)['Ref'];
        if (parameter.Default === undefined || parameter.Type.startsWith('AWS::SSM::'))
          throw new Error(`${name}: parameter ${id} has no value on the laptop`);
        return parameter.Default;
      },
      attribute: (id, attribute) => {
        const found = this.identity(stack(), id);
        const value = attribute !== 'Ref' && Object.hasOwn(found, attribute) ? found[attribute] : undefined;
        if (value === undefined)
          throw new Error(`${name}: ${this.declared(stack(), id).Type}.${attribute} (of ${id}) is not emulated`);
        return value;
      },
      condition: (id) => {
        const condition = stack().template.Conditions[id];
        if (condition === undefined) throw new Error(`${name}: no condition is named ${id}`);
        return resolve(stack().scope, condition) === true;
      },
      mapping: (map, first, second) => {
        const value = stack().template.Mappings[map]?.[first]?.[second];
        if (value === undefined) throw new Error(`${name}: no mapping has ${map}, ${first}, ${second}`);
        return value;
      },
      imported: (exportName) => this.imported(exportName),
      stackOutput: (other, output) => {
        const { template, scope } = this.stack(other);
        const value = template.Outputs[output]?.Value;
        if (value === undefined) throw new Error(`${name}: stack ${other} has no output ${output}`);
        return resolve(scope, value) ?? null;
      },
    };
  }

  private pseudoParameter(stack: string, region: string, id: string): string {
    switch (id) {
      case 'AWS::AccountId':
        return this.account;
      case 'AWS::Region':
        return region;
      case 'AWS::Partition':
        return 'aws';
      case 'AWS::URLSuffix':
        return 'amazonaws.com';
      case 'AWS::StackName':
        return stack;
      case 'AWS::StackId':
        return `arn:aws:cloudformation:${region}:${this.account}:stack/${stack}/laptop`;
      default:
        throw new Error(`${stack}: ${id} is not emulated`);
    }
  }

  private imported(exportName: string): Json {
    for (const { template, scope } of this.stacks.values())
      for (const { Value, Export } of Object.values(template.Outputs))
        if (Export && resolve(scope, Export.Name) === exportName) return resolve(scope, Value) ?? null;
    throw new Error(`no stack exports ${exportName}`);
  }

  private stack(name: string): Stack {
    const stack = this.stacks.get(name);
    if (!stack) throw new Error(`the assembly has no stack ${name}`);
    return stack;
  }

  private readAssets(file: string): void {
    for (const [hash, { source }] of Object.entries(read(join(this.directory, file), assetsSchema).files))
      if (source.path !== undefined) this.assets.set(hash, resolvePath(this.directory, source.path));
  }
}

const arnOf = (ref: string): string | undefined => (ref.startsWith('arn:') ? ref : undefined);

function textOf(value: Json | undefined, what: string): string {
  if (value === undefined || value === null || isObject(value) || Array.isArray(value))
    throw new Error(`${what} is not a text`);
  return String(value);
}
