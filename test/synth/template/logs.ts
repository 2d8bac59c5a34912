import type { Resource, synthesize, Template } from '../assembly';
import { roleStatements } from '../policy';

interface Policy {
  readonly Configuration: {
    readonly CustomDataIdentifier: readonly { readonly Name: string; readonly Regex: string }[];
  };
  readonly Statement: readonly {
    readonly DataIdentifier: readonly unknown[];
    readonly Operation: {
      readonly Audit?: { readonly FindingsDestination: { readonly CloudWatchLogs: { readonly LogGroup: unknown } } };
      readonly Deidentify?: { readonly MaskConfig: object };
    };
  }[];
}

/** the log group that a function of the template writes to */
function groupOf(template: Template, { Properties }: Resource): Resource | undefined {
  return template.json.Resources[Properties.LoggingConfig.LogGroup.Ref];
}

export function describeLogs({ local, production }: ReturnType<typeof synthesize>): void {
  describe.each([
    ['local', local],
    ['production', production],
  ])('%s', (_, { all, data }) => {
    const groups = all.flatMap((template) =>
      template
        .resources('AWS::Lambda::Function')
        .map(([id, made]): readonly [string, Resource | undefined] => [id, groupOf(template, made)]),
    );
    const policies = groups.map(([, group]): Policy | undefined => group?.Properties.DataProtectionPolicy);

    test("every function's log group masks identifiers and tells of them; 45 CFR 164.514(b)(2)", () => {
      expect(groups.length).toBeGreaterThan(30);
      for (const policy of policies) {
        expect(policy?.Statement).toHaveLength(2);
        const [audit, mask] = policy?.Statement ?? [];
        expect(audit?.Operation.Audit?.FindingsDestination.CloudWatchLogs.LogGroup).toBeDefined();
        expect(mask?.Operation.Deidentify?.MaskConfig).toEqual({});
        expect(mask?.DataIdentifier).toEqual(audit?.DataIdentifier);
        for (const name of [
          'Name',
          'Address',
          'EmailAddress',
          'PhoneNumber-US',
          'Ssn-US',
          'IpAddress',
          'DriversLicense-US',
        ])
          expect(JSON.stringify(mask?.DataIdentifier)).toContain(`data-identifier/${name}"`);
      }
    });

    test('its own expressions have the form that CloudWatch Logs takes, and match what they are for', () => {
      const custom = policies[0]?.Configuration.CustomDataIdentifier ?? [];
      const examples: Readonly<Record<string, [yes: string, no: string]>> = {
        MedicalRecordNumber: ['MRN-A1234', 'the MR number'],
        BirthDate: ['"1980-01-02"', '"timestamp":"2026-01-02T03:04:05.678Z"'],
        PatientPartition: [
          'P#0b2f5e0c-6a51-4a7e-9d0f-2f0f3a3f1c55',
          '"request":"0b2f5e0c-6a51-4a7e-9d0f-2f0f3a3f1c55"',
        ],
        BearerToken: ['eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0', 'eyes'],
      };
      expect(custom.map(({ Name }) => Name)).toEqual(Object.keys(examples));
      for (const { Name, Regex } of custom) {
        expect(Regex).toMatch(/^[\w#=@/;, ^$?[\]{}|\\*+.-]{1,200}$/);
        const [yes = '', no = ''] = examples[Name] ?? [];
        expect([Name, new RegExp(Regex).test(yes), new RegExp(Regex).test(no)]).toEqual([Name, true, false]);
      }
    });

    test('the findings are kept as long as the logs, encrypted, and no role may see what is masked', () => {
      const found = data.only('AWS::Logs::LogGroup', 'LogProtection');
      expect(found.Properties).toMatchObject({ RetentionInDays: 2192, KmsKeyId: expect.anything() });
      expect(found.DeletionPolicy).toBe('Retain');
      const granted = all.flatMap((template) => roleStatements(template)).flatMap(({ actions }) => actions);
      expect(granted.filter((action) => /^logs:(Unmask|.*\*|.*DataProtectionPolicy)$/.test(action))).toEqual([]);
    });
  });
}
