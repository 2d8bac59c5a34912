import { readArguments } from '../../local/arguments';

test('without options everything has its default', () => {
  expect(readArguments([])).toEqual({ assembly: 'cdk.out', directory: '.ward', port: 4600, reset: false });
});

test('every option is taken', () => {
  expect(readArguments(['--data', 'd', '--port', '0', '--reset', 'out'])).toEqual({
    assembly: 'out',
    directory: 'd',
    port: 0,
    reset: true,
  });
  expect(readArguments(['--help'])).toBe('help');
});

test.each([
  [['--prot', '1'], "Unknown option '--prot'; see --help."],
  [['--port', 'x'], '--port takes a number from 0 to 65528.'],
  [['--port', '65529'], '--port takes a number from 0 to 65528.'],
  [['--port=-1'], '--port takes a number from 0 to 65528.'],
  [['--data', ''], '--data takes a folder.'],
  [['a', 'b'], 'Name one folder of templates at most; see --help.'],
])('%j is refused in one sentence', (words, sentence) => {
  expect(() => readArguments(words)).toThrow(sentence);
});
