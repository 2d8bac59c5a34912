import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import { LambdaIntegration, RestApi } from 'aws-cdk-lib/aws-apigateway';
import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Assembly, type Json } from '../../local/template';

const folder = mkdtempSync(join(tmpdir(), 'ward-template-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
/** An assembly of one stack, `demo`, written by hand. */
function assemblyOf(template: Record<string, unknown>, environment = 'aws://000000000000/eu-west-1'): Assembly {
  const directory = join(folder, String(count++));
  mkdirSync(directory);
  const write = (name: string, content: unknown) => writeFileSync(join(directory, name), JSON.stringify(content));
  const stack = {
    type: 'aws:cloudformation:stack',
    environment,
    properties: { templateFile: 'a.json', stackName: 'demo' },
  };
  write('manifest.json', { version: '1', artifacts: { A: stack, Tree: { type: 'cdk:tree' } } });
  write('a.json', template);
  return new Assembly(directory);
}

/** What a value of a template becomes, seen through an output. */
const resolved = (value: Json, rest: Record<string, unknown> = {}): string | undefined =>
  assemblyOf({ Outputs: { Value: { Value: value } }, ...rest }).outputs()['demo']?.['Value'];

describe('an app that the CDK synthesized', () => {
  const assembly = new Assembly(synthesize(join(folder, 'app')));

  it('gives each function its code, role, environment, limits and log group', () => {
    const [spec, ...more] = assembly.functions();
    expect(more).toEqual([]);
    expect(spec).toMatchObject({
      id: spec?.arn.split(':').at(-1),
      handler: 'index.read',
      environment: { TABLE: assembly.resources('AWS::DynamoDB::GlobalTable')[0]?.ref },
      timeoutSeconds: 7,
      memoryMegabytes: 512,
      logGroup: assembly.resources('AWS::Logs::LogGroup')[0]?.ref,
      roleArn: assembly.resources('AWS::IAM::Role').find(({ id }) => id.startsWith('Read'))?.arn,
    });
    expect(readFileSync(join(spec?.directory ?? '', 'index.js'), 'utf8')).toBe('exports.read = async () => ({});');
  });

  it('gives the outputs by stack, as `cdk deploy --outputs-file` does', () => {
    const outputs = assembly.outputs();
    expect(Object.keys(outputs)).toEqual(['ward-data', 'ward-api']);
    const queue = assembly.resources('AWS::SQS::Queue')[0]?.ref;
    expect(outputs['ward-api']?.['QueueUrl']).toBe(queue);
    expect(queue).toMatch(/^https:\/\/sqs\.us-east-1\.amazonaws\.com\/000000000000\/ward-api-/);
  });

  it('keeps equal logical ids of two stacks apart', () => {
    const [first, second, ...more] = assembly.resources('AWS::KMS::Key');
    expect(more).toEqual([]);
    expect(first?.id).toBe(second?.id);
    expect(first?.ref).not.toBe(second?.ref);
    expect(second?.ref).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(() => assembly.resource(first?.id ?? '')).toThrow(/ward-data and ward-api each have a resource Key/);
    expect(assembly.resource(first?.id ?? '', 'ward-api').arn).toBe(second?.arn);
  });

  it('resolves every property of every resource', () => {
    const all = assembly.list().map(({ id, stack }) => assembly.resource(id, stack));
    expect(JSON.stringify(all)).not.toMatch(/"(Ref|Fn::\w+)":/);
    expect(all.length).toBeGreaterThan(15);
  });

  it('gives the same names at every start', () => {
    const again = new Assembly(assembly.directory);
    expect(again.outputs()).toEqual(assembly.outputs());
    expect(again.functions()).toEqual(assembly.functions());
  });
});

describe('intrinsic functions', () => {
  const Resources = {
    Table: { Type: 'AWS::DynamoDB::GlobalTable', Properties: { TableName: 'records' } },
    Absent: { Type: 'AWS::SQS::Queue', Condition: 'Never' },
  };
  const Conditions = {
    Never: { 'Fn::Equals': [{ Ref: 'AWS::Region' }, 'mars'] },
    Always: { 'Fn::Not': [{ Condition: 'Never' }] },
    Both: { 'Fn::And': [{ Condition: 'Always' }, { Condition: 'Never' }] },
    Either: { 'Fn::Or': [{ Condition: 'Always' }, { Condition: 'Never' }] },
  };
  const rest = { Resources, Conditions };
  const arn = 'arn:aws:dynamodb:eu-west-1:000000000000:table/records';

  it.each<[string, Json, string]>([
    ['Ref', { Ref: 'Table' }, 'records'],
    ['Ref of a pseudo parameter', { Ref: 'AWS::Region' }, 'eu-west-1'],
    ['Fn::GetAtt', { 'Fn::GetAtt': ['Table', 'Arn'] }, arn],
    ['Fn::GetAtt in one text', { 'Fn::GetAtt': 'Table.Arn' }, arn],
    ['Fn::Join', { 'Fn::Join': ['-', ['a', { Ref: 'AWS::AccountId' }, 1]] }, 'a-000000000000-1'],
    [
      'Fn::Select and Fn::Split',
      { 'Fn::Select': [1, { 'Fn::Split': ['/', { 'Fn::GetAtt': ['Table', 'Arn'] }] }] },
      'records',
    ],
    ['Fn::Select of Fn::GetAZs', { 'Fn::Select': ['1', { 'Fn::GetAZs': '' }] }, 'eu-west-1b'],
    ['Fn::Sub', { 'Fn::Sub': `\${Table}/\${Table.Arn}/\${AWS::Partition}/\${!Table}` }, `records/${arn}/aws/\${Table}`],
    ['Fn::Sub with variables', { 'Fn::Sub': [`\${name}`, { name: { Ref: 'Table' } }] }, 'records'],
    ['Fn::If', { 'Fn::If': ['Always', 'yes', 'no'] }, 'yes'],
    ['Fn::If of And', { 'Fn::If': ['Both', 'yes', 'no'] }, 'no'],
    ['Fn::If of Or', { 'Fn::If': ['Either', 'yes', 'no'] }, 'yes'],
    ['Fn::Base64', { 'Fn::Base64': 'a' }, 'YQ=='],
  ])('%s', (_, value, expected) => {
    expect(resolved(value, rest)).toBe(expected);
  });

  it('leaves out what is AWS::NoValue, and resources whose condition does not hold', () => {
    const queue = {
      Type: 'AWS::SQS::Queue',
      Properties: { QueueName: { 'Fn::If': ['Never', 'x', { Ref: 'AWS::NoValue' }] } },
    };
    const assembly = assemblyOf({ Resources: { ...Resources, Queue: queue }, Conditions });
    expect(assembly.resources('AWS::SQS::Queue').map(({ id, properties }) => [id, properties])).toEqual([
      ['Queue', {}],
    ]);
  });

  it('are left alone inside a policy, whose Condition is no condition of the template', () => {
    const document = { Condition: { Bool: { 'aws:SecureTransport': 'false' } } };
    const assembly = assemblyOf({
      Resources: { Policy: { Type: 'AWS::IAM::Policy', Properties: { PolicyName: 'p', document } } },
    });
    expect(assembly.resource('Policy').properties['document']).toEqual(document);
  });
});

describe('what the laptop does not know fails by name', () => {
  it.each<[string, Json, string]>([
    ['a function', { 'Fn::Cidr': ['10.0.0.0/16', 2] }, 'demo: Fn::Cidr is not emulated'],
    ['a reference', { Ref: 'Nothing' }, 'demo: nothing is named Nothing'],
    ['a type', { Ref: 'Phone' }, 'demo: Phone is an AWS::Connect::PhoneNumber, which is not emulated'],
    ['an attribute', { 'Fn::GetAtt': ['Key', 'Secret'] }, 'demo: AWS::KMS::Key.Secret (of Key) is not emulated'],
    ['a pseudo parameter', { Ref: 'AWS::NotificationARNs' }, 'demo: AWS::NotificationARNs is not emulated'],
    ['an export', { 'Fn::ImportValue': 'elsewhere' }, 'no stack exports elsewhere'],
    ['a stack', { 'Fn::GetStackOutput': { StackName: 'other', OutputName: 'x' } }, 'the assembly has no stack other'],
    ['a condition', { 'Fn::If': ['Nope', 'a', 'b'] }, 'demo: no condition is named Nope'],
    ['a parameter', { Ref: 'Version' }, 'demo: parameter Version has no value on the laptop'],
    ['a dynamic reference', '{{resolve:ssm:/x}}', 'demo: a dynamic reference ({{resolve:…}}) is not emulated'],
  ])('%s', (_, value, message) => {
    const Resources = { Phone: { Type: 'AWS::Connect::PhoneNumber' }, Key: { Type: 'AWS::KMS::Key' } };
    const Parameters = { Version: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/cdk/version' } };
    expect(() => resolved(value, { Resources, Parameters })).toThrow(message);
  });

  it('a folder without an assembly, in one sentence', () => {
    expect(() => new Assembly(join(folder, 'nowhere'))).toThrow(
      `${join(folder, 'nowhere')} has no cloud assembly; run "npm run synth" first`,
    );
  });

  it('a function whose code is no asset', () => {
    const Properties = { Role: 'r', Handler: 'index.x', Code: { ZipFile: 'exports.x = 1' } };
    const assembly = assemblyOf({ Resources: { Inline: { Type: 'AWS::Lambda::Function', Properties } } });
    expect(() => assembly.functions()).toThrow(
      'demo: the code of function Inline is not an unzipped asset of the assembly',
    );
  });
});

it('takes the account and region of the environment, or its own where the app names none', () => {
  expect([assemblyOf({}, 'aws://123456789012/eu-west-1')].map(({ account, region }) => [account, region])).toEqual([
    ['123456789012', 'eu-west-1'],
  ]);
  const agnostic = assemblyOf({}, 'aws://unknown-account/unknown-region');
  expect([agnostic.account, agnostic.region]).toEqual(['000000000000', 'us-east-1']);
});

it('names a multi-Region key as KMS does', () => {
  const assembly = assemblyOf({ Resources: { Key: { Type: 'AWS::KMS::Key', Properties: { MultiRegion: true } } } });
  expect(assembly.resource('Key').ref).toMatch(/^mrk-[0-9a-f]{32}$/);
});

it('shortens a bucket name that S3 would refuse', () => {
  const id = 'Bucket'.repeat(12);
  const assembly = assemblyOf({ Resources: { [id]: { Type: 'AWS::S3::Bucket' } } });
  expect(assembly.resource(id).ref).toMatch(/^demo-bucket[a-z0-9-]{52}$/);
});

function synthesize(outdir: string): string {
  const code = join(folder, 'code');
  mkdirSync(code);
  writeFileSync(join(code, 'index.js'), 'exports.read = async () => ({});');
  const app = new App({ outdir });
  const env = { account: '000000000000', region: 'us-east-1' };
  const data = new Stack(app, 'Data', { env, stackName: 'ward-data' });
  const api = new Stack(app, 'Api', { env, stackName: 'ward-api' });
  const table = new TableV2(data, 'Table', { partitionKey: { name: 'PK', type: AttributeType.STRING } });
  new Bucket(data, 'Bucket', { encryptionKey: new Key(data, 'Key'), enforceSSL: true });
  const read = new LambdaFunction(api, 'Read', {
    code: Code.fromAsset(code),
    handler: 'index.read',
    runtime: Runtime.NODEJS_24_X,
    environment: { TABLE: table.tableName },
    logGroup: new LogGroup(api, 'Logs', { encryptionKey: new Key(api, 'Key') }),
    timeout: Duration.seconds(7),
    memorySize: 512,
  });
  table.grantReadData(read);
  new RestApi(api, 'Rest', { cloudWatchRole: true }).root
    .addResource('v1')
    .addMethod('GET', new LambdaIntegration(read));
  new CfnOutput(api, 'QueueUrl', { value: new Queue(api, 'Queue').queueUrl });
  return app.synth().directory;
}
