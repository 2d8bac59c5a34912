import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import cdk from '../../cdk.json';
import type { Acknowledgement } from '../../lib/acknowledgements';
import { controlOf, guardName } from '../../lib/checks/guard';
import { collectPolicies, type Policies } from '../../local/iam/policies';
import { Assembly } from '../../local/template';

export const productionStage = {
  kind: 'production',
  organization: 'example-health',
  account: '123456789012',
  region: 'us-east-1',
  relyingParty: 'app.example.org',
  webOrigins: ['https://app.example.org'],
  mailFrom: 'ward@example.org',
  prefixLists: { dynamodb: 'pl-02cd2c6b', s3: 'pl-63a5400a' },
  canary: '00000000-0000-4000-8000-00000000ca9a',
  redriveOperators: ['arn:aws:iam::123456789012:user/on-call', 'arn:aws:iam::123456789012:role/on-call'],
};

const apartStage = {
  ...productionStage,
  region: 'eu-central-1',
  availabilityZones: ['a', 'b', 'c'],
  prefixLists: { dynamodb: 'pl-66a5400f', s3: 'pl-6ea54007' },
  domain: {
    name: 'api.example.org',
    certificateArn: 'arn:aws:acm:eu-central-1:123456789012:certificate/00000000-0000-4000-8000-000000000000',
  },
  mutualTls: { truststore: 's3://example-truststore/clients.pem', version: 'v1' },
  waf: { countries: ['DE', 'US'], requestsPerAddress: 1000, requestsPerToken: 500 },
  guardDuty: true,
  securityHub: true,
  archiveAccount: '210987654321',
  multiRegionKeys: false,
  recovery: { region: 'eu-west-1' },
  keyAdministrators: ['arn:aws:iam::123456789012:role/break-glass'],
  redriveOperators: [],
};
/** what the cheapest stage that anyone may have looks like, with a name of its own and copies elsewhere */
const cheapStage = {
  ...productionStage,
  kind: 'development',
  network: 'none',
  prefixLists: undefined,
  canary: undefined,
  domain: {
    name: 'api.example.org',
    certificateArn: 'arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-4000-8000-000000000000',
  },
  recovery: {
    region: 'us-west-2',
    account: '345678901234',
    keys: { patient: `mrk-${'a'.repeat(32)}`, signing: [`mrk-${'b'.repeat(32)}`] },
  },
};

/** a stage of the first Region that another one stands by for … */
const lostStage = {
  ...productionStage,
  recovery: {
    region: 'us-west-2',
    standby: 'second',
    keys: { patient: `mrk-${'c'.repeat(32)}`, signing: [`mrk-${'d'.repeat(32)}`] },
  },
};
/** … and that one */
export const secondStage = {
  ...productionStage,
  region: 'us-west-2',
  prefixLists: { dynamodb: 'pl-00a54069', s3: 'pl-68a54001' },
  canary: undefined,
  redriveOperators: [],
  succeeds: { stage: 'lost', fingerprint: 'e'.repeat(64) },
};

/** the stages whose templates are held against production's, by their names */
export const variants = { apart: apartStage, cheap: cheapStage, second: secondStage };
/** every stage that there is in the tests' `cdk.json` */
export const stages = { ...cdk.context.ward.stages, prod: productionStage, lost: lostStage, ...variants };

export interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: a template's properties are as deep as the assertion that looks at them
  readonly Properties: any;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

/** One stack as CloudFormation gets it. */
export class Template {
  constructor(readonly json: { readonly Resources: Readonly<Record<string, Resource>>; readonly Outputs?: object }) {}

  /** @returns the resources of a type by logical id */
  resources(type: string): readonly (readonly [id: string, resource: Resource])[] {
    return Object.entries(this.json.Resources).filter(([, resource]) => resource.Type === type);
  }

  /** @returns the one resource of a type, or the one whose logical id begins with a word */
  only(type: string, id = ''): Resource {
    const found = this.resources(type).filter(([name]) => name.startsWith(id));
    if (found.length !== 1 || !found[0]) throw new Error(`${found.length} of ${type} ${id}, one was expected`);
    return found[0][1];
  }
}

export interface Synthesized {
  readonly archive: Template;
  readonly data: Template;
  readonly handlers: Template;
  readonly api: Template;
  /** what runs, as one: monitoring, authentication, operations, handlers and the API */
  readonly running: Template;
  readonly queries: Template;
  readonly monitoring: Template;
  /** absent where the stage does without */
  readonly network: Template | undefined;
  readonly trail: Template;
  readonly recovery: Template;
  /** of a stage with a recovery Region */
  readonly recoveryRegion: Template | undefined;
  /** of a stage whose keys have replicas */
  readonly recoveryKeys: Template | undefined;
  /** of a stage outside of the global Region */
  readonly globalEvents: Template | undefined;
  /** of an archive in another account */
  readonly archiveTrail: Template | undefined;
  readonly all: readonly Template[];
  /** by name, such as WardData */
  readonly byName: Readonly<Record<string, Template>>;
  readonly acknowledgements: readonly Acknowledgement[];
}

/** A stage of one account, with every intrinsic function resolved. */
export interface Resolved {
  readonly policies: Policies;
  /** ARNs by stack and logical id, such as `ward-prod-archive/Bucket83908E77` */
  readonly arns: ReadonlyMap<string, string>;
}

/** What a rule pack finds at a construct where nothing is acknowledged. */
export interface Finding {
  readonly rule: string;
  readonly path: string;
}

