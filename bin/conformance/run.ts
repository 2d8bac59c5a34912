import { ApiClient } from '../api-client';
import { type Entry, examine } from '../doctor/finding';
import { openPlace } from '../doctor/place';
import { Session } from '../session';
import { readTarget } from '../target';
import { authentication } from './authentication';
import { behaviour } from './behaviour';
import { lockedArchive } from './locked-archive';
import { requests } from './requests';
import { roleDenials } from './roles';
import { roleOf, type TestUser } from './subject';
import { transmission } from './transmission';

const checks = [transmission, authentication, requests, roleDenials, lockedArchive, behaviour];

/**
 * Runs Ward's own attacks against a stage that is deployed, because emulators are not AWS. 45 CFR 164.308(a)(8).
 * @param users names of sign-ins of this machine (`ward --as <name> login`): people made for this
 * @param patient id of a test patient, whom they read
 * @throws Error in one sentence when the stage is production
 */
export async function conformance(
  where: { readonly outputs?: string; readonly data: string },
  users: readonly string[],
  patient?: string,
): Promise<readonly Entry[]> {
  const place = await openPlace(where);
  if (place.kind === 'production')
    throw new Error('this stage is production: attacks are tried on a stage that nobody depends on');
  const target = readTarget(where);
  const signedIn: TestUser[] = [];
  for (const name of users) {
    const session = new Session(target, name);
    const role = await roleOf(new ApiClient(target, session));
    signedIn.push({ name, role, accessToken: await session.accessToken(), idToken: session.idToken() });
  }
  return examine({ target, place, users: signedIn, ...(patient !== undefined && { patient }) }, checks);
}
