import { render } from '../../bin/audit/query-result';

const result = {
  columns: ['at', 'reason', 'count', 'categories'],
  rows: [
    ['2026-01-05T14:00:00.000Z', null, 3, ['notes', 'diagnoses']],
    ['=HYPERLINK("http://evil.example")', '-1+1', -1, []],
  ],
};

test('a cell that a spreadsheet would take for a formula stays text; a number stays a number', () => {
  expect(render(result, 'csv').split('\r\n')).toEqual([
    'at,reason,count,categories',
    '2026-01-05T14:00:00.000Z,,3,"[""notes"",""diagnoses""]"',
    `"'=HYPERLINK(""http://evil.example"")",'-1+1,-1,[]`,
    '',
  ]);
});

test.each(['=1', '+1', '-1', '@SUM', ' =1', '\t=1', '\r=1', '\n=1'])('CSV disarms %j', (cell) => {
  const [, line] = render({ columns: ['a'], rows: [[cell]] }, 'csv').split(/\r\n(?!=)/);
  expect(line?.replace(/^"/, '')).toMatch(/^'/);
});

test('JSON has a member for each column', () => {
  expect(JSON.parse(render(result, 'json'))[0]).toEqual({
    at: '2026-01-05T14:00:00.000Z',
    reason: null,
    count: 3,
    categories: ['notes', 'diagnoses'],
  });
});

test('a table says how many rows it has, and obeys nothing that is in them', () => {
  const esc = String.fromCharCode(27);
  expect(render({ columns: ['a', 'b'], rows: [['1', `x${esc}[2Jy`]] }, 'table')).toBe(
    'a  b\n-  ------\n1  x·[2Jy\n1 row\n',
  );
  expect(render({ columns: ['a'], rows: [] }, 'table')).toBe('a\n-\n0 rows\n');
});
