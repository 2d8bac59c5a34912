import { Insights } from '../../../local/logs/insights';

const events = [
  { timestamp: 2000, message: JSON.stringify({ message: 'request failed', request: 'b', patient: 'x' }) },
  { timestamp: 1000, message: JSON.stringify({ message: 'request failed', request: 'a' }) },
  { timestamp: 1500, message: 'START' },
];
const ask = (query: string) => {
  const insights = new Insights();
  return insights.results(insights.start(query, events));
};

test('fields, filter, sort and limit give what was asked for and no other field', () => {
  expect(ask('fields @timestamp, request | filter message = "request failed" | sort @timestamp asc | limit 1')).toEqual(
    [
      [
        { field: '@timestamp', value: '1970-01-01 00:00:01.000' },
        { field: 'request', value: 'a' },
      ],
    ],
  );
});

test.each(['stats count(*)', 'fields *', 'filter message like /x/', 'sort request asc', 'limit many'])(
  '%s is refused, not half done',
  (query) => expect(() => ask(query)).toThrow(expect.objectContaining({ code: 'MalformedQueryException' })),
);

test('a query that nobody started has no results', () => {
  expect(() => new Insights().results('none')).toThrow(expect.objectContaining({ code: 'ResourceNotFoundException' }));
});
