import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { logGroupsOf } from '../../bin/doctor/metric-lines';
import { type OwnCloud, ownCloud } from './own-cloud';

/** which calls of a function's role are answered with a failure */
let fails: (role: string, operation: string) => boolean = () => false;
let own: OwnCloud;
let logs: CloudWatchLogsClient;
beforeAll(async () => {
  own = await ownCloud(undefined, {
    intercept: async (_service, call, next) => {
      const operation = String(call.headers['x-amz-target']).split('.')[1] ?? '';
      if (!fails(call.caller.arn.split('/').at(-1) ?? '', operation)) return next(call);
      return { status: 400, body: JSON.stringify({ __type: 'ResourceNotFoundException' }) };
    },
  });
  const { region, credentials, urls } = own.cloud;
  logs = new CloudWatchLogsClient({ region, credentials, endpoint: urls.logs });
});
afterAll(() => own.remove());

/** @returns the lines about a request in the log groups whose name begins so, parsed */
async function lines(prefix: string, requestId: string): Promise<Record<string, unknown>[]> {
  const groups = await logGroupsOf(logs, `ward-local-${prefix}`);
  expect(groups).toHaveLength(1);
  const { events = [] } = await logs.send(
    new FilterLogEventsCommand({ logGroupName: groups[0], filterPattern: `"${requestId}"` }),
  );
  return events.map(({ message = '' }) => JSON.parse(message));
}

test('one id leads from an answer to the access log and to its event in the audit log, 45 CFR 164.312(b)', async () => {
  const { status, requestId } = await own.ward.as('admin').get('/v1/users');
  expect(status).toBe(200);
  expect(await lines('api-ApiAccessLogs', requestId)).toEqual([
    expect.objectContaining({ requestId, route: '/v1/users', method: 'GET', status: '200' }),
  ]);
  expect(await own.ward.eventsOf(requestId)).toMatchObject([{ action: 'user.list', outcome: 'permit' }]);
});

test('a refusal by code is in both, and one by the gateway in the access log alone', async () => {
  const byCode = await own.ward.as('clinician').get('/v1/users');
  expect(byCode.body).toMatchObject({ status: 403, instance: `urn:uuid:${byCode.requestId}` });
  expect(await lines('api-ApiAccessLogs', byCode.requestId)).toMatchObject([{ status: '403' }]);
  expect(await own.ward.eventsOf(byCode.requestId)).toMatchObject([{ outcome: 'deny' }]);
  const byGateway = await own.ward.with(undefined).get('/v1/users');
  expect(await lines('api-ApiAccessLogs', byGateway.requestId)).toMatchObject([
    { status: '401', refusal: 'UNAUTHORIZED' },
  ]);
  expect(await own.ward.eventsOf(byGateway.requestId)).toEqual([]);
});

test('of a request that fails, the function’s log has a line with the same id', async () => {
  fails = (role, operation) => role === 'ward-local-users' && operation === 'PutItem';
  try {
    const { status, requestId } = await own.ward.as('admin').get('/v1/users');
    expect(status).toBe(503);
    expect(await lines('api-ApiAccessLogs', requestId)).toMatchObject([{ status: '503' }]);
    expect(await lines('handlers-UsersLogs', requestId)).toEqual([
      expect.objectContaining({ message: 'request failed', request: requestId, route: '/v1/users' }),
    ]);
  } finally {
    fails = () => false;
  }
});
