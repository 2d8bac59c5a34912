import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { Api } from './api';
import type { AuthenticationStack } from './authentication-stack';
import type { Config } from './config';
import type { DataStack } from './data-stack';
import type { HandlersStack } from './handlers-stack';

export interface ApiStackProps extends StackProps {
  readonly config: Config;
  readonly data: DataStack;
  readonly authentication: AuthenticationStack;
  readonly handlers: HandlersStack;
}

/** The REST API in front of the functions, and what an app or an operator needs to call it. */
export class ApiStack extends Stack {
  constructor(scope: Construct, id: string, props: ApiStackProps) {
    const { config, data, authentication: stack, handlers, ...own } = props;
    super(scope, id, { ...own, terminationProtection: config.kind === 'production' });
    const { authentication } = stack;
    const { transmission } = new Api(this, 'Api', {
      config,
      authentication,
      live: handlers.live,
      logsKey: data.logsKey,
    });

    new CfnOutput(this, 'ApiUrl', { value: transmission.url });
    if (transmission.target) new CfnOutput(this, 'DomainTarget', { value: transmission.target });
    new CfnOutput(this, 'UserPoolId', { value: authentication.pool.userPoolId });
    new CfnOutput(this, 'ClientId', { value: authentication.client.userPoolClientId });
    new CfnOutput(this, 'Region', { value: this.region });
    new CfnOutput(this, 'Organization', { value: config.organization });
    new CfnOutput(this, 'Stage', { value: config.stage });
    new CfnOutput(this, 'Kind', { value: config.kind });
  }
}
