import { behaviour, judgeVisits, showsAtMost } from '../../bin/conformance/behaviour';
import type { Subject } from '../../bin/conformance/subject';
import { isRed } from '../../bin/doctor/finding';
import type { Place } from '../../bin/doctor/place';

const answer = (...categories: string[]) => ({
  status: 200,
  text: JSON.stringify({ id: 'x', categories: Object.fromEntries(categories.map((name) => [name, {}])) }),
});

test.each([
  ['what the table gives it', 'registrar', answer('demographics'), true],
  ['one category more', 'registrar', answer('demographics', 'ssn'), false],
  ['nothing at all', 'registrar', answer(), false],
  ['anything, with a role that sees none', 'admin', answer('demographics'), false],
  ['what an unknown role might see', 'nurse', answer('demographics'), false],
  ['a refusal', 'registrar', { ...answer('demographics'), status: 403 }, false],
])('a role that is shown %s', (_, role, reply, well) => {
  expect(showsAtMost(role, reply)).toBe(well);
});

const refused = { status: 403, type: 'urn:ward:problem:forbidden', text: '{}' };
const given = { ...answer('demographics'), type: '' };
const well = {
  before: refused,
  joined: { ...given, status: 201 },
  during: given,
  after: refused,
  shown: [['registrar', given] as const],
};
test.each([
  ['as it should be', {}, []],
  ['that lets in who is not on the care team', { before: given }, ['off the care team']],
  ['that lets in who has left it', { after: given }, ['off the care team']],
  ['that fails in place of refusing', { after: { ...refused, status: 500, type: '' } }, ['off the care team']],
  ['that takes nobody on', { joined: refused }, ['on the care team']],
  ['that refuses who is on it', { during: refused }, ['on the care team']],
  ['that shows too much', { shown: [['registrar', { ...answer('ssn'), type: '' }]] }, ['categories of a role']],
] as const)('a stage %s', (_, change, expected) => {
  expect(
    judgeVisits({ ...well, ...change })
      .filter(isRed)
      .map(({ subject }) => subject),
  ).toEqual(expected);
});

test('without a test patient, or without who joins and who adds, it is unseen and never green', async () => {
  const subject: Subject = { target: {} as Subject['target'], place: {} as Place, users: [] };
  for (const each of [subject, { ...subject, patient: 'p' }])
    expect((await behaviour.look(each)).map(({ verdict }) => verdict)).toEqual(['unseen']);
});
