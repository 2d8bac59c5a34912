import { eventColumns, namedQuestions } from '../../../lib/audit-questions';
import { declarations } from '../../../lib/functions';
import type { Stages } from '../assembly';
import { roleStatements } from '../policy';

export function describeQueries({ production }: Pick<Stages, 'production'>): void {
  const { queries } = production;

  test('answers are encrypted under their own key whatever the asker wants, and a question has a bound', () => {
    expect(queries.only('AWS::Athena::WorkGroup').Properties.WorkGroupConfiguration).toMatchObject({
      EnforceWorkGroupConfiguration: true,
      BytesScannedCutoffPerQuery: 107374182400,
      ResultConfiguration: { EncryptionConfiguration: { EncryptionOption: 'SSE_KMS', KmsKey: expect.anything() } },
    });
  });

  test('answers hold identifiers and do not outlive the work on them', () => {
    const { Rules } = queries.only('AWS::S3::Bucket').Properties.LifecycleConfiguration;
    expect(Rules).toEqual([expect.objectContaining({ Status: 'Enabled', ExpirationInDays: 7 })]);
  });

  test('the table has the columns of the event over the sealed segments, and no line is skipped', () => {
    const { TableInput } = queries.only('AWS::Glue::Table').Properties;
    const columns: readonly { readonly Name: string; readonly Type: string }[] = TableInput.StorageDescriptor.Columns;
    expect(Object.fromEntries(columns.map(({ Name, Type }) => [Name, Type]))).toEqual(eventColumns);
    expect(TableInput.StorageDescriptor.SerdeInfo.Parameters['ignore.malformed.json']).toBe('false');
    const location = JSON.stringify(TableInput.Parameters['storage.location.template']);
    expect(location).toMatch(/\/v1\/segments\/dt=\$\{dt\}\/hr=\$\{hr\}\//);
    expect(TableInput.Parameters['projection.hr.values'].split(',')).toHaveLength(24);
  });

  test('each named question is saved, with its parameters to be bound', () => {
    const saved = queries.resources('AWS::Athena::NamedQuery').map(([, { Properties }]) => Properties);
    expect(saved.map(({ Name }) => Name).sort()).toEqual(Object.keys(namedQuestions).sort());
    for (const { QueryString } of saved) {
      expect(QueryString).toContain('?');
      expect(QueryString).not.toMatch(/:[a-z]/);
    }
  });

  test('the auditor reads, writes nothing but answers, and has proved a second factor - 45 CFR 164.312(d)', () => {
    const { AssumeRolePolicyDocument } = queries.only('AWS::IAM::Role').Properties;
    expect(AssumeRolePolicyDocument.Statement).toEqual([
      expect.objectContaining({ Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } } }),
    ]);
    const changing = roleStatements(queries).filter(({ actions }) =>
      actions.some((action) => !/^(athena|glue|kms):|:(Get|List)/.test(action)),
    );
    expect(changing).toHaveLength(1);
    expect(JSON.stringify(changing[0]?.resources)).toMatch(/Results.*\/answers\/\*/);
    const calls = roleStatements(queries).flatMap(({ actions }) => actions);
    expect(calls.filter((action) => /^glue:(?!Get)|^dynamodb:|^kms:(?!Decrypt|GenerateDataKey)/.test(action))).toEqual(
      [],
    );
  });

  test('the index is written by what seals events alone; what answers from it writes nothing but its own events', () => {
    const changes = (action: string): boolean => /^(Put|Update|Delete|BatchWrite)/.test(action);
    const writers = declarations.filter(([, { tables }]) =>
      tables.some(({ table, actions }) => table === 'auditIndex' && actions.some(changes)),
    );
    expect(writers.map(([name]) => name)).toEqual(['sealer', 'reconciler']);
    for (const [name, { tables, archive }] of declarations.filter(([id]) =>
      ['audit-search', 'access-log'].includes(id),
    )) {
      const written = tables.filter(({ actions }) => actions.some(changes));
      const beside = written.filter(({ table, partitions }) => table !== 'audit' && !partitions.includes('SESSION#*'));
      expect([name, beside]).toEqual([name, []]);
      expect(archive).toEqual({ reads: ['v1/segments/*'], lists: ['ListBucket'], predecessor: true });
    }
  });
}
