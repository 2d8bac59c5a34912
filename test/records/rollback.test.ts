import { randomUUID } from 'node:crypto';
import { compareWithLog } from '../../lambda/records/rollback';

const entry = randomUUID();
const stored = (version: number, sealed = version) => [{ category: 'notes', entry, version, sealed }];
const recorded = (...versions: number[]) => versions.map((version) => ({ type: 'notes', id: entry, version }));

describe('the records table held against the audit log. 45 CFR 164.312(c)(2)', () => {
  it('is sound where the log knows just what is stored, in whatever order it tells', () => {
    expect(compareWithLog(stored(3), recorded(2, 3, 1))).toEqual([]);
  });

  it.each([
    ['rolled-back', stored(1), recorded(1, 2), { stored: 1, recorded: 2 }],
    ['missing', [], recorded(1, 2), { recorded: 2 }],
    ['altered', stored(2, 1), recorded(1, 2), { stored: 2, recorded: 2 }],
    ['unrecorded', stored(2), recorded(1), { stored: 2, recorded: 1 }],
    ['unrecorded', stored(1), [], { stored: 1 }],
  ] as const)('finds what is %s', (status, table, log, versions) => {
    expect(compareWithLog(table, log)).toEqual([{ status, category: 'notes', entry, ...versions }]);
  });

  it('takes no other resource of an event for an entry', () => {
    const others = [
      { type: 'key', id: entry, version: 9 },
      { type: 'notes', id: randomUUID(), version: null },
      { type: 'diagnoses', id: entry, version: null },
    ];
    expect(compareWithLog(stored(1), [...recorded(1), ...others])).toEqual([]);
  });
});
