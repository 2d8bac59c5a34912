import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as environment from '../../../lambda/environment';
import { routes } from '../../../lambda/http/routes';
import { declarations, entryPoints, type FunctionDeclaration, functions } from '../../../lib/functions';
import type { Stages } from '../assembly';
import { roleStatements } from '../policy';

type Declared = readonly [string, FunctionDeclaration];
// biome-ignore lint/suspicious/noExplicitAny: properties of a template
const isStarter = (properties: any): boolean =>
  properties.AssumeRolePolicyDocument.Statement[0].Principal.Service === 'scheduler.amazonaws.com';

/** How each function runs: its role as such, its environment, its log, its schedule, its deployments. */
export function describeFunctions({ production }: Pick<Stages, 'production'>): void {
  const { api, handlers, running, data } = production;
  const statements = roleStatements(running);
  const lambdas = running.resources('AWS::Lambda::Function');

  test('there is one function for each declaration, on Node 24 and arm64, each with a role of its own', () => {
    expect(lambdas).toHaveLength(entryPoints.length);
    for (const [, { Properties }] of lambdas)
      expect(Properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        ReservedConcurrentExecutions: expect.any(Number),
      });
    expect(new Set(lambdas.map(([, { Properties }]) => JSON.stringify(Properties.Role))).size).toBe(lambdas.length);
  });

  test('each function is given every variable that its entry point asks for when it loads', () => {
    const root = join(__dirname, '../../../lambda');
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.lambda.ts'),
    );
    const asked = new Map(
      files.map((file) => {
        const [, list = ''] = /readEnvironment<\w+>\(\.\.\.(\w+)\)/.exec(readFileSync(join(root, file), 'utf8')) ?? [];
        return [basename(file, '.lambda.ts'), Object.entries(environment).find(([name]) => name === list)?.[1]];
      }),
    );
    const missing = lambdas.flatMap(([, { Properties }]) => {
      const given = Properties.Environment?.Variables ?? {}; // one that needs none says nothing
      const names = asked.get(given.FUNCTION);
      return Array.isArray(names) ? names.filter((name) => !(name in given)).map((name) => [given.FUNCTION, name]) : [];
    });
    expect(missing).toEqual([]);
    expect([...asked.values()].filter(Array.isArray).length).toBeGreaterThan(30);
  });

  test('roles have the names that the key policies know them by, and no managed policy but the one by which Lambda connects them', () => {
    const roles = running
      .resources('AWS::IAM::Role')
      .filter(([id, { Properties }]) => !/CloudWatchRole|StagedDeployment|^Redrive/.test(id) && !isStarter(Properties));
    expect(roles.map(([, { Properties }]) => Properties.RoleName).sort()).toEqual(
      entryPoints.map((name) => `ward-prod-${name}`).sort(),
    );
    for (const [, { Properties }] of roles) {
      expect(Properties.ManagedPolicyArns).toEqual([
        { 'Fn::ImportValue': expect.stringContaining('NetworkConnection') },
      ]);
      expect(Properties.AssumeRolePolicyDocument.Statement).toEqual([
        { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } },
      ]);
    }
    for (const [id] of running.resources('AWS::IAM::ManagedPolicy')) expect(id).toMatch(/^Ward\w+Boundary/);
  });

  test('a schedule has a role of its own, which starts one function for this account and reports what it could not start', () => {
    const starters = running.resources('AWS::IAM::Role').filter(([, { Properties }]) => isStarter(Properties));
    const scheduled = declarations.filter(([, { calledBy }]: Declared) => calledBy === 'schedule');
    expect(starters).toHaveLength(scheduled.length);
    const started = starters.flatMap(([id, { Properties }]) => {
      expect(Properties.ManagedPolicyArns).toBeUndefined();
      expect(Properties.AssumeRolePolicyDocument.Statement[0].Condition).toEqual({
        StringEquals: { 'aws:SourceAccount': '123456789012' },
      });
      const own = statements.filter(({ where }) => where === id);
      expect(own.flatMap(({ actions }) => actions)).toEqual([
        'lambda:InvokeFunction',
        'sqs:SendMessage',
        'kms:Decrypt',
        'kms:GenerateDataKey',
      ]);
      return own[0]?.resources.map((resource) => JSON.stringify(resource)) ?? [];
    });
    expect(new Set(started).size).toBe(scheduled.length);
  });

  test('a policy fits into what IAM allows a role, and a stack into what CloudFormation allows', () => {
    for (const [id, { Properties }] of running.resources('AWS::IAM::Role')) {
      const [policy] = Properties.Policies ?? [];
      // An ARN of ours has about a hundred characters; IAM counts without white space.
      const written = JSON.stringify(policy?.PolicyDocument ?? {}).replace(/\{"Fn::[^{}]*\}/g, `"${'x'.repeat(100)}"`);
      expect([id, written.length > 10_000]).toEqual([id, false]);
    }
    for (const { json } of production.all) {
      expect(Object.keys(json.Resources).length).toBeLessThan(480);
      expect(JSON.stringify(json, null, 1).length).toBeLessThan(900_000);
    }
  });

  test('what functions reserve leaves the account a hundred instances, of the thousand that a new one has', () => {
    const reserved = lambdas.map(([, { Properties }]) => Number(Properties.ReservedConcurrentExecutions));
    expect(reserved.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(900);
  });

  test('every function of the API knows its organization, its pool and the origin of its audit log', () => {
    const variables = new Map(
      lambdas.map(([, { Properties }]) => [
        Properties.Environment?.Variables.FUNCTION,
        Properties.Environment?.Variables,
      ]),
    );
    for (const [name, { calledBy = 'api' }] of declarations as readonly Declared[])
      expect([name, variables.get(name)]).toEqual([
        name,
        expect.objectContaining(
          calledBy === 'api'
            ? {
                ORGANIZATION: 'example-health',
                AUDIT_ORIGIN: 'ward/example-health/prod',
                USER_POOL_ID: expect.anything(),
                CLIENT_ID: expect.anything(),
                GOVERNANCE_TABLE: expect.anything(),
                AUDIT_TABLE: expect.anything(),
                WEB_ORIGINS: 'https://app.example.org',
              }
            : { STAGE: 'prod', AUDIT_ORIGIN: 'ward/example-health/prod' },
        ),
      ]);
  });

  test('every log group is encrypted under our key and kept six years - 45 CFR 164.316(b)(2)(i)', () => {
    const groups = running.resources('AWS::Logs::LogGroup');
    expect(groups).toHaveLength(entryPoints.length + 3); // and the access log, the user activity, and what the web ACL turned away
    for (const [, group] of groups)
      expect(group).toMatchObject({
        DeletionPolicy: 'Retain',
        Properties: {
          KmsKeyId: { 'Fn::ImportValue': expect.stringContaining('LogsKey') },
          RetentionInDays: 2192,
        },
      });
    const used = lambdas.map(([, { Properties }]) => JSON.stringify(Properties.LoggingConfig.LogGroup));
    expect(new Set(used).size).toBe(lambdas.length);
  });

  test('a new version gets its requests by and by, and none when requests fail - 45 CFR 164.308(a)(7)(ii)(C)', () => {
    const called = (declarations as readonly Declared[]).filter(([, { calledBy = 'api' }]) => calledBy === 'api');
    const groups = handlers.resources('AWS::CodeDeploy::DeploymentGroup');
    expect(groups).toHaveLength(called.length);
    for (const [, { Properties }] of groups)
      expect(Properties).toMatchObject({
        DeploymentConfigName: 'CodeDeployDefault.LambdaCanary10Percent5Minutes',
        DeploymentStyle: { DeploymentType: 'BLUE_GREEN', DeploymentOption: 'WITH_TRAFFIC_CONTROL' },
        AlarmConfiguration: { Enabled: true, Alarms: [{ Name: { Ref: expect.stringMatching(/ServerErrors/) } }] },
        AutoRollbackConfiguration: {
          Enabled: true,
          Events: ['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_REQUEST', 'DEPLOYMENT_STOP_ON_ALARM'],
        },
      });
    const aliases = handlers.resources('AWS::Lambda::Alias');
    expect(aliases).toHaveLength(called.length);
    for (const [, alias] of aliases)
      expect(alias).toMatchObject({ Properties: { Name: 'live' }, UpdatePolicy: { CodeDeployLambdaAliasUpdate: {} } });
    // Nobody may call past the alias: not what the stage calls, and not a function's newest code.
    const permitted = api.resources('AWS::Lambda::Permission').map(([, { Properties }]) => Properties.FunctionName);
    expect(permitted).toHaveLength(called.length);
    for (const name of permitted) expect(JSON.stringify(name)).toMatch(/handlers:ExportsOutputRefStagedDeployment/);
    expect(handlers.resources('AWS::Lambda::Permission')).toEqual([]);
  });

  test('each route leads to a function that is declared', () => {
    expect(routes.filter((route) => !Object.hasOwn(functions, route.function))).toEqual([]);
  });

  test('the operator finds what to connect to in the outputs', () => {
    expect(Object.keys(api.json.Outputs ?? {})).toEqual([
      'ApiUrl',
      'UserPoolId',
      'ClientId',
      'Region',
      'Organization',
      'Stage',
      'Kind',
    ]);
    expect(Object.keys(data.json.Outputs ?? {})).toEqual(
      expect.arrayContaining([
        'RecordsTable',
        'KeysTable',
        'GovernanceTable',
        'AuditTable',
        'AuditIndexTable',
        'DocumentsBucket',
      ]),
    );
    const named = Object.keys(production.archive.json.Outputs ?? {}).filter((id) => !id.startsWith('ExportsOutput'));
    expect(named).toEqual(['ArchiveBucket']);
  });
}
