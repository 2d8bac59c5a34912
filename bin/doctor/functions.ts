import { GetFunctionConfigurationCommand, type LambdaClient, ResourceNotFoundException } from '@aws-sdk/client-lambda';
import { allOf, type Check, type Finding, notOnTheLaptop } from './finding';
import type { Place } from './place';
import { idsOf } from './stacks';

export interface FunctionFacts {
  readonly name: string;
  /** `Active`, or why it cannot run */
  readonly state: string;
  readonly lastUpdate: string;
  readonly runtime: string;
}

const runtime = 'nodejs24.x';

/** 45 CFR 164.308(a)(7)(ii)(C): every function can run, on the runtime that its version was tested on. */
export const functions: Check<Place> = {
  name: 'Functions',
  rule: '45 CFR 164.308(a)(7)(ii)(C)',
  look: async ({ deployed }) => {
    if (!deployed) return [notOnTheLaptop('states of functions')];
    const names = idsOf(deployed.stacks, 'AWS::Lambda::Function');
    const facts: FunctionFacts[] = [];
    for (const name of names) facts.push(await describe(deployed.functions, name));
    return judgeFunctions(facts);
  },
};

export function judgeFunctions(facts: readonly FunctionFacts[]): readonly Finding[] {
  return allOf(facts, {
    subject: 'functions',
    nameOf: ({ name }) => name,
    well: 'active, up to date, on the runtime that was tested',
    faultsOf: (each) => [
      ...(each.state === 'Active' || each.state === 'Inactive'
        ? []
        : [[`is ${each.state}`, 'deploy the stage again'] as const]),
      ...(each.lastUpdate === 'Failed' ? [['its last update failed', 'deploy the stage again'] as const] : []),
      ...(each.runtime.startsWith('nodejs') && each.runtime !== runtime
        ? [[`runs on ${each.runtime}`, `deploy the stage again: ${runtime}`] as const]
        : []),
    ],
  });
}

async function describe(client: LambdaClient, name: string): Promise<FunctionFacts> {
  try {
    const found = await client.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
    return {
      name,
      state: found.State ?? 'Active',
      lastUpdate: found.LastUpdateStatus ?? 'Successful',
      runtime: found.Runtime ?? '',
    };
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return { name, state: 'gone', lastUpdate: '', runtime: '' };
    throw error;
  }
}
