import { logGroups } from '../../lambda/environment';

afterEach(() => {
  delete process.env['LOG_GROUPS'];
});

test('names of log groups are told with their stack’s name once, and read whole', () => {
  process.env['LOG_GROUPS'] = 'ward-prod-handlers- ~Account-1 ~Users-2;ward-prod-operations- ~Sweep-3';
  expect(logGroups()).toEqual([
    'ward-prod-handlers-Account-1',
    'ward-prod-handlers-Users-2',
    'ward-prod-operations-Sweep-3',
  ]);
});

test('a name that does not begin with its stack’s stays as it is, and without the variable there are none', () => {
  process.env['LOG_GROUPS'] = 'ward-prod-handlers- ~Account-1 elsewhere';
  expect(logGroups()).toEqual(['ward-prod-handlers-Account-1', 'elsewhere']);
  delete process.env['LOG_GROUPS'];
  expect(logGroups()).toEqual([]);
});
