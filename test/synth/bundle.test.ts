import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleFunctions, check } from '../../lib/bundle';
import { entryPoints } from '../../lib/functions';

const folder = mkdtempSync(join(tmpdir(), 'ward-bundles-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the bundles', () => {
  let bytes: Readonly<Record<string, number>>;
  beforeAll(async () => {
    mkdirSync(join(folder, 'gone'));
    bytes = await bundleFunctions(folder);
  }, 60_000);

  test('there is one for each declared function, and none is left of a function that is gone', () => {
    expect(Object.keys(bytes).sort()).toEqual([...entryPoints].sort());
    expect(readdirSync(folder).sort()).toEqual([...entryPoints].sort());
  });

  test('none is larger than 700 KB, but for those that draw PDFs, which carry two fonts and their engine', () => {
    const drawing = ['incident-dossier', 'incident-notices'];
    const limit = (name: string) => (drawing.includes(name) ? 1_500_000 : 700_000);
    expect(Object.entries(bytes).filter(([name, size]) => size > limit(name))).toEqual([]);
  });

  test.each<[what: string, trace: RegExp]>([
    ['credentials outside of its environment', /sso_account_id|credential_process|security-credentials/],
    ['infrastructure or a test double', /aws-cdk-lib|aws-sdk-client-mock/],
  ])('no bundle holds %s', (_, trace) => {
    expect(entryPoints.filter((name) => trace.test(readFileSync(join(folder, name, 'index.js'), 'utf8')))).toEqual([]);
  });
});

test('a function without an entry point is named', () => {
  const found = entryPoints.filter((name) => name !== 'patients');
  expect(() => check(found)).toThrow('lib/functions declares patients, but there is no lambda/**/patients.lambda.ts');
});

test('an entry point that nothing declares is named', () => {
  expect(() => check([...entryPoints, 'stray'])).toThrow(
    'stray.lambda.ts is an entry point that lib/functions does not declare',
  );
});