/** What the tests of templates look at. */
export interface Stages {
  readonly local: Synthesized;
  readonly production: Synthesized;
  /** production with every setting that has one, in other Regions and accounts */
  readonly apart: Synthesized;
  /** a development stage without a network */
  readonly cheap: Synthesized;
  /** a stage that stands by for another */
  readonly second: Synthesized;
  readonly resolved: { readonly local: Resolved; readonly production: Resolved };
  /** of production */
  readonly findings: readonly Finding[];
  /** of production, with nothing answered */
  readonly guard: ReturnType<typeof guardViolations>;
  /** of its variants, but for their functions */
  readonly variantGuard: ReturnType<typeof guardViolations>;
}

/** Synthesizes the laptop's stage and a production stage. Functions are stand-ins: bundles are the bundle test's business. */
export function synthesize(): Stages {
  const folder = mkdtempSync(join(tmpdir(), 'ward-synth-'));
  try {
    const contexts = ['local', 'apart', 'cheap', 'second', 'prod'].map((stage) =>
      JSON.stringify({ ...cdk.context, stage, ward: { stages } }),
    );
    const child = spawnSync(process.execPath, ['--import', 'tsx', join(__dirname, 'child.ts'), folder, ...contexts], {
      encoding: 'utf8',
    });
    if (child.status !== 0) throw new Error(`the app does not synthesize\n${child.stdout}${child.stderr}`);
    const report: Report = JSON.parse(readFileSync(join(folder, 'bare', 'validation-report.json'), 'utf8'));
    return {
      local: read(join(folder, 'local')),
      production: read(join(folder, 'prod')),
      apart: read(join(folder, 'apart')),
      cheap: read(join(folder, 'cheap')),
      second: read(join(folder, 'second')),
      resolved: { local: resolve(join(folder, 'local')), production: resolve(join(folder, 'prod')) },
      findings: findings(report),
      guard: guardViolations(report),
      variantGuard: Object.keys(variants).flatMap((stage) =>
        JSON.parse(readFileSync(join(folder, stage, 'guard.json'), 'utf8')),
      ),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function read(folder: string): Synthesized {
  const json = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
  const stack = (name: string) => new Template(json(`${name}.template.json`));
  const [archive, data, api] = [stack('WardArchive'), stack('WardData'), stack('WardApi')];
  const [monitoring, authentication] = [stack('WardMonitoring'), stack('WardAuthentication')];
  const [operations, handlers] = [stack('WardOperations'), stack('WardHandlers')];
  const queries = stack('WardAuditQueries');
  const names = readdirSync(folder).flatMap((name) => /^(\w+)\.template\.json$/.exec(name)?.[1] ?? []);
  const more = Object.fromEntries(names.map((name) => [name, stack(name)]));
  return {
    archive,
    data,
    handlers,
    api,
    queries,
    monitoring,
    network: more['WardNetwork'],
    trail: stack('WardTrail'),
    recovery: stack('WardRecovery'),
    recoveryRegion: more['WardRecoveryRegion'],
    recoveryKeys: more['WardRecoveryKeys'],
    globalEvents: more['WardGlobalEvents'],
    archiveTrail: more['WardArchiveTrail'],
    running: together([monitoring, authentication, operations, handlers, api]),
    all: Object.values(more),
    byName: more,
    acknowledgements: json('acknowledgements.json'),
  };
}

/** of what can be done something to: buckets, keys, tables, log groups, the user pool, functions */
const protectedTypes = [
  'AWS::S3::Bucket',
  'AWS::KMS::Key',
  'AWS::DynamoDB::GlobalTable',
  'AWS::Logs::LogGroup',
  'AWS::Cognito::UserPool',
  'AWS::Lambda::Function',
];

function resolve(folder: string): Resolved {
  const assembly = new Assembly(folder);
  const arns = new Map(
    protectedTypes
      .flatMap((type) => assembly.resources(type))
      .map(({ stack, id, arn }) => [`${stack}/${id}`, arn ?? '']),
  );
  return { policies: collectPolicies(assembly), arns };
}

/** @throws Error when two stacks give something the same logical id: an assertion could not tell them apart */
function together(stacks: readonly Template[]): Template {
  const resources: Record<string, Resource> = {};
  for (const { json } of stacks)
    for (const [id, resource] of Object.entries(json.Resources)) {
      if (Object.hasOwn(resources, id)) throw new Error(`two stacks have a resource ${id}`);
      resources[id] = resource;
    }
  return new Template({ Resources: resources });
}

interface Report {
  readonly pluginReports: readonly {
    readonly pluginName: string;
    readonly violations: readonly {
      readonly ruleName: string;
      readonly description: string;
      readonly violatingConstructs: readonly {
        readonly constructPath: string;
        readonly cloudFormationResource?: { readonly logicalId: string };
      }[];
    }[];
  }[];
}

function findings(report: Report): readonly Finding[] {
  return report.pluginReports
    .filter(({ pluginName }) => pluginName !== guardName)
    .flatMap(({ violations }) =>
      violations.flatMap(({ ruleName, violatingConstructs }) =>
        violatingConstructs.map(({ constructPath }) => ({ rule: ruleName, path: constructPath })),
      ),
    );
}

/** What Control Tower's rules find, once a resource: control and logical id. */
function guardViolations(report: Report): readonly (readonly [control: string, logicalId: string])[] {
  const found = report.pluginReports
    .filter(({ pluginName }) => pluginName === guardName)
    .flatMap(({ violations }) =>
      violations.flatMap((violation) =>
        violation.violatingConstructs.map(
          ({ constructPath, cloudFormationResource }) =>
            [controlOf(violation), cloudFormationResource?.logicalId ?? constructPath] as const,
        ),
      ),
    );
  return [...new Map(found.map((each) => [each.join(' '), each])).values()];
}
