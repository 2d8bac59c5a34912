import { declarations, type FunctionDeclaration, functions } from '../../../lib/functions';
import { productionStage, type Stages, type Synthesized } from '../assembly';
import { roleStatements } from '../policy';

/** Actions that IAM knows no resource for, and the roles that have each. */
const withoutResource: Readonly<Record<string, readonly string[]>> = {
  'backup:DescribeRestoreJob': ['RestoreValidation'], // names, times and states of restore jobs
  'backup:ListRestoreJobs': ['RestoreValidation'],
  'backup:PutRestoreValidationResult': ['RestoreValidation'],
  'cloudwatch:DescribeAlarms': ['StagedDeployment'], // of several alarms at once; states alone
  'dynamodb:ListStreams': ['Detector', 'Sealer'], // Lambda asks for it before it reads a stream: names alone
  'logs:GetQueryResults': ['IncidentDossier'], // of a query whose id one has
};
/** Objects are named by what they hold, so that a policy can name their folder alone; who may do what there. */
const archiveFolders = {
  'v1/segments/* s3:GetObject': [
    'AccessLog',
    'AuditSearch',
    'IncidentDossier',
    'IncidentScope',
    'Reconciler',
    'Sealer',
  ],
  'v1/segments/* s3:PutObject': ['Reconciler', 'Sealer'],
  'v1/log/* s3:GetObject': ['Checkpointer', 'IncidentDossier'],
  'v1/log/* s3:PutObject': ['Checkpointer'],
  'v1/* s3:GetObject': ['RestoreReplay', 'Verification'],
  'v1/* s3:GetObjectVersion': ['RestoreReplay', 'Verification'],
};
const documentFolders = {
  'incidents/* s3:GetObject': ['IncidentDossier', 'IncidentNotices', 'RestoreValidation'],
  'incidents/* s3:GetObjectVersion': ['IncidentDossier', 'IncidentNotices'],
  'incidents/* s3:PutObject': ['IncidentDossier', 'IncidentNotices', 'IncidentScope'],
  'incidents/* s3:PutObjectRetention': ['IncidentDossier', 'IncidentNotices', 'IncidentScope'], // S3 asks for it of a locked put
};
const streamCalls = [
  'dynamodb:DescribeStream',
  'dynamodb:GetRecords',
  'dynamodb:GetShardIterator',
  'dynamodb:ListStreams',
];
/** by the name of their stack: so many ARNs would not fit into a role's policy */
const liveFunctions = 'arn:aws:lambda:us-east-1:123456789012:function:ward-prod-handlers-*';
/** AWS Backup chooses the rest of these names */
const restoredTables = 'arn:aws:dynamodb:us-east-1:123456789012:table/awsbackup-restore-test-*';
const restoredBuckets = /^arn:aws:s3:::awsbackup-restore-test-\*(\/\*)?$/;
const logsOfStack = /^arn:aws:logs:us-east-1:123456789012:log-group:ward-prod-(handlers|operations|authentication)-\*$/;
type Declared = readonly [string, FunctionDeclaration];
const nameOf = (where: string): string => where.replace(/Role[0-9A-F]{8}$/, '');

