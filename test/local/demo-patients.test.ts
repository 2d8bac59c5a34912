import { bundleEnvelope } from '../../lambda/records/fhir/bundle';
import { planImport } from '../../lambda/records/fhir/import-plan';
import { demoBundle } from '../../local/demo-patients';

const seeds = Array.from({ length: 60 }, (_, seed) => seed);

describe('demoBundle', () => {
  it('makes patients that an import accepts', () => {
    for (const seed of seeds) {
      const envelope = bundleEnvelope(demoBundle(seed));
      if ('issues' in envelope) throw new Error('expected entries');
      expect(planImport(envelope.entries)).not.toHaveProperty('issues');
    }
  });

  it('has something for every category that an import fills', () => {
    const plan = planImport(demoBundle(1).entry);
    if ('issues' in plan) throw new Error('expected a plan');
    expect(plan.patient.ssn?.value).toMatch(/^999/);
    expect(new Set(plan.resources.flatMap(({ pieces }) => pieces.map(({ category }) => category)))).toEqual(
      new Set([
        'medical_history',
        'diagnoses',
        'prescriptions',
        'notes',
        'insurance_id',
        'payment_history',
        'claim_clinical',
      ]),
    );
  });

  it('makes the same patient of the same seed, and another of every other', () => {
    expect(demoBundle(7)).toEqual(demoBundle(7));
    const ids = seeds.flatMap((seed) => demoBundle(seed).entry.map(({ resource }) => resource.id));
    expect(new Set(ids).size).toBe(ids.length);
  });
});
