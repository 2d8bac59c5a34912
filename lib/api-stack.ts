import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { ApiEnvironment, RecordsEnvironment } from '../lambda/environment';
import { Api } from './api';
import { Authentication } from './authentication';
import type { Config } from './config';
import type { DataStack } from './data-stack';
import { declarations, type FunctionDeclaration, preToken, type Table } from './functions';
import { grant } from './grants';
import { PhiFunction } from './phi-function';

export interface ApiStackProps extends StackProps {
  readonly config: Config;
  readonly data: DataStack;
  /** the folder that holds `<name>/index.js` of every function */
  readonly bundles: string;
}

/** What runs: the user pool, the functions and the API in front of them. */
export class ApiStack extends Stack {
  constructor(scope: Construct, id: string, { config, data, bundles, ...props }: ApiStackProps) {
    super(scope, id, { ...props, terminationProtection: config.kind === 'production' });
    const common = { stage: config.stage, bundles, logsKey: data.logsKey };
    const trigger = new PhiFunction(this, 'PreToken', {
      ...common,
      name: preToken,
      concern: 'adds the scope of the API to access tokens',
      environment: {},
      timeoutSeconds: 5, // Cognito waits no longer
    });
    const authentication = new Authentication(this, 'Authentication', { config, preToken: trigger });
    const { pool, client } = authentication;

    const environment: RecordsEnvironment = {
      ORGANIZATION: config.organization,
      USER_POOL_ID: pool.userPoolId,
      CLIENT_ID: client.userPoolClientId,
      AUDIT_ORIGIN: `ward/${config.organization}/${config.stage}`,
      GOVERNANCE_TABLE: data.tables.governance.tableName,
      AUDIT_TABLE: data.tables.audit.tableName,
      RECORDS_TABLE: data.tables.records.tableName,
      KEYS_TABLE: data.tables.keys.tableName,
      PATIENT_KEY: data.patientKey.keyArn,
      ...(config.webOrigins.length > 0 && { WEB_ORIGINS: config.webOrigins.join(' ') }),
    };
    const functions = new Map<string, IFunction>();
    for (const [name, declaration] of declarations) {
      const { concern, memoryMegabytes, timeoutSeconds } = declaration;
      const handler = new PhiFunction(this, constructId(name), {
        ...common,
        name,
        concern,
        environment: environmentOf(declaration, environment),
        ...(memoryMegabytes && { memoryMegabytes }),
        ...(timeoutSeconds && { timeoutSeconds }),
      });
      grant(handler, declaration, {
        organization: config.organization,
        tables: data.tables,
        patientKey: data.patientKey,
        userPoolArn: pool.userPoolArn,
      });
      functions.set(name, handler);
    }
    const { api } = new Api(this, 'Api', { config, authentication, functions, logsKey: data.logsKey });

    new CfnOutput(this, 'ApiUrl', { value: api.url });
    new CfnOutput(this, 'UserPoolId', { value: pool.userPoolId });
    new CfnOutput(this, 'ClientId', { value: client.userPoolClientId });
    new CfnOutput(this, 'Region', { value: this.region });
    new CfnOutput(this, 'Organization', { value: config.organization });
    new CfnOutput(this, 'Stage', { value: config.stage });
  }
}

const everyFunction = [
  'ORGANIZATION',
  'USER_POOL_ID',
  'CLIENT_ID',
  'AUDIT_ORIGIN',
  'WEB_ORIGINS',
] as const satisfies readonly (keyof ApiEnvironment)[];
const tableVariable: Readonly<Record<Table, keyof RecordsEnvironment>> = {
  records: 'RECORDS_TABLE',
  keys: 'KEYS_TABLE',
  audit: 'AUDIT_TABLE',
  governance: 'GOVERNANCE_TABLE',
};

/** A function knows the names of what it is granted, so that environment and role cannot drift apart. */
function environmentOf(declaration: FunctionDeclaration, values: RecordsEnvironment): Record<string, string> {
  const names = new Set<keyof RecordsEnvironment>([
    ...everyFunction,
    ...declaration.tables.map(({ table }) => tableVariable[table]),
    ...(declaration.patientKey ? (['PATIENT_KEY'] as const) : []),
    ...(declaration.userPool ? (['USER_POOL_ID'] as const) : []),
  ]);
  const entries = [...names].map((name) => [name, values[name]] as const);
  return Object.fromEntries(
    entries.filter((entry): entry is readonly [(typeof entry)[0], string] => entry[1] !== undefined),
  );
}

/** care-team -> CareTeam */
function constructId(name: string): string {
  return name.replace(/(^|-)(\w)/g, (_, __, letter: string) => letter.toUpperCase());
}
