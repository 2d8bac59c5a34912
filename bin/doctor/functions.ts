import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import {
  GetEventSourceMappingCommand,
  GetFunctionConfigurationCommand,
  type LambdaClient,
  ResourceNotFoundException,
} from '@aws-sdk/client-lambda';
import { allOf, type Finding } from './finding';
import { ofDeployed, output } from './place';
import { idsOf } from './stacks';

export interface FunctionFacts {
  readonly name: string;
  /** `Active`, or why it cannot run */
  readonly state: string;
  readonly lastUpdate: string;
  readonly runtime: string;
}

export interface TriggerFacts {
  /** of the function that it starts */
  readonly name: string;
  /** `Enabled`, or why nothing comes of it */
  readonly state: string;
  /** ARN of the stream that it reads */
  readonly reads: string;
}

const runtime = 'nodejs24.x';

/** 45 CFR 164.308(a)(7)(ii)(C): every function can run, on the runtime that its version was tested on. */
export const functions = ofDeployed(['states of functions'], {
  name: 'Functions',
  rule: '45 CFR 164.308(a)(7)(ii)(C)',
  look: async (place) => {
    const { deployed } = place;
    const names = idsOf(deployed.stacks, 'AWS::Lambda::Function');
    const facts: FunctionFacts[] = [];
    for (const name of names) facts.push(await describe(deployed.functions, name));
    const triggers: TriggerFacts[] = [];
    for (const id of idsOf(deployed.stacks, 'AWS::Lambda::EventSourceMapping'))
      triggers.push(await trigger(deployed.functions, id));
    const { Table } = await place.tables.send(new DescribeTableCommand({ TableName: output(place, 'AuditTable') }));
    return [...judgeFunctions(facts), ...judgeTriggers(triggers, Table?.LatestStreamArn)];
  },
});

/** @param stream ARN of the outbox's present stream, the one that has what is written now; absent where it has none */
export function judgeTriggers(facts: readonly TriggerFacts[], stream: string | undefined): readonly Finding[] {
  const remedy = 'docs/contingency.md, "A table that is gone": sealing and detection stand still';
  return allOf(facts, {
    subject: 'triggers',
    nameOf: ({ name }) => name,
    well: 'on, and reads the stream that the outbox has now',
    faultsOf: ({ state, reads }) => [
      ...(state === 'Enabled' ? [] : [[`its trigger is ${state}`, 'deploy the stage again, or enable it'] as const]),
      ...(state !== 'gone' && reads !== stream
        ? [['reads a stream that the outbox has no more', remedy] as const]
        : []),
    ],
  });
}

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

async function trigger(client: LambdaClient, UUID: string): Promise<TriggerFacts> {
  try {
    const { FunctionArn, State, EventSourceArn } = await client.send(new GetEventSourceMappingCommand({ UUID }));
    return { name: FunctionArn?.split(':')[6] ?? UUID, state: State ?? 'unknown', reads: EventSourceArn ?? '' };
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return { name: UUID, state: 'gone', reads: '' };
    throw error;
  }
}
