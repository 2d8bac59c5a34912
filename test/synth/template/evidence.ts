import { proofsOf } from '../../../evidence/resources';
import { rules } from '../../../evidence/rules';
import type { Stages } from '../assembly';

export function describeEvidence({ production }: Pick<Stages, 'production'>): void {
  const resources = production.all.flatMap(({ json }) =>
    Object.entries(json.Resources).map(([id, { Type, Properties, DeletionPolicy }]) => ({
      stack: 'production',
      id,
      type: Type,
      properties: Properties ?? {},
      deletionPolicy: DeletionPolicy,
    })),
  );

  test('every resource that a rule is shown by is in the templates, with one property at least - 45 CFR 164.316(b)(1)', () => {
    const missing = rules.flatMap(({ section, resources: shown }) =>
      shown
        .filter((evidence) => {
          const values = proofsOf(resources, evidence).flatMap(({ properties }) => Object.values(properties));
          return !values.some((value) => value !== null);
        })
        .map(({ type, properties }) => `${section}: ${type} ${properties.join(', ')}`),
    );
    expect(missing).toEqual([]);
  });
}
