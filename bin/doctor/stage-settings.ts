import { allOf, type Check, type Finding, notOnTheLaptop } from './finding';
import type { Place } from './place';
import type { DeployedStack } from './stacks';

/** 45 CFR 164.308(a)(8): what runs is what was deployed, and a production stage does not go by mistake. */
export const stageSettings: Check<Place> = {
  name: 'Stacks',
  rule: '45 CFR 164.308(a)(8)',
  look: async ({ deployed, kind }) =>
    deployed ? judgeStacks(deployed.stacks, kind) : [notOnTheLaptop('states and protection of stacks')],
};

const settled = ['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'IMPORT_COMPLETE'];

export function judgeStacks(
  stacks: readonly Omit<DeployedStack, 'resources'>[],
  kind: Place['kind'],
): readonly Finding[] {
  return allOf(stacks, {
    subject: 'stacks',
    nameOf: ({ name }) => name,
    well: kind === 'production' ? 'deployed whole, protected from deletion' : 'deployed whole',
    faultsOf: ({ status, terminationProtection, drifted }) => [
      ...(settled.includes(status) ? [] : [[`is ${status}`, 'finish or repeat the deployment'] as const]),
      ...(kind === 'production' && !terminationProtection
        ? [['can be deleted', 'deploy the stage again'] as const]
        : []),
      ...(drifted
        ? [['was changed beside the deployment', 'look at its drift, and deploy the stage again'] as const]
        : []),
    ],
  });
}
