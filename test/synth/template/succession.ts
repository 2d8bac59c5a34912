import type { Synthesized } from '../assembly';
import { roleStatements, statementsOf } from '../policy';

const replica = 'arn:aws:s3:::ward-lost-replica-123456789012-us-west-2';
const patientKey = `arn:aws:kms:us-west-2:123456789012:key/mrk-${'c'.repeat(32)}`;

/** `second` stands by in us-west-2 for a stage `lost` of us-east-1. */
export function describeSuccession({
  production,
  second,
}: Readonly<Record<'production' | 'second', Synthesized>>): void {
  const regionOf = (stage: Synthesized) => (stage === second ? 'us-west-2' : 'us-east-1');
  const functions = (stage: Synthesized) =>
    stage.running
      .resources('AWS::Lambda::Function')
      .map(([, { Properties }]) => Properties.Environment?.Variables as Record<string, unknown> | undefined);
  const naming = (stage: Synthesized, resource: string) =>
    [stage.running, stage.recovery]
      .flatMap(roleStatements)
      .filter(({ resources }) => resources.some((each) => JSON.stringify(each).includes(resource)));

  test('it makes no patient key: it opens with the replica of the one that it succeeds, under that one’s policy - 45 CFR 164.308(a)(7)(ii)(B)', () => {
    expect(second.data.resources('AWS::KMS::Key').filter(([id]) => id.startsWith('PatientKey'))).toEqual([]);
    expect(second.data.json.Outputs).toMatchObject({ PatientKeyArn: { Value: patientKey } });
    const keys = new Set(functions(second).flatMap((variables) => variables?.['PATIENT_KEY'] ?? []));
    expect([...keys]).toEqual([patientKey]);
  });

  test('its log is its own: a signing key, an archive and an origin that are not the other’s - 45 CFR 164.312(b)', () => {
    expect(second.data.resources('AWS::KMS::Key').filter(([id]) => id.startsWith('AuditSigningKey'))).toHaveLength(1);
    const origins = new Set(functions(second).flatMap((variables) => variables?.['AUDIT_ORIGIN'] ?? []));
    expect([...origins]).toEqual(['ward/example-health/second']);
  });

  test('functions that answer from the log read the other’s copy, pinned by its fingerprint; the others do not know of it', () => {
    const knowing = functions(second).filter((variables) => variables?.['PREDECESSOR_ARCHIVE'] !== undefined);
    expect(knowing.map((variables) => variables?.['FUNCTION']).sort()).toEqual([
      'access-log',
      'audit-search',
      'incident-dossier',
      'incident-scope',
      'restore-replay',
    ]);
    for (const variables of knowing)
      expect(variables).toMatchObject({
        PREDECESSOR_ARCHIVE: 'ward-lost-replica-123456789012-us-west-2',
        PREDECESSOR_ORIGIN: 'ward/example-health/lost',
        PREDECESSOR_FINGERPRINT: 'e'.repeat(64),
      });
    for (const variables of functions(production))
      expect(Object.keys(variables ?? {}).filter((name) => name.startsWith('PREDECESSOR'))).toEqual([]);
  });

  test('what answers from the index may ask whether it has the other’s log, where there is one', () => {
    const asking = (stage: Synthesized) =>
      roleStatements(stage.running)
        .filter(({ condition }) =>
          Object.values(condition).some((each) => JSON.stringify(each['dynamodb:LeadingKeys']) === '["INDEXED"]'),
        )
        .map(({ where, actions }) => [where.replace(/(ServiceRole|Role).*$/, ''), ...actions]);
    expect(asking(production)).toEqual([]);
    const names = ['AccessLog', 'AuditSearch', 'IncidentDossier', 'IncidentScope'];
    expect(asking(second).sort()).toEqual(names.map((name) => [name, 'dynamodb:Query']));
  });

  test('nobody there writes the copy: roles and the network’s endpoint read and list it - 45 CFR 164.312(c)(1)', () => {
    const reading = ['s3:GetObject', 's3:GetObjectVersion', 's3:ListBucket', 's3:ListBucketVersions'];
    const statements = naming(second, replica);
    expect(statements.length).toBeGreaterThan(0);
    for (const { actions } of statements) for (const action of actions) expect(reading).toContain(action);
    const endpoints = second.network?.resources('AWS::EC2::VPCEndpoint') ?? [];
    const through = endpoints
      .flatMap(([id, { Properties }]) => statementsOf(id, Properties.PolicyDocument))
      .filter(({ resources }) => resources.some((each) => JSON.stringify(each).includes(replica)));
    expect(through.flatMap(({ actions }) => actions).filter((action) => !/^s3:(Get|List)/.test(action))).toEqual([]);
    expect(new Set(through.flatMap(({ actions }) => actions))).toEqual(new Set(reading));
  });

  test('keys whose ids are not known are used through S3, for the copy alone', () => {
    const unnamed = roleStatements(second.running).filter(({ resources }) =>
      resources.some((each) => JSON.stringify(each).includes(':key/*')),
    );
    expect(unnamed.length).toBeGreaterThan(0);
    for (const { actions, condition } of unnamed) {
      expect(actions).toEqual(['kms:Decrypt']);
      expect(condition).toEqual({
        StringEquals: { 'kms:ViaService': 's3.us-west-2.amazonaws.com' },
        ArnLike: { 'kms:EncryptionContext:aws:s3:arn': [replica, `${replica}/*`] },
      });
    }
  });

  test('AWS Backup restores beside the tables and into the documents, deletes nothing, and is let in by nobody else', () => {
    const role = second.recovery.only('AWS::IAM::Role', 'ContingencyRestore').Properties;
    expect(role.RoleName).toBe('ward-second-restore');
    expect(role.AssumeRolePolicyDocument.Statement).toMatchObject([
      {
        Principal: { Service: 'backup.amazonaws.com' },
        Condition: { StringEquals: { 'aws:SourceAccount': '123456789012' } },
      },
    ]);
    const statements = roleStatements(second.recovery).filter(({ where }) => where.startsWith('ContingencyRestore'));
    const actions = statements.flatMap((each) => each.actions);
    expect(actions.filter((action) => /delete|lock|retention|policy/i.test(action))).toEqual([]);
    for (const { actions: calls, resources } of statements)
      if (calls.some((action) => action.startsWith('dynamodb:')))
        expect(resources).toEqual(['arn:aws:dynamodb:us-west-2:123456789012:table/ward-restored-*']);
    // A stage that succeeds none opens its own vaults alone.
    const opening = (stage: Synthesized) =>
      roleStatements(stage.recovery)
        .filter(({ where }) => where.startsWith('ContingencyRestore'))
        .filter(
          ({ condition }) =>
            condition['StringEquals']?.['kms:ViaService'] === `backup.${regionOf(stage)}.amazonaws.com`,
        )
        .flatMap(({ resources }) => JSON.stringify(resources));
    expect(opening(second)).toEqual(['["arn:aws:kms:us-west-2:123456789012:key/*"]']);
    expect(opening(production)).toEqual([expect.stringMatching(/ContingencyVaultKey/)]);
  });

  test('the trail of its Region records whoever reads the copy', () => {
    const [, trail] = second.trail.resources('AWS::CloudTrail::Trail')[0] ?? [];
    expect(JSON.stringify(trail?.Properties.AdvancedEventSelectors)).toContain(`${replica}/`);
  });
}
