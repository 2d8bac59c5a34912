import {
  type CloudFormationClient,
  paginateDescribeStacks,
  paginateListStackResources,
} from '@aws-sdk/client-cloudformation';

/** A stack of the stage as CloudFormation has it. */
export interface DeployedStack {
  readonly name: string;
  readonly status: string;
  readonly terminationProtection: boolean;
  readonly drifted: boolean;
  readonly resources: readonly { readonly type: string; readonly logicalId: string; readonly id: string }[];
}

/** @returns the stacks that carry the tag of the stage, whatever they are called, with what is in them */
export async function deployedStacks(client: CloudFormationClient, stage: string): Promise<readonly DeployedStack[]> {
  const stacks: DeployedStack[] = [];
  for await (const page of paginateDescribeStacks({ client }, {}))
    for (const { StackName, StackStatus, EnableTerminationProtection, DriftInformation, Tags } of page.Stacks ?? []) {
      if (!StackName || !StackStatus || StackStatus === 'DELETE_COMPLETE') continue;
      if (!Tags?.some(({ Key, Value }) => Key === 'ward:stage' && Value === stage)) continue;
      stacks.push({
        name: StackName,
        status: StackStatus,
        terminationProtection: EnableTerminationProtection ?? false,
        drifted: DriftInformation?.StackDriftStatus === 'DRIFTED',
        resources: await resourcesOf(client, StackName),
      });
    }
  return stacks;
}

async function resourcesOf(client: CloudFormationClient, StackName: string): Promise<DeployedStack['resources']> {
  const found: DeployedStack['resources'][number][] = [];
  for await (const page of paginateListStackResources({ client }, { StackName }))
    for (const { ResourceType, LogicalResourceId, PhysicalResourceId } of page.StackResourceSummaries ?? [])
      if (ResourceType && LogicalResourceId && PhysicalResourceId)
        found.push({ type: ResourceType, logicalId: LogicalResourceId, id: PhysicalResourceId });
  return found;
}

/** @returns the physical ids of everything of a type in the stage */
export function idsOf(stacks: readonly DeployedStack[], type: string): readonly string[] {
  return stacks.flatMap(({ resources }) => resources.filter((each) => each.type === type).map(({ id }) => id));
}
