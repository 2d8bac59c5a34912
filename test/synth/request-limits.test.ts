import fc from 'fast-check';
import { type Route, routes } from '../../lambda/http/routes';
import { above, bodyClasses, pathPatterns, smallBody } from '../../lib/request-limits';

const everyRoute: readonly Route[] = routes;
const filled = (path: string): string => path.replace(/\{\w+\}/g, '0b1c0f1e-0000-4000-8000-000000000000');
const patternsOf = (limit: number): RegExp[] =>
  bodyClasses()
    .filter((each) => each.limit === limit)
    .flatMap(({ paths }) => pathPatterns(paths, 'prod').map((pattern) => new RegExp(pattern)));

test('a number is above a limit exactly when the pattern says so', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000_000 }), fc.integer({ min: 0, max: 20_000_000 }), (limit, number) => {
      const pattern = new RegExp(above(limit));
      expect(pattern.test(String(number))).toBe(number > limit);
      expect(pattern.test(`00${number}`)).toBe(number > limit);
      expect(pattern.test(String(limit))).toBe(false);
      expect(pattern.test(String(limit + 1))).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test('every route is in the class of its limit, by its own name and by that of a domain', () => {
  for (const { path, bodyLimit } of everyRoute.filter((route) => route.bodyLimit > smallBody))
    for (const written of [`/prod${filled(path)}`, filled(path)])
      expect([written, patternsOf(bodyLimit).some((pattern) => pattern.test(written))]).toEqual([written, true]);
});

test('no path of a smaller limit is in a larger class, nor one that is written otherwise', () => {
  const larger = bodyClasses().flatMap(({ paths }) => paths);
  const patterns = bodyClasses().flatMap(({ limit }) => patternsOf(limit));
  for (const { path } of everyRoute.filter((route) => !larger.includes(route.path)))
    expect([path, patterns.some((pattern) => pattern.test(`/prod${filled(path)}`))]).toEqual([path, false]);
  for (const path of larger.map(filled))
    for (const written of [`/other${path}`, `/prod/${path}`, `/prod${path}/x/y/z/x/y/z`, path.replace('/v1', '/%761')])
      expect([written, patterns.some((pattern) => pattern.test(written))]).toEqual([written, false]);
});
