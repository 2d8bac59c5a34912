import { Iam } from '../../../local/iam';
import type { Policies } from '../../../local/iam/policies';
import type { Json } from '../../../local/intrinsics';
import type { Access } from '../../../local/service';
import type { Resolved, synthesize, Template } from '../assembly';

/** One kind of call, and the roles that may make it, by what follows the stage in their names. */
type Row = readonly [what: string, calls: readonly Access[], who: readonly string[]];

const roleName = (arn: string): string => (arn.split('/').at(-1) ?? arn).replace(/^ward-(local|prod)-/, '');
const event = '0b2f5e0c-6a51-4a7e-9d0f-2f0f3a3f1c55';

/** The calls that decide whether safeguards hold, with all that a caller could say to be let through. */
function rows({ arns, policies }: Resolved): Row[] {
  const arn = (pattern: RegExp): string => {
    const found = [...arns].filter(([name]) => pattern.test(name));
    if (found.length !== 1 || !found[0])
      throw new Error(`${found.length} are named ${pattern.source}, one was expected`);
    return found[0][1];
  };
  const every = (service: string) => [...arns.values()].filter((each) => each.split(':')[2] === service);
  const calls = (
    service: string,
    actions: readonly string[],
    resources: readonly string[],
    context?: Access['context'],
  ) =>
    actions.flatMap((action) =>
      resources.map((resource): Access => ({ action: `${service}:${action}`, resource, ...(context && { context }) })),
    );
  const patientKey = arn(/\/PatientKey/);
  const signingKeys = [...arns].filter(([name]) => /SigningKey/.test(name)).map(([, each]) => each);
  const organization = organizationOf(policies, patientKey);
  const unwraps = (purpose: string) =>
    calls('kms', ['Decrypt'], [patientKey], {
      'kms:EncryptionContext:organization': organization,
      'kms:EncryptionContext:purpose': purpose,
      'kms:EncryptionContextKeys': ['organization', 'purpose'],
    });
  const archive = arn(/archive\/Bucket/);
  const objects = ['v1/segments/a', 'v1/log/a', 'v1/a'].map((name) => `${archive}/${name}`);
  const buckets = every('s3');
  const outbox = arn(/\/Audit[0-9A-F]{8}$/);
  const items = { 'dynamodb:LeadingKeys': [`LANE#${event}`] };
  const logGroups = every('logs');
  return [
    ['opens records', unwraps('record'), openers],
    ['opens what is staged of an import', unwraps('import'), ['import-commit', 'imports']],
    ['opens narratives', unwraps('governance'), narrators],
    [
      'opens what any other purpose sealed',
      [...unwraps('any'), ...unwraps(''), ...calls('kms', ['Decrypt'], [patientKey])],
      [],
    ],
    [
      'wraps without a data key, or hands the key on',
      calls('kms', ['Encrypt', 'CreateGrant', 'ReplicateKey', 'ReEncryptFrom', 'ReEncryptTo'], [patientKey]),
      [],
    ],
    [
      'signs the audit log',
      calls('kms', ['Sign'], signingKeys, { 'kms:SigningAlgorithm': 'ED25519_SHA_512', 'kms:MessageType': 'RAW' }),
      ['checkpointer'],
    ],
    [
      'deletes in the archive or of what else is kept',
      calls(
        's3',
        ['DeleteObject', 'DeleteObjectVersion', 'BypassGovernanceRetention'],
        [...objects, ...buckets.map((each) => `${each}/a`)],
      ),
      [],
    ],
    [
      'changes what the archive keeps, and how long',
      calls('s3', ['PutObjectRetention', 'PutObjectLegalHold', 'PutObjectAcl'], objects),
      [],
    ],
    [
      'changes a bucket',
      calls(
        's3',
        [
          'DeleteBucket',
          'PutBucketPolicy',
          'DeleteBucketPolicy',
          'PutBucketVersioning',
          'PutBucketObjectLockConfiguration',
          'PutLifecycleConfiguration',
          'PutEncryptionConfiguration',
          'PutBucketPublicAccessBlock',
          'PutReplicationConfiguration',
        ],
        buckets,
      ),
      [],
    ],
    ['puts into the archive over what is there', calls('s3', ['PutObject'], objects), []],
    [
      'puts segments under a new name',
      calls('s3', ['PutObject'], [`${archive}/v1/segments/a`], { 's3:if-none-match': '*' }),
      ['reconciler', 'sealer'],
    ],
    [
      'extends the log',
      calls('s3', ['PutObject'], [`${archive}/v1/log/a`], { 's3:if-none-match': '*' }),
      ['checkpointer'],
    ],
    [
      'disables, deletes or opens up a key',
      calls(
        'kms',
        ['DisableKey', 'DisableKeyRotation', 'ScheduleKeyDeletion', 'PutKeyPolicy', 'DeleteAlias', 'ReplicateKey'],
        every('kms'),
      ),
      [],
    ],
    [
      'changes or removes an event that is not sealed yet',
      calls('dynamodb', ['UpdateItem', 'DeleteItem', 'BatchWriteItem'], [outbox], items),
      [],
    ],
    [
      'deletes a table, or its history',
      calls(
        'dynamodb',
        ['DeleteTable', 'UpdateTable', 'UpdateContinuousBackups', 'UpdateTimeToLive', 'DeleteBackup'],
        every('dynamodb'),
      ),
      [],
    ],
    [
      'removes logs, or shows what is masked in them',
      calls(
        'logs',
        [
          'DeleteLogGroup',
          'DeleteLogStream',
          'PutRetentionPolicy',
          'DeleteRetentionPolicy',
          'DeleteDataProtectionPolicy',
          'Unmask',
        ],
        logGroups,
      ),
      [],
    ],
    [
      'lets people in with one factor, or in place of others',
      calls(
        'cognito-idp',
        [
          'SetUserPoolMfaConfig',
          'UpdateUserPool',
          'DeleteUserPool',
          'UpdateUserPoolClient',
          'AdminSetUserPassword',
          'AdminInitiateAuth',
          'AdminSetUserMFAPreference',
        ],
        every('cognito-idp'),
      ),
      [],
    ],
    [
      'changes what a function is',
      calls(
        'lambda',
        ['UpdateFunctionCode', 'UpdateFunctionConfiguration', 'AddPermission', 'DeleteFunction'],
        every('lambda'),
      ),
      [],
    ],
    [
      'makes itself more than it is',
      [
        ...calls(
          'iam',
          [
            'PassRole',
            'PutRolePolicy',
            'AttachRolePolicy',
            'DeleteRolePermissionsBoundary',
            'CreateRole',
            'UpdateAssumeRolePolicy',
          ],
          policies.roles.map(({ arn: each }) => each),
        ),
        ...calls(
          'sts',
          ['AssumeRole'],
          policies.roles.map(({ arn: each }) => each),
        ),
        ...calls('cloudtrail', ['StopLogging', 'DeleteTrail'], ['*']),
        ...calls('organizations', ['LeaveOrganization'], ['*']),
      ],
      [],
    ],
  ];
}

