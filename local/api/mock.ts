import * as z from 'zod';

/** What a MOCK integration answers; preflight requests are the only ones (Fetch standard, CORS preflight). */
export interface MockResponse {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  /** further origins that are answered with themselves */
  readonly otherOrigins: readonly string[];
}

const mock = z.looseObject({
  IntegrationResponses: z
    .array(
      z.looseObject({
        StatusCode: z.string(),
        SelectionPattern: z.string().optional(),
        ResponseParameters: z.record(z.string(), z.string()).default({}),
        ResponseTemplates: z.record(z.string(), z.string()).default({}),
      }),
    )
    .length(1),
});

/** The one mapping template that the CDK writes: it answers an allowed origin with itself. */
const originTemplate =
  /^#set\(\$origin = \$input\.params\(\)\.header\.get\("Origin"\)\)\s+#if\(\$origin == ""\)\s+#set\(\$origin = \$input\.params\(\)\.header\.get\("origin"\)\)\s+#end\s+#if\((.+)\)\s+#set\(\$context\.responseOverride\.header\.Access-Control-Allow-Origin = \$origin\)\s+#end$/;

/** @throws Error naming a mapping that is not emulated */
export function readMock(
  id: string,
  integration: object,
  methodResponses: readonly { readonly StatusCode: string; readonly ResponseParameters: object }[],
): MockResponse {
  const parsed = mock.safeParse(integration);
  const response = parsed.data?.IntegrationResponses[0];
  if (!response || response.SelectionPattern) throw new Error(`${id}: a MOCK integration has one plain response`);
  const declared = methodResponses.find(({ StatusCode }) => StatusCode === response.StatusCode)?.ResponseParameters;
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(response.ResponseParameters)) {
    const header = /^method\.response\.header\.([\w-]+)$/.exec(name)?.[1];
    const literal = /^'(.*)'$/.exec(value)?.[1];
    if (!header || literal === undefined) throw new Error(`${id}: the mapping of ${name} is not emulated`);
    if (!declared || !(name in declared)) throw new Error(`${id}: the method does not declare ${name}`);
    headers.set(header, literal);
  }
  const templates = Object.values(response.ResponseTemplates).filter((text) => text !== '');
  return {
    status: Number(response.StatusCode),
    headers,
    otherOrigins: templates.flatMap((template) => readOrigins(id, template)),
  };
}

/** @param origin what the browser sent */
export function mockHeaders({ headers, otherOrigins }: MockResponse, origin: string | undefined): Map<string, string> {
  const answer = new Map(headers);
  if (origin !== undefined && otherOrigins.includes(origin)) answer.set('Access-Control-Allow-Origin', origin);
  return answer;
}

function readOrigins(id: string, template: string): string[] {
  const condition = originTemplate.exec(template.trim())?.[1];
  const origins = condition?.split(' || ').map((part) => /^\$origin == "([^"]*)"$/.exec(part)?.[1]);
  if (!origins || origins.includes(undefined)) throw new Error(`${id}: its response template is not emulated`);
  return origins.filter((origin) => origin !== undefined);
}
