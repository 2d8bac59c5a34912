import * as z from 'zod';
import { demandOutputs, readLaptopCloud, readStageOutputs } from './stage-outputs';

/** Where Ward is and how to call it. */
export interface Target {
  readonly api: string;
  readonly region: string;
  readonly userPoolId: string;
  readonly clientId: string;
  /** of the user pool, where it is not AWS */
  readonly cognito?: string;
  /** the laptop cloud's own folder; absent for a deployed stack */
  readonly laptop?: string;
  /** the words of a command line that name it, where they are not the default */
  readonly words: readonly string[];
}

/** the folder of the laptop cloud, where none is named */
export const defaultData = '.ward';

const needed = z.object({ ApiUrl: z.string(), UserPoolId: z.string(), ClientId: z.string(), Region: z.string() });

/** @throws Error in one sentence when there is no such file, or not what it must hold */
export function readTarget(options: { readonly outputs?: string; readonly data: string }): Target {
  const laptop = options.outputs === undefined ? readLaptopCloud(options.data) : undefined;
  const outputs = demandOutputs(laptop?.outputs ?? readStageOutputs(options.outputs ?? ''), needed);
  return {
    api: (laptop?.urls.api ?? outputs.ApiUrl).replace(/\/$/, ''),
    region: outputs.Region,
    userPoolId: outputs.UserPoolId,
    clientId: outputs.ClientId,
    ...(laptop && { cognito: laptop.urls.cognito, laptop: options.data }),
    words: wordsOf(options),
  };
}

function wordsOf({ outputs, data }: { readonly outputs?: string; readonly data: string }): string[] {
  if (outputs !== undefined) return ['--outputs', outputs];
  return data === defaultData ? [] : ['--data', data];
}
