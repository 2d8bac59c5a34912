import { join } from 'node:path';
import * as z from 'zod';
import { readJson } from './json-file';

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

const stackOutputs = z.record(z.string(), z.record(z.string(), z.string()));
const cloudFile = z.object({
  urls: z.object({ api: z.string(), cognito: z.string() }).loose(),
  outputs: stackOutputs,
});
const needed = z.object({ ApiUrl: z.string(), UserPoolId: z.string(), ClientId: z.string(), Region: z.string() });

/** @throws Error in one sentence when there is no such file, or not what it must hold */
export function readTarget(options: { readonly outputs?: string; readonly data: string }): Target {
  if (options.outputs) {
    const outputs = apiOutputs(stackOutputs.parse(readJson(options.outputs, 'written by cdk deploy --outputs-file')));
    return {
      api: outputs.ApiUrl.replace(/\/$/, ''),
      region: outputs.Region,
      userPoolId: outputs.UserPoolId,
      clientId: outputs.ClientId,
      words: ['--outputs', options.outputs],
    };
  }
  const file = join(options.data, 'cloud.json');
  const cloud = cloudFile.parse(
    readJson(file, 'written by npm start: Ward does not run here; name another with --outputs'),
  );
  const outputs = apiOutputs(cloud.outputs);
  return {
    api: cloud.urls.api.replace(/\/$/, ''),
    region: outputs.Region,
    userPoolId: outputs.UserPoolId,
    clientId: outputs.ClientId,
    cognito: cloud.urls.cognito,
    laptop: options.data,
    words: options.data === defaultData ? [] : ['--data', options.data],
  };
}

function apiOutputs(stacks: z.infer<typeof stackOutputs>): z.infer<typeof needed> {
  const found = needed.safeParse(Object.assign({}, ...Object.values(stacks)));
  if (!found.success) throw new Error('the outputs name no API of Ward (ApiUrl, UserPoolId, ClientId, Region)');
  return found.data;
}