/** Whoever shows, changes, exports, imports or counts records, and whoever looks for the people of an incident among them. */
const openers = [
  'disposal',
  'entries',
  'entry-changes',
  'export',
  'import-commit',
  'incident-notices',
  'incident-scope',
  'lookup-rotation',
  'patients',
  'registration',
  'representatives',
  'search',
];
/** Whoever shows or keeps the words of emergencies, holds and incidents. */
const narrators = ['breach-sweep', 'emergency-reviews', 'incident-dossier', 'incident-notices', 'incidents'];

/** as the policy of the key says it */
function organizationOf({ resourcePolicies }: Policies, key: string): string {
  const policy = resourcePolicies.find(({ resource }) => resource === key);
  return /"kms:EncryptionContext:organization":"([^"]+)"/.exec(JSON.stringify(policy?.document))?.[1] ?? '';
}

/** @returns the names of the roles that may make any of the calls */
function whoMay(iam: Iam, policies: Policies, calls: readonly Access[]): string[] {
  const may = (role: string, access: Access): boolean => {
    try {
      iam.authorize({ kind: 'role', arn: role }, access);
      return true;
    } catch {
      return false;
    }
  };
  return policies.roles
    .map(({ arn }) => arn)
    .filter((role) => calls.some((access) => may(role, access)))
    .map(roleName)
    .sort();
}

/** What somebody's mistake, or somebody, could attach to every role. */
const everything: Json = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
};
/** Rows that no key, bucket or table guards by a policy of its own: the boundary alone stands between. */
const bounded = /^(deletes|changes a bucket|changes what a function|disables|removes logs|lets people in|makes itself)/;

export function describePrivilege({ local, production, resolved }: ReturnType<typeof synthesize>): void {
  describe.each([
    ['local', local, resolved.local],
    ['production', production, resolved.production],
  ] as const)('%s', (_, { all }, stage) => {
    const iam = new Iam(stage.policies);

    test.each(rows(stage))('who %s; 45 CFR 164.308(a)(4)(ii)(B)', (_what, calls, who) => {
      expect(calls.length).toBeGreaterThan(0);
      expect(whoMay(iam, stage.policies, calls)).toEqual([...who].sort());
    });

    test('a role has a boundary, whoever made it', () => {
      const roles = all.flatMap((template: Template) => template.resources('AWS::IAM::Role'));
      expect(roles.length).toBeGreaterThan(40);
      expect(roles.filter(([, { Properties }]) => !Properties.PermissionsBoundary?.Ref).map(([id]) => id)).toEqual([]);
      for (const { boundary } of stage.policies.roles) expect(boundary?.name).toMatch(/Boundary/);
    });

    test('a boundary fits into a managed policy, and stops no call that is granted', () => {
      for (const { boundary, identity } of stage.policies.roles) {
        expect(JSON.stringify(boundary?.document).length).toBeLessThan(6144);
        const text = JSON.stringify(boundary?.document).replace(/\{[^{}]*"NotResource"[^{}]*\}/, '');
        for (const [, action = ''] of JSON.stringify(identity).matchAll(/"([a-z-]+:[A-Z][A-Za-z]+)"/g))
          expect(text).not.toContain(`"${action}"`);
      }
    });

    const careless: Policies = {
      ...stage.policies,
      roles: stage.policies.roles.map((role) => ({
        ...role,
        identity: [...role.identity, { name: 'a mistake', document: everything }],
      })),
    };
    test.each(rows(stage).filter(([what]) => bounded.test(what)))(
      'a role that is given everything by mistake still never %s',
      (_what, calls) => {
        // A bucket's own policy refuses as well; a key's leaves administration to IAM.
        const resourcePolicies = calls.every(({ action }) => action.startsWith('kms:'))
          ? careless.resourcePolicies
          : [];
        const all = { ...careless, resourcePolicies };
        expect(whoMay(new Iam(all), all, calls)).toEqual([]);
        const unbounded = { ...all, roles: all.roles.map(({ boundary: _boundary, ...role }) => role) };
        expect(whoMay(new Iam(unbounded), unbounded, calls)).toHaveLength(all.roles.length);
      },
    );
  });
}
