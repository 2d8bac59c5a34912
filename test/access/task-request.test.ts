import { taskFaults, taskOf, taskRequest } from '../../lambda/access/task-request';

const now = new Date('2026-03-10T08:00:00.000Z');
const [by, other] = ['5b0c1c1e-6d5b-4f6e-8d53-0d9f2f1f7a11', '9f3d8a52-3c53-4f2b-9f0b-2a7e1f0c6d22'];
const [id, patient] = ['0197f2c0-0000-7000-8000-000000000001', '0197f2c0-0000-7000-8000-000000000002'];
const appointment = (more: object = {}) =>
  taskOf(taskRequest.parse({ kind: 'appointment', assignee: { user: other }, ...more }), { id, patient, by, now });
const fields = (more: object, role: 'clinician' | 'billing' = 'clinician') =>
  taskFaults(appointment(more), role).map(({ field }) => field);

test('a task begins now and lasts as long as its kind may, unless it says otherwise', () => {
  expect(appointment()).toMatchObject({ from: '2026-03-10T08:00:00.000Z', until: '2026-03-24T08:00:00.000Z' });
  expect(appointment({ until: '2026-03-11T10:00:00Z' })).toMatchObject({
    until: '2026-03-11T10:00:00.000Z',
  });
});

test('a role records the tasks that it works with, and nobody records one for themselves (164.502(b))', () => {
  expect(fields({})).toEqual([]);
  expect(fields({}, 'billing')).toEqual(['kind']);
  expect(fields({ assignee: { user: by } })).toEqual(['assignee']);
});

test('a task is for the role that does such tasks', () => {
  expect(fields({ assignee: { role: 'clinician', department: 'cardiology' } })).toEqual([]);
  expect(fields({ assignee: { role: 'billing' } })).toEqual(['assignee']);
});

test('a task ends after it began, and no later than its kind may last', () => {
  expect(fields({ until: '2026-03-10T08:00:00Z' })).toEqual(['until']);
  expect(fields({ until: '2026-03-24T08:00:01Z' })).toEqual(['until']);
});

test('a task is not entered so late or so early that it would explain what it was not made for', () => {
  expect(fields({ from: '2026-02-08T08:00:00Z' })).toEqual([]);
  expect(fields({ from: '2026-02-08T07:59:59Z' })).toEqual(['from']);
  expect(fields({ from: '2027-03-10T08:00:01Z' })).toEqual(['from']);
});
