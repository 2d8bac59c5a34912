import { CfnBasePathMapping, CfnDomainName, CfnMethod, CfnRestApi, type RestApi } from 'aws-cdk-lib/aws-apigateway';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { gatewayHeaders } from '../lambda/http/security-headers';
import { acknowledge } from './acknowledgements';
import type { Config } from './config';
import { titleCase } from './gateway-responses';
import { WebAcl } from './web-acl';

/** TLS 1.3, or 1.2 with forward secrecy, and key exchange that a later quantum computer does not undo. */
const tlsPolicy = 'SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09';
/** The one that API Gateway has for mutual TLS: no policy of the newer generation takes client certificates. */
const mutualTlsPolicy = 'TLS_1_2';

/** 45 CFR 164.312(e)(1): by which name and how the API is reached, and what never gets to it. */
export class Transmission extends Construct {
  /** where the API is, ending in a slash */
  readonly url: string;
  /** what the domain's DNS name is an alias of; absent without a domain */
  readonly target: string | undefined;

  constructor(
    scope: Construct,
    id: string,
    { config, api, logsKey }: { readonly config: Config; readonly api: RestApi; readonly logsKey: IKey },
  ) {
    super(scope, id);
    const cfnApi = api.node.defaultChild;
    if (!(cfnApi instanceof CfnRestApi)) throw new Error('the REST API is not made as CDK made it');
    cfnApi.securityPolicy = tlsPolicy;
    cfnApi.endpointAccessMode = 'STRICT';
    const domain = config.domain && this.#domain(config, config.domain, api);
    // One name: a second one would be a way around the client certificates and whatever else guards the first.
    cfnApi.disableExecuteApiEndpoint = domain !== undefined;
    this.url = config.domain ? `https://${config.domain.name}/` : api.url;
    this.target = domain?.attrRegionalDomainName;
    secureMocks(api);
    new WebAcl(this, 'WebAcl', { config, stageArn: api.deploymentStage.stageArn, logsKey });
  }

  #domain({ mutualTls }: Config, domain: NonNullable<Config['domain']>, api: RestApi): CfnDomainName {
    const made = new CfnDomainName(this, 'Domain', {
      domainName: domain.name,
      regionalCertificateArn: domain.certificateArn,
      endpointConfiguration: { types: ['REGIONAL'], ipAddressType: 'dualstack' },
      securityPolicy: mutualTls ? mutualTlsPolicy : tlsPolicy,
      ...(mutualTls
        ? {
            mutualTlsAuthentication: {
              truststoreUri: mutualTls.truststore,
              ...(mutualTls.version && { truststoreVersion: mutualTls.version }),
            },
          }
        : { endpointAccessMode: 'STRICT' }),
    });
    if (mutualTls)
      acknowledge(made, {
        'Ward::transport-strong':
          'API Gateway takes client certificates under its older policy alone: TLS 1.2, by settings that ask for them',
      });
    new CfnBasePathMapping(this, 'Mapping', {
      domainName: made.ref,
      restApiId: api.restApiId,
      stage: api.deploymentStage.stageName,
    });
    return made;
  }
}

/** Preflight is answered by the gateway alone: it gets the headers that code sends with every answer. */
function secureMocks(api: RestApi): void {
  for (const method of api.node.findAll())
    if (method instanceof CfnMethod && method.httpMethod === 'OPTIONS')
      for (const [name, value] of Object.entries(gatewayHeaders)) {
        const parameter = `method\\.response\\.header\\.${titleCase(name)}`;
        method.addPropertyOverride(`Integration.IntegrationResponses.0.ResponseParameters.${parameter}`, `'${value}'`);
        method.addPropertyOverride(`MethodResponses.0.ResponseParameters.${parameter}`, true);
      }
}