/** What the role of each function may, and what none may. */
export function describeGrants({ production, cheap }: Pick<Stages, 'production' | 'cheap'>): void {
  const { running } = production;
  const statements = roleStatements(running);
  const lambdas = running.resources('AWS::Lambda::Function');

  test('no role may do anything that is not named - 45 CFR 164.308(a)(4)(ii)(B)', () => {
    expect(statements.length).toBeGreaterThan(50);
    const folders: Record<string, Record<string, string[]>> = { archive: {}, documents: {} };
    for (const { actions, resources, where } of statements) {
      expect(actions.filter((action) => action.includes('*'))).toEqual([]);
      for (const resource of resources.map((each) => (typeof each === 'string' ? each : JSON.stringify(each)))) {
        if (!resource.includes('*')) continue;
        if (nameOf(where) === 'StagedDeployment' && resource === liveFunctions) continue;
        if (nameOf(where) === 'RestoreValidation' && resource === restoredTables) {
          expect(actions.filter((action) => !/^dynamodb:(BatchGetItem|GetItem|Query|Scan)$/.test(action))).toEqual([]);
          continue;
        }
        if (nameOf(where) === 'RestoreValidation' && restoredBuckets.test(resource)) {
          expect(actions).toEqual([resource.endsWith('/*') ? 's3:GetObject' : 's3:ListBucket']);
          continue;
        }
        if (nameOf(where) === 'IncidentDossier' && actions.join() === 'logs:StartQuery') {
          expect(resource).toMatch(logsOfStack);
          continue;
        }
        const [, store = '', folder = ''] =
          /(DocumentsBucket|archive:).*"\/([a-z0-9/]+\*)"\]\]\}$/.exec(resource) ?? [];
        const found = folders[store === 'archive:' ? 'archive' : 'documents'] ?? {};
        // Names of functions and durations, of whoever X-Ray traces: IAM knows no resource for them.
        for (const action of actions.filter((each) => resource !== '*' || !each.startsWith('xray:Put')))
          if (folder) found[`${folder} ${action}`] = [...(found[`${folder} ${action}`] ?? []), nameOf(where)].sort();
          else {
            expect([action, resource]).toEqual([action, '*']);
            expect(withoutResource[action]).toContain(nameOf(where));
          }
      }
    }
    expect(folders).toEqual({ archive: archiveFolders, documents: documentFolders });
  });

  test('every call on a table names the partitions that it may touch, in a way that a call without one fails', () => {
    for (const { actions, condition } of statements) {
      if (!actions.some((action) => action.startsWith('dynamodb:'))) continue;
      if (actions.includes('dynamodb:Scan') || actions.some((action) => streamCalls.includes(action))) continue;
      const partitions = condition['ForAllValues:StringLike']?.['dynamodb:LeadingKeys'];
      expect(partitions).toBeDefined();
      expect([partitions].flat()).not.toContain('*');
      expect(condition['Null']).toMatchObject({ 'dynamodb:LeadingKeys': 'false' });
    }
  });

  test('the stream of the outbox has the two readers that DynamoDB serves: the sealer and the detector', () => {
    const readers = statements.filter(({ actions }) => actions.some((action) => streamCalls.includes(action)));
    expect(readers.map(({ where, actions }) => [nameOf(where), actions])).toEqual([
      ['Detector', ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator']],
      ['Detector', ['dynamodb:ListStreams']],
      ['Sealer', ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator']],
      ['Sealer', ['dynamodb:ListStreams']],
    ]);
    expect(JSON.stringify(readers[0]?.resources)).toMatch(/Audit[0-9A-F]{8}StreamArn/);
  });

  test('a scan sees which patients there are and how old their keys are: no wrapped key, and no other table', () => {
    const scans = statements.filter(
      ({ actions, resources }) => actions.includes('dynamodb:Scan') && resources[0] !== restoredTables,
    );
    expect(scans.map(({ where }) => where.replace(/Role.*/, '')).sort()).toEqual([
      'Keys',
      'LookupRotation',
      'RestoreValidation',
    ]);
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
    const partitions = plain.flatMap(
      ({ condition }) => condition['ForAllValues:StringLike']?.['dynamodb:LeadingKeys'] ?? [],
    );
    expect([...new Set(partitions)].sort()).toEqual(['ARCHIVE-MARK', 'I#*']);
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

  test('keys of stores are used through their store alone', () => {
    const services: readonly (readonly [key: RegExp, service: string])[] = [
      [/(Records|Keys|Governance|Audit|Index|Log)Key[0-9A-F]{8}Arn/, 'dynamodb'],
      [/(archive:ExportsOutputFnGetAttKey|DocumentsBucketKey|DocumentsKey)[0-9A-F]{8}Arn/, 's3'],
      [/MonitoringFailuresKey[0-9A-F]{8}/, 'sqs'],
      [/AlertsKey[0-9A-F]{8}/, 'sns'],
    ];
    const storeKeys = statements.filter(
      ({ actions, resources }) =>
        actions.some((action) => action.startsWith('kms:')) &&
        !/PatientKey|AuditSigningKey/.test(JSON.stringify(resources)),
    );
    expect(storeKeys.length).toBeGreaterThanOrEqual(declarations.length);
    for (const { resources, condition } of storeKeys)
      for (const resource of resources) {
        const [, service] = services.find(([key]) => key.test(JSON.stringify(resource))) ?? [];
        expect([JSON.stringify(resource), condition]).toEqual([
          expect.anything(),
          { StringEquals: { 'kms:ViaService': `${service}.us-east-1.amazonaws.com` } },
        ]);
      }
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

  test('what looks into restored tables unwraps the key of the canary, who is nobody, and of nobody where there is none', () => {
    const unwraps = (stage: Synthesized) =>
      roleStatements(stage.running).filter(
        ({ where, resources }) =>
          where.startsWith('RestoreValidation') && JSON.stringify(resources).includes('PatientKey'),
      );
    expect(unwraps(production).map(({ actions, condition }) => [actions, condition])).toEqual([
      [
        ['kms:Decrypt'],
        {
          StringEquals: {
            'kms:EncryptionContext:organization': 'example-health',
            'kms:EncryptionContext:purpose': expect.anything(),
            'kms:EncryptionContext:patient': productionStage.canary,
          },
        },
      ],
    ]);
    expect(unwraps(cheap)).toEqual([]);
  });

  test('what handles people sees no key of a patient', () => {
    for (const name of ['account', 'users', 'user-changes', 'user-recovery', 'access-review', 'care-team'] as const)
      expect(functions[name]).not.toHaveProperty('patientKey');
    const withKey = lambdas.filter(([, { Properties }]) => Properties.Environment?.Variables.PATIENT_KEY);
    expect(withKey.map(([id]) => id).join()).not.toMatch(/Account|User|AccessReview|CareTeam|PreToken/);
  });

  test('the trigger of the user pool has no environment and may write its log, nothing else', () => {
    const [trigger] = lambdas.filter(([id]) => id.startsWith('PreToken'));
    expect(trigger?.[1].Properties.Environment).toBeUndefined();
    expect(statements.filter(({ where }) => where.startsWith('PreToken')).map(({ actions }) => actions)).toEqual([
      ['logs:CreateLogStream', 'logs:PutLogEvents'],
    ]);
  });

  test('no role reaches the key of the log groups; the archive and the documents are reached by what declares it', () => {
    const reaching = (what: RegExp) => [
      ...new Set(
        statements.filter(({ resources }) => what.test(JSON.stringify(resources))).map(({ where }) => nameOf(where)),
      ),
    ];
    const pascal = (name: string) => name.replace(/(^|-)(\w)/g, (_, __, letter: string) => letter.toUpperCase());
    const declaring = (what: 'archive' | 'documents') =>
      (declarations as readonly Declared[]).filter(([, each]) => each[what]).map(([name]) => pascal(name));
    expect(reaching(/LogsKey/)).toEqual([]);
    expect(reaching(/-archive:/).sort()).toEqual(declaring('archive').sort());
    expect(reaching(/Documents/).sort()).toEqual(declaring('documents').sort());
    expect(declaring('archive')).toEqual([
      'AuditSearch',
      'AccessLog',
      'IncidentScope',
      'IncidentDossier',
      'Sealer',
      'RestoreReplay',
      'RestoreValidation',
      'Checkpointer',
      'Reconciler',
      'Verification',
    ]);
    expect(declaring('documents')).toEqual([
      'IncidentScope',
      'IncidentNotices',
      'IncidentDossier',
      'RestoreValidation',
    ]);
  });
}
