import type { LocalFunctions } from './function-set';
import { forgetRestored, readRestored } from './restored';
import type { Assembly } from './template';

/** output that names the function to be told of a restore */
const output = 'RestoreReplayFunction';

/**
 * Has a restored folder replayed before anybody is let in: from then on it is locked down until two people release it.
 * @throws Error in one sentence when there is nothing to replay it with; nobody is let in then
 */
export async function replayRestored(
  directory: string,
  assembly: Assembly,
  functions: Pick<LocalFunctions, 'invokeWith'>,
): Promise<void> {
  const restored = readRestored(directory);
  if (!restored) return;
  const name = Object.values(assembly.outputs())
    .map((outputs) => outputs[output])
    .find((value) => value !== undefined);
  if (name === undefined)
    throw new Error(`The data was restored, and the templates have no ${output} to replay it with.`);
  await functions.invokeWith(name, { restored: restored.id });
  forgetRestored(directory);
}
