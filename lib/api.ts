import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import {
  AccessLogFormat,
  AuthorizationType,
  CognitoUserPoolsAuthorizer,
  EndpointType,
  type IModel,
  JsonSchemaType,
  LambdaIntegration,
  LogGroupLogDestination,
  MethodLoggingLevel,
  RestApi,
} from 'aws-cdk-lib/aws-apigateway';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { type Alias, CfnPermission, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { type Route, routes } from '../lambda/http/routes';
import { acknowledge } from './acknowledgements';
import type { Authentication } from './authentication';
import type { Config } from './config';
import { addGatewayResponses } from './gateway-responses';
import { stageThrottle, throttleOf } from './request-limits';
import { apiName } from './staged-deployment';
import { Transmission } from './transmission';

export interface ApiProps {
  readonly config: Config;
  readonly authentication: Authentication;
  /** the alias of each function that a route leads to */
  readonly live: ReadonlyMap<string, Alias>;
  readonly logsKey: IKey;
}

/**
 * All that an access log says: no path, query, header or subject, because those name patients and people. The address is an
 * identifier by 45 CFR 164.514(b)(2)(i)(O), of whoever calls, and stays: of what the gateway refuses nothing else tells from where.
 */
const accessLog = {
  requestId: '$context.requestId',
  at: '$context.requestTime',
  ip: '$context.identity.sourceIp',
  method: '$context.httpMethod',
  route: '$context.resourcePath',
  status: '$context.status',
  refusal: '$context.error.responseType',
  authorizerError: '$context.authorizer.error',
  integrationStatus: '$context.integration.status',
  latencyMilliseconds: '$context.responseLatency',
  responseBytes: '$context.responseLength',
};

/** Of every method: settings of one method stand alone, what they leave out is API Gateway's default. */
const methodSettings = {
  cachingEnabled: false,
  loggingLevel: MethodLoggingLevel.OFF,
  dataTraceEnabled: false,
  metricsEnabled: true,
};
const bodyTypes = ['application/json', 'application/merge-patch+json'];

/** The REST API, made from the route table. 45 CFR 164.312(a)(1): no method without the authorizer and its scope. */
export class Api extends Construct {
  readonly api: RestApi;
  readonly transmission: Transmission;

  constructor(scope: Construct, id: string, { config, authentication, live, logsKey }: ApiProps) {
    super(scope, id);
    const accessLogs = new LogGroup(this, 'AccessLogs', {
      encryptionKey: logsKey,
      retention: RetentionDays.SIX_YEARS,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.api = new RestApi(this, 'Rest', {
      restApiName: apiName(config.stage),
      description: 'Ward: patient records',
      endpointTypes: [EndpointType.REGIONAL],
      cloudWatchRole: true,
      cloudWatchRoleRemovalPolicy: RemovalPolicy.RETAIN,
      deployOptions: {
        stageName: config.stage,
        tracingEnabled: false,
        ...methodSettings,
        ...stageThrottle,
        methodOptions: Object.fromEntries(
          routes.map((route) => [`${route.path}/${route.method}`, { ...methodSettings, ...throttleOf(route) }]),
        ),
        accessLogDestination: new LogGroupLogDestination(accessLogs),
        accessLogFormat: AccessLogFormat.custom(JSON.stringify(accessLog)),
      },
      defaultMethodOptions: {
        authorizer: new CognitoUserPoolsAuthorizer(this, 'Authorizer', {
          cognitoUserPools: [authentication.pool],
          resultsCacheTtl: Duration.seconds(0),
        }),
        authorizationType: AuthorizationType.COGNITO,
        authorizationScopes: [authentication.apiScope.scopeName],
      },
      ...(config.webOrigins.length > 0 && {
        defaultCorsPreflightOptions: {
          allowOrigins: [...config.webOrigins],
          allowMethods: [...new Set(routes.map((route) => route.method))],
          allowHeaders: ['Authorization', 'Content-Type', 'If-Match', 'Idempotency-Key'],
          maxAge: Duration.minutes(10),
        },
      }),
    });
    this.api.node.tryRemoveChild('Endpoint'); // CDK's own output; ours is ApiUrl
    this.#addRoutes(live, config);
    addGatewayResponses(this.api, config.webOrigins);
    this.transmission = new Transmission(this, 'Transmission', { config, api: this.api, logsKey });
    this.#acknowledge();
  }

  #addRoutes(live: ReadonlyMap<string, Alias>, { account, stage }: Config): void {
    const requestValidator = this.api.addRequestValidator('Validator', {
      validateRequestBody: true,
      validateRequestParameters: true,
    });
    // What is in the object is checked in code: a message of the gateway could not name the field.
    const jsonObject = this.api.addModel('JsonObject', { schema: { type: JsonSchemaType.OBJECT } });
    const integrations = new Map<string, LambdaIntegration>();
    // One permission a function, of this stage alone: CDK would add one a method, and a stack holds 500 resources. The
    // console's test invocation has a stage of its own, so it is refused: it would carry claims that its caller made up.
    for (const [name, { functionArn }] of live) {
      new CfnPermission(this, `${name}-permission`, {
        action: 'lambda:InvokeFunction',
        functionName: functionArn,
        principal: 'apigateway.amazonaws.com',
        sourceAccount: account,
        sourceArn: this.api.arnForExecuteApi('*', '/*', stage),
      });
      const permitted = LambdaFunction.fromFunctionAttributes(this, `${name}-permitted`, {
        functionArn,
        skipPermissions: true,
      });
      integrations.set(name, new LambdaIntegration(permitted, { allowTestInvoke: false }));
    }
    for (const route of routes satisfies readonly Route[]) {
      const integration = integrations.get(route.function);
      if (!integration) throw new Error(`${route.method} ${route.path} names no function of lib/functions.ts`);
      this.api.root.resourceForPath(route.path).addMethod(route.method, integration, {
        operationName: route.action,
        requestValidator,
        requestParameters: pathParameters(route.path),
        ...(route.bodyLimit > 0 && { requestModels: bodyModels(jsonObject) }),
      });
    }
  }

  #acknowledge(): void {
    const executionLogs =
      'Execution logs hold raw paths, which hold patient ids, in a log group that API Gateway makes without our key or ' +
      'retention. Every request is in the access log instead, by route and the address that it came from, for six years';
    acknowledge(this.api, {
      'HIPAA.Security-APIGWCacheEnabledAndEncrypted':
        'A response from a cache would skip the access decision and the audit event; PHI is never cached',
      'HIPAA.Security-APIGWSSLEnabled':
        'A client certificate is for HTTP back ends. Ours is Lambda, which API Gateway calls with IAM',
      'HIPAA.Security-APIGWExecutionLoggingEnabled': executionLogs,
      'AwsSolutions-APIG6': executionLogs,
      'HIPAA.Security-APIGWXrayEnabled': 'A trace of the stage records the full URL, which holds patient ids',
      'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]':
        'The role by which API Gateway writes access logs, one an account and Region; AWS keeps this policy for it alone',
    });
  }
}

function pathParameters(path: string): Record<string, boolean> {
  return Object.fromEntries([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => [`method.request.path.${name}`, true]));
}

function bodyModels(model: IModel): Record<string, IModel> {
  return Object.fromEntries(bodyTypes.map((type) => [type, model]));
}
