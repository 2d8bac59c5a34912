import type { Role } from '../lambda/authentication/actor';
import type { Cloud } from './cloud';

/** Somebody who can sign in to the laptop cloud. */
export interface DemoUser {
  readonly role: Role;
  readonly email: string;
  readonly password: string;
  /** base32, for an authenticator app */
  readonly totpSecret: string;
  /** Cognito `sub` */
  readonly sub: string;
}

/** Makes sure that there is one user of each role. */
export async function seedDemo(_cloud: Cloud): Promise<DemoUser[]> {
  return [];
}
