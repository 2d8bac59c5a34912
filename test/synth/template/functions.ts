import { routes } from '../../../lambda/http/routes';
import { declarations, entryPoints, functions } from '../../../lib/functions';
import type { Synthesized } from '../assembly';
import { roleStatements } from '../policy';

/** Actions that AWS offers no resource for, with the reason. */

const withoutResource: readonly string[] = [
  'dynamodb:ListStreams', // Lambda asks for it before it reads a stream
  'logs:GetQueryResults', // gives the results of a query whose id one has
  'logs:GetQueryResults', // of a query whose id one has
];

export function describeFunctions({ production }: { readonly production: Synthesized }): void {
  const { api, data } = production;
  const statements = roleStatements(api);
  const lambdas = api.resources('AWS::Lambda::Function');

  const functionRoles = api.resources('AWS::IAM::Role').filter(([, { Properties }]) => Properties.RoleName);

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

  test('roles have the names that the key policies know them by, and no managed policy', () => {
    const roles = functionRoles;
    expect(roles.map(([, { Properties }]) => Properties.RoleName).sort()).toEqual(
      entryPoints.map((name) => `ward-prod-${name}`).sort(),
    );
    for (const [, { Properties }] of roles) {
      expect(Properties.ManagedPolicyArns).toBeUndefined();
      expect(Properties.AssumeRolePolicyDocument.Statement[0].Principal).toEqual({ Service: 'lambda.amazonaws.com' });
    }
  });

  test('no role may do anything that is not named - 45 CFR 164.308(a)(4)(ii)(B)', () => {
    expect(statements.length).toBeGreaterThan(50);
    for (const { actions, resources, where } of statements) {
      expect(actions.filter((action) => action.includes('*'))).toEqual([]);
      if (actions.every((action) => withoutResource.includes(action))) continue;
      for (const resource of resources)
        if (actions.some((action) => action.startsWith('s3:')))
          // Objects are named by what they hold: a role names the folder.
          expect(JSON.stringify(resource)).not.toMatch(/\*(?!"\]\]\})|Arn[^,]*\},"\/?\*/);
        else
          expect(`${where}: ${typeof resource === 'string' ? resource : JSON.stringify(resource)}`).not.toMatch(/\*/);
    }
  });

  test('every call on a table names the partitions that it may touch, in a way that a call without one fails', () => {
    for (const { actions, condition } of statements) {
      if (!actions.some((action) => action.startsWith('dynamodb:'))) continue;
      if (actions.every((action) => /Stream|GetRecords|GetShardIterator/.test(action))) continue;
      if (actions.includes('dynamodb:Scan')) continue;
      const partitions = condition['ForAllValues:StringLike']?.['dynamodb:LeadingKeys'];
      expect(partitions).toBeDefined();
      expect([partitions].flat()).not.toContain('*');
      expect(condition['Null']).toMatchObject({ 'dynamodb:LeadingKeys': 'false' });
    }
  });

  test('a scan sees which patients there are and how old their keys are: no wrapped key, and no other table', () => {
    const scans = statements.filter(({ actions }) => actions.includes('dynamodb:Scan'));
    expect(scans.map(({ where }) => where.replace(/Role.*/, '')).sort()).toEqual(['Keys', 'LookupRotation']);
    for (const { actions, resources, condition } of scans) {
      expect(actions).toEqual(['dynamodb:Scan']);
      expect(JSON.stringify(resources)).toMatch(/RecordsKeys/);
      expect(condition).toEqual({
        'ForAllValues:StringEquals': {
          'dynamodb:Attributes': ['PK', 'SK', 'newest', 'state', 'createdAt', 'rotatedAt'],
        },
        Null: { 'dynamodb:Attributes': 'false' },
        StringEquals: { 'dynamodb:Select': 'SPECIFIC_ATTRIBUTES' },
      });
    }
  });

  test('records are written inside a transaction alone, where the audit event is; staged parts leave by a batch', () => {
    const writes = /^dynamodb:(Put|Update|Delete|BatchWrite)/;
    const plain = statements
      .filter(({ resources }) => /Records[0-9A-F]{8}Arn/.test(JSON.stringify(resources)))
      .filter(
        ({ actions, condition }) =>
          actions.some((action) => writes.test(action)) && !condition['ForAnyValue:StringEquals'],
      );
    expect(plain.map(({ condition }) => condition['ForAllValues:StringLike'])).toEqual([
      { 'dynamodb:LeadingKeys': ['I#*'] },
    ]);
    for (const { condition } of statements)
      if (condition['ForAnyValue:StringEquals'])
        expect(condition['ForAnyValue:StringEquals']).toEqual({
          'dynamodb:EnclosingOperation': ['TransactWriteItems'],
        });
  });

  test('the function that binds an account to a record can give no role', () => {
    const writes = statements.filter(
      ({ where, actions, condition }) =>
        where.startsWith('Account') &&
        actions.some((action) => action.startsWith('dynamodb:')) &&
        !actions.includes('dynamodb:BatchGetItem') &&
        JSON.stringify(condition).includes('ACTOR#'),
    );
    expect(writes.map(({ actions, condition }) => [actions, condition['ForAllValues:StringEquals']])).toEqual([
      [['dynamodb:UpdateItem'], { 'dynamodb:Attributes': ['PK', 'SK', 'patient', 'version'] }],
    ]);
  });

  test('only the function that creates people writes actors', () => {
    const writers = statements.filter(
      ({ actions, condition }) =>
        actions.includes('dynamodb:PutItem') && JSON.stringify(condition).includes('"ACTOR#*"'),
    );
    expect(writers.map(({ where }) => where)).toEqual([expect.stringMatching(/^Users/)]);
  });

  test('keys of tables, buckets and queues are used through their service alone', () => {
    const tableKeys = statements.filter(
      ({ actions, resources }) =>
        actions.some((action) => action.startsWith('kms:')) && !/PatientKey|SigningKey/.test(JSON.stringify(resources)),
    );
    expect(tableKeys.length).toBeGreaterThanOrEqual(declarations.length);
    const services = tableKeys.map(({ condition }) => {
      expect(Object.keys(condition)).toEqual(['StringEquals']);
      expect(Object.keys(condition['StringEquals'] ?? {})).toEqual(['kms:ViaService']);
      return condition['StringEquals']?.['kms:ViaService'];
    });
    expect(new Set(services)).toEqual(
      new Set(['dynamodb', 's3', 'sqs'].map((service) => `${service}.us-east-1.amazonaws.com`)),
    );
  });

  test('a function holds the patient key for what it declares, under its organization', () => {
    for (const [id, declaration] of declarations) {
      const own = statements.filter(
        ({ where, resources }) =>
          where.toLowerCase().startsWith(`${id.replaceAll('-', '')}role`) &&
          JSON.stringify(resources).includes('PatientKey'),
      );
      expect(own.flatMap(({ actions }) => actions).sort()).toEqual(
        Object.keys(declaration.patientKey ?? {}).map((action) => `kms:${action}`),
      );
      for (const { condition } of own)
        expect(condition['StringEquals']).toMatchObject({ 'kms:EncryptionContext:organization': 'example-health' });
    }
  });

  test('what handles people sees no key of a patient', () => {
    for (const name of ['account', 'users', 'care-team'] as const)
      expect(functions[name]).not.toHaveProperty('patientKey');
    const withKey = lambdas.filter(([, { Properties }]) => Properties.Environment?.Variables.PATIENT_KEY);
    expect(withKey.map(([id]) => id).join()).not.toMatch(/Account|Users|CareTeam|PreToken/);
  });

  test('the trigger of the user pool has no environment and may write its log, nothing else', () => {
    const [trigger] = lambdas.filter(([id]) => id.startsWith('PreToken'));
    expect(trigger?.[1].Properties.Environment).toBeUndefined();
    expect(statements.filter(({ where }) => where.startsWith('PreToken')).map(({ actions }) => actions)).toEqual([
      ['logs:CreateLogStream', 'logs:PutLogEvents'],
    ]);
  });

  test('every function of the API knows its organization, its pool and the origin of its audit log', () => {
    for (const [, { Properties }] of lambdas) {
      const { FUNCTION: name } = Properties.Environment?.Variables ?? {};
      if (!routes.some((route) => route.function === name)) continue;
      expect(Properties.Environment.Variables).toMatchObject({
        ORGANIZATION: 'example-health',
        AUDIT_ORIGIN: 'ward/example-health/prod',
        USER_POOL_ID: expect.anything(),
        CLIENT_ID: expect.anything(),
        GOVERNANCE_TABLE: expect.anything(),
        AUDIT_TABLE: expect.anything(),
        WEB_ORIGINS: 'https://app.example.org',
      });
    }
  });

  test('every log group is encrypted under our key and kept six years - 45 CFR 164.316(b)(2)(i)', () => {
    const groups = api.resources('AWS::Logs::LogGroup');
    expect(groups).toHaveLength(entryPoints.length + 2); // and the access log, and the user activity
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

  test('no role reaches the key of the log groups', () => {
    expect(JSON.stringify(statements)).not.toMatch(/LogsKey/);
  });

  test('all functions together leave the account the hundred instances that AWS keeps unreserved', () => {
    const reserved = lambdas.map(([, { Properties }]) => Properties.ReservedConcurrentExecutions);
    expect(reserved.reduce((sum: number, instances: number) => sum + instances, 0)).toBeLessThanOrEqual(900);
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
    expect(Object.keys(production.archive.json.Outputs ?? {})).toContain('ArchiveBucket');
  });
}
