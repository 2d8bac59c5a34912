import { ResponseType, type RestApi } from 'aws-cdk-lib/aws-apigateway';
import { gatewayHeaders } from '../lambda/http/security-headers';

type Refusal = readonly [type: ResponseType, status: number, code: string, title: string];

const unauthorized = 'A valid access token is needed';
const unavailable = 'A part that Ward needs did not answer';
const malformed = 'The request is not well-formed';

/** What API Gateway answers by itself, without reaching code. Titles are fixed: nothing of the request is repeated. */
const refusals: readonly Refusal[] = [
  [ResponseType.UNAUTHORIZED, 401, 'unauthorized', unauthorized],
  [ResponseType.EXPIRED_TOKEN, 401, 'unauthorized', unauthorized],
  [ResponseType.ACCESS_DENIED, 403, 'access-denied', 'The access token lacks the scope of this API'],
  [ResponseType.INVALID_API_KEY, 403, 'access-denied', 'This is not permitted'],
  [ResponseType.INVALID_SIGNATURE, 403, 'access-denied', 'This is not permitted'],
  [ResponseType.WAF_FILTERED, 403, 'access-denied', 'This is not permitted'],
  // API Gateway says this of every route and method that it does not have.
  [ResponseType.MISSING_AUTHENTICATION_TOKEN, 403, 'unknown-route', 'There is no such route'],
  [ResponseType.RESOURCE_NOT_FOUND, 404, 'unknown-route', 'There is no such route'],
  [ResponseType.BAD_REQUEST_BODY, 400, 'malformed-body', 'The body must be a JSON object'],
  [ResponseType.BAD_REQUEST_PARAMETERS, 400, 'malformed-request', malformed],
  [ResponseType.REQUEST_TOO_LARGE, 413, 'body-too-large', 'The body is larger than this route takes'],
  [ResponseType.UNSUPPORTED_MEDIA_TYPE, 415, 'unsupported-media-type', 'The body must be application/json'],
  [ResponseType.THROTTLED, 429, 'throttled', 'Too many requests; try again later'],
  [ResponseType.QUOTA_EXCEEDED, 429, 'throttled', 'Too many requests; try again later'],
  [ResponseType.AUTHORIZER_CONFIGURATION_ERROR, 500, 'unavailable', unavailable],
  [ResponseType.AUTHORIZER_FAILURE, 500, 'unavailable', unavailable],
  [ResponseType.API_CONFIGURATION_ERROR, 500, 'unavailable', unavailable],
  [ResponseType.INTEGRATION_FAILURE, 502, 'unavailable', unavailable],
  [ResponseType.INTEGRATION_TIMEOUT, 504, 'unavailable', unavailable],
  [ResponseType.DEFAULT_4XX, 400, 'malformed-request', malformed],
  [ResponseType.DEFAULT_5XX, 500, 'unavailable', unavailable],
];

/** as headers are usually written */
export const titleCase = (name: string): string => name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());

/** sent with every answer; values as API Gateway wants them, in single quotes */
const headers = Object.fromEntries(
  Object.entries({ 'content-type': 'application/problem+json', ...gatewayHeaders }).map(([name, value]) => [
    titleCase(name),
    `'${value}'`,
  ]),
);

/**
 * Answers of the gateway as RFC 9457 problem details, like those of code.
 * @param webOrigins a page of another origin may see these answers only where there is exactly one: the header is constant
 */
export function addGatewayResponses(api: RestApi, webOrigins: readonly string[]): void {
  const [origin, ...others] = webOrigins;
  for (const [type, status, code, title] of refusals) {
    const body = { type: `urn:ward:problem:${code}`, title, status, instance: 'urn:uuid:$context.requestId' };
    api.addGatewayResponse(`Refusal${type.responseType}`, {
      type,
      statusCode: String(status),
      templates: { 'application/json': JSON.stringify(body) },
      responseHeaders: {
        ...headers,
        ...(status === 401 && { 'WWW-Authenticate': "'Bearer'" }),
        ...(status === 429 && { 'Retry-After': "'1'" }),
        ...(origin && others.length === 0 && { 'Access-Control-Allow-Origin': `'${origin}'` }),
      },
    });
  }
}
