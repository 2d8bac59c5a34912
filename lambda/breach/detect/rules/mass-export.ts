import { atLeast, type WindowRule } from './rule';

/** A clinician exports a record for one patient at a time, at a patient's wish. 45 CFR 164.524. */
export const massExport: WindowRule = {
  id: 'mass-export',
  severity: 'critical',
  mayContain: true,
  marks: ['exports'],
  reason: 'Whole records of many patients were exported within a day.',
  evaluate: ({ day, settings }) => {
    const exported = day('exports');
    const hit = atLeast(exported, settings.exportsPerDay);
    return hit && { ...hit, patients: exported.members };
  },
};
