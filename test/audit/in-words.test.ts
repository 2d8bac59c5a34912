import { actions } from '../../lambda/access/policy';
import { auditEvent } from '../../lambda/audit/event';
import { inWords } from '../../lambda/audit/in-words';
import { id, lane, type Told } from './query-folder';

const say = (told: Partial<Told> = {}, reader = id('reader')): string => {
  const [event] = lane('lane', [{ at: '2026-01-05T14:00:00.000Z', ...told }]);
  return inWords(auditEvent.parse(JSON.parse(event?.line ?? '')), reader).text;
};
const ann = id('ann').slice(0, 8);

test.each<[Partial<Told>, string]>([
  [{}, `A clinician (id ${ann}) looked at your doctor’s notes, as a member of your care team.`],
  [
    { categories: ['diagnoses', 'prescriptions', 'notes'] },
    `A clinician (id ${ann}) looked at your diagnoses, your prescriptions and your doctor’s notes, as a member of your care team.`,
  ],
  [
    { basis: `emergency:${id('access')}`, purpose: 'EMERGENCY', categories: ['diagnoses'] },
    `A clinician (id ${ann}) looked at your diagnoses, in an emergency; every such access is reviewed.`,
  ],
  [
    { action: 'care-team.add', categories: [], basis: 'role' },
    `A clinician (id ${ann}) added someone to your care team.`,
  ],
  [
    { actor: null, action: 'key.rotate', categories: [], basis: null },
    'Ward itself renewed the protection of your record.',
  ],
  [
    { by: 'parent', role: 'patient', basis: 'representative', categories: ['diagnoses'] },
    `Someone who may act for you (id ${id('parent').slice(0, 8)}) looked at your diagnoses, on your behalf.`,
  ],
])('an access is told in a sentence', (told, sentence) => {
  expect(say(told)).toBe(sentence);
});

test('the reader is “you”, and nobody needs their own id', () => {
  expect(say({ by: 'reader', role: 'patient', basis: 'self' })).toBe('You looked at your doctor’s notes.');
});

test.each(Object.keys(actions))('%s has words, without a code or a gap in them', (action) => {
  const sentence = say({ action });
  expect(sentence).toMatch(/^A clinician \(id [0-9a-f]{8}\) [a-z’,; ]+\.$/);
  expect(sentence).not.toContain('undefined');
});
