import * as fc from 'fast-check';
import { compileConditions } from '../../local/iam/conditions';
import { contextOf } from '../../local/iam/context';
import { arnPattern, wildcard } from '../../local/iam/match';
import type { Json } from '../../local/template';

const role = { kind: 'role', name: 'arn:aws:iam::000000000000:role/reader', account: '000000000000' } as const;
const place = { account: '000000000000', region: 'us-east-1', now: Date.parse('2026-03-01T12:00:00Z') };
type Context = Readonly<Record<string, string | readonly string[]>>;

function holds(operator: string, key: string, expected: Json, context: Context = {}): boolean {
  const values = contextOf(role, { action: 's3:GetObject', resource: '*', context }, place);
  return compileConditions('test', { [operator]: { [key]: expected } }).every((condition) => condition(values));
}

const prefix = 's3:versionid';
const keys = 'dynamodb:LeadingKeys';

it.each<[string, string, Json, string | readonly string[] | undefined, boolean]>([
  ['StringEquals', prefix, 'a', 'a', true],
  ['StringEquals', prefix, ['a', 'b'], 'b', true],
  ['StringEquals', prefix, 'a', 'A', false],
  ['StringEquals', prefix, 'a*', 'ab', false],
  ['StringEquals', prefix, 'a', undefined, false],
  ['StringEqualsIfExists', prefix, 'a', undefined, true],
  ['StringEqualsIfExists', prefix, 'a', 'b', false],
  ['StringNotEquals', prefix, 'a', 'b', true],
  ['StringNotEquals', prefix, ['a', 'b'], 'b', false],
  ['StringNotEquals', prefix, 'a', undefined, true],
  ['StringNotEqualsIfExists', prefix, 'a', undefined, true],
  ['StringEqualsIgnoreCase', prefix, 'A', 'a', true],
  ['StringNotEqualsIgnoreCase', prefix, 'A', 'a', false],
  ['StringLike', prefix, 'a*c?', 'abbcd', true],
  ['StringLike', prefix, 'a', 'ab', false],
  ['StringLike', prefix, '*', undefined, false],
  ['StringNotLike', prefix, 'a*', 'ab', false],
  ['StringNotLike', prefix, 'a*', undefined, true],
  ['ArnEquals', 'aws:SourceArn', 'arn:aws:s3:::*', 'arn:aws:s3:::b', true],
  ['ArnLike', 'aws:SourceArn', 'arn:aws:*:x:y:b', 'arn:aws:s3::x:y:b', false],
  ['ArnLike', 'aws:SourceArn', 'arn:aws:sns:*:*:a', 'arn:aws:sns:x:y:a', true],
  ['ArnLike', 'aws:SourceArn', '*', 'no arn', false],
  ['ArnLike', 'aws:SourceArn', 'arn:aws:s3:::*', undefined, false],
  ['ArnNotLike', 'aws:SourceArn', 'arn:aws:s3:::*', 'arn:aws:s3:::b', false],
  ['ArnNotEquals', 'aws:SourceArn', 'arn:aws:s3:::a', undefined, true],
  ['Bool', 'kms:MultiRegion', 'true', 'true', true],
  ['Bool', 'kms:MultiRegion', true, 'TRUE', true],
  ['Bool', 'kms:MultiRegion', 'false', 'true', false],
  ['Bool', 'kms:MultiRegion', 'false', undefined, false],
  ['BoolIfExists', 'kms:MultiRegion', 'false', undefined, true],
  ['Null', prefix, 'true', undefined, true],
  ['Null', prefix, 'true', 'a', false],
  ['Null', prefix, 'false', 'a', true],
  ['Null', prefix, 'false', undefined, false],
  ['Null', keys, 'false', [], false],
  ['NumericEquals', 's3:object-lock-remaining-retention-days', '10', '10.0', true],
  ['NumericNotEquals', 's3:object-lock-remaining-retention-days', 10, '11', true],
  ['NumericLessThan', 's3:object-lock-remaining-retention-days', '10', '9', true],
  ['NumericLessThan', 's3:object-lock-remaining-retention-days', '10', '10', false],
  ['NumericLessThanEquals', 's3:object-lock-remaining-retention-days', '10', '10', true],
  ['NumericGreaterThan', 's3:object-lock-remaining-retention-days', '10', '9', false],
  ['NumericGreaterThanEquals', 's3:object-lock-remaining-retention-days', '10', '10', true],
  ['NumericGreaterThan', 's3:object-lock-remaining-retention-days', '10', 'many', false],
  ['NumericGreaterThan', 's3:object-lock-remaining-retention-days', '-1', '', false],
  ['NumericGreaterThan', 's3:object-lock-remaining-retention-days', '10', undefined, false],
  ['DateGreaterThan', 's3:object-lock-retain-until-date', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z', true],
  ['DateLessThan', 's3:object-lock-retain-until-date', '1767225600', '2026-01-02T00:00:00Z', false],
  ['DateEquals', 's3:object-lock-retain-until-date', '2026-01-01T00:00:00Z', '1767225600', true],
  ['DateGreaterThanEquals', 's3:object-lock-retain-until-date', '2026-01-01', '2026-01-01T00:00:00Z', true],
  ['DateLessThanEquals', 's3:object-lock-retain-until-date', '2026-01-01', 'never', false],
  ['DateNotEquals', 's3:object-lock-retain-until-date', '2026-01-01', undefined, true],
  ['ForAllValues:StringLike', keys, 'P#*', ['P#1', 'P#2'], true],
  ['ForAllValues:StringLike', keys, 'P#*', ['P#1', 'A#2'], false],
  ['ForAllValues:StringLike', keys, ['P#*', 'A#*'], ['P#1', 'A#2'], true],
  ['ForAllValues:StringLike', keys, 'P#*', [], true],
  ['ForAllValues:StringLike', keys, 'P#*', undefined, true],
  ['ForAllValues:StringNotEquals', keys, ['a', 'b'], ['c', 'd'], true],
  ['ForAllValues:StringNotEquals', keys, ['a', 'b'], ['c', 'b'], false],
  ['ForAnyValue:StringLike', keys, 'P#*', ['A#1', 'P#2'], true],
  ['ForAnyValue:StringLike', keys, 'P#*', ['A#1'], false],
  ['ForAnyValue:StringLike', keys, 'P#*', undefined, false],
  ['ForAnyValue:StringNotEquals', keys, 'a', ['a', 'b'], true],
  ['ForAnyValue:StringNotEquals', keys, 'a', undefined, false],
  ['ForAnyValue:StringLikeIfExists', keys, 'P#*', undefined, true],
])('%s of %s %j against %j is %s', (operator, key, expected, value, outcome) => {
  expect(holds(operator, key, expected, value === undefined ? {} : { [key]: value })).toBe(outcome);
});

it('every operator and every key of a block must hold', () => {
  const values = contextOf(role, { action: 's3:GetObject', resource: '*', context: { 's3:versionid': 'a' } }, place);
  const all = (block: { readonly [operator: string]: Json }) =>
    compileConditions('test', block).every((condition) => condition(values));
  expect(all({ StringEquals: { 's3:versionid': 'a' }, Bool: { 'aws:SecureTransport': 'true' } })).toBe(true);
  expect(all({ StringEquals: { 's3:versionid': 'a' }, Bool: { 'aws:SecureTransport': 'false' } })).toBe(false);
  expect(all({ StringEquals: { 's3:versionid': 'a', 's3:VersionId': 'v' } })).toBe(false);
});

it.each<[string, string, Json, boolean]>([
  ['Bool', 'aws:SecureTransport', 'true', true],
  ['Bool', 'AWS:securetransport', 'false', false],
  ['StringEquals', 'aws:PrincipalAccount', '000000000000', true],
  ['StringEquals', 'kms:CallerAccount', '000000000000', true],
  ['StringEquals', 'aws:ResourceAccount', '111111111111', false],
  ['StringEquals', 'aws:RequestedRegion', 'us-east-1', true],
  ['StringEquals', 'aws:PrincipalType', 'AssumedRole', true],
  ['ArnLike', 'aws:PrincipalArn', 'arn:aws:iam::*:role/reader', true],
  ['Bool', 'aws:PrincipalIsAWSService', 'false', true],
  ['Bool', 'aws:ViaAWSService', 'false', true],
  ['Null', 'aws:SourceArn', 'true', true],
  ['IpAddress', 'aws:SourceIp', '127.0.0.0/8', true],
  ['NotIpAddress', 'aws:SourceIp', ['10.0.0.0/8', '::1/128'], true],
  ['IpAddress', 'aws:SourceIp', '10.0.0.1', false],
  ['DateGreaterThan', 'aws:CurrentTime', '2026-03-01T11:59:59Z', true],
  ['NumericLessThan', 'aws:EpochTime', 1772366400, false],
])('the evaluator itself knows %s of %s %j: %s', (operator, key, expected, outcome) => {
  expect(holds(operator, key, expected)).toBe(outcome);
});

it('a call through another service is one by an AWS service', () => {
  expect(holds('Bool', 'aws:ViaAWSService', 'true', { 'kms:ViaService': 'dynamodb.us-east-1.amazonaws.com' })).toBe(
    true,
  );
});

it('an emulator cannot pass for another principal', () => {
  expect(holds('StringEquals', 'aws:PrincipalArn', 'arn:other', { 'aws:PrincipalArn': 'arn:other' })).toBe(false);
});

it('a single-valued key with several values is an error, never a match', () => {
  expect(() => holds('StringEquals', prefix, 'a', { 's3:versionid': ['a', 'b'] })).toThrow('takes one');
  expect(() => holds('StringEquals', prefix, 'a', { 's3:versionid': 'b', 's3:VersionID': 'a' })).toThrow('takes one');
});

describe('wildcards', () => {
  const piece = fc.constantFrom('a', 'b', ':', '/', '.', '*', '?', '[', '\\', 'é');
  const text = (maximum: number) => fc.array(piece, { maxLength: maximum }).map((pieces) => pieces.join(''));
  const oracle = (pattern: string): RegExp =>
    new RegExp(
      `^${pattern
        .replace(/[.+^${}()|[\]\\/]/g, '\\$&')
        .replace(/\*/g, '.*')
        .replace(/\?/g, '.')}$`,
      's',
    );

  it('match as the regular expression made of them', () => {
    fc.assert(
      fc.property(text(7), text(9), (pattern, given) => {
        expect(wildcard(pattern)(given)).toBe(oracle(pattern).test(given));
      }),
      { numRuns: 3000 },
    );
  });

  it('match every text that their stars and marks are filled to', () => {
    fc.assert(
      fc.property(text(7), text(4), piece, (pattern, star, mark) => {
        const given = pattern.replace(/[*?]/g, (wild) => (wild === '*' ? star : mark));
        expect(wildcard(pattern)(given)).toBe(true);
      }),
    );
  });

  it('in an ARN match part by part', () => {
    const matches = (pattern: string, given: string) => arnPattern(pattern)?.(given);
    expect(matches('arn:aws:s3:::b/*', 'arn:aws:s3:::b/x:y/z')).toBe(true);
    expect(matches('arn:aws:*:::b', 'arn:aws:s3:x::b')).toBe(false);
    expect(matches('arn:aws:*:x:y:b', 'arn:aws:s3::x:y:b')).toBe(false);
    expect(matches('arn:aws:*:x:y:b', 'arn:aws:s3:x:y:b')).toBe(true);
    expect(matches('arn:aws:logs:*:*:log-group:x:*', 'arn:aws:logs:us-east-1:0:log-group:x:log-stream:y')).toBe(true);
    expect(matches('arn:aws:s3:::b*', '*')).toBe(false);
    expect(arnPattern('arn:aws:s3')).toBeUndefined();
    expect(arnPattern('nra:aws:s3:::b')).toBeUndefined();
  });
});
